"""How work is cut into units."""
from __future__ import annotations

import pytest

from lite.delegates.cpu.work import Units, split

CASES = [
    (0, 1e6, Units(1, 0)),
    (1, 1e9, Units(1, 1)),
    (2, 900.0, Units(2, 1)),  # too short for two
    (2, 1_100.0, Units(1, 2)),  # halves
    (3, 3_000.0, Units(2, 2)),
    (13, 1_300.0, Units(7, 2)),  # 4, 4, 4 and 1 would be 8 and 5
    (18, 5_000.0, Units(1, 18)),
    (25, 1e6, Units(1, 25)),
    (1000, 1e6, Units(16, 63)),
]


@pytest.mark.parametrize(("items", "cost", "expected"), CASES)
def test_units_are_many_and_even(items: int, cost: float, expected: Units) -> None:
    assert split(items, cost) == expected


@pytest.mark.parametrize("items", range(1, 200))
def test_units_hold_all_items(items: int) -> None:
    for cost in (1.0, 100.0, 1e3, 1e4, 1e6):
        units = split(items, cost)
        assert (units.count - 1) * units.block < items <= units.count * units.block
