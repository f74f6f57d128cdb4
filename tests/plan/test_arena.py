"""The arena planner: nothing alive at the same time overlaps, and the arena stays near the lower bound."""
from __future__ import annotations

import random
import tracemalloc
from collections.abc import Callable, Iterator

import pytest

from lite.memory import ALIGNMENT
from lite.plan import arena
from lite.plan.arena import ArenaPlan, Record, align, plan_arena


def check(records: list[Record], plan: ArenaPlan) -> None:
    assert len(plan.offsets) == len(records)
    assert plan.nbytes >= plan.lower_bound
    for i, (a, at) in enumerate(zip(records, plan.offsets, strict=True)):
        assert at % ALIGNMENT == 0
        assert 0 <= at <= at + a.size <= plan.nbytes
        for b, bt in zip(records[:i], plan.offsets[:i], strict=True):
            alive_together = a.first <= b.last and b.first <= a.last
            share_bytes = at < bt + b.size and bt < at + a.size
            assert not (alive_together and share_bytes), (a, at, b, bt)


def random_lifetimes(seed: int) -> list[Record]:
    rng = random.Random(seed)
    steps = rng.randint(1, 40)
    records = []
    for _ in range(rng.randint(0, 60)):
        first = rng.randrange(steps)
        size = rng.choice([0, 1, 63, 64, 65, rng.randint(1, 1 << 20)])
        records.append(Record(size, first, rng.randint(first, steps)))
    return records


@pytest.mark.parametrize("seed", range(60))
def test_random_lifetimes_never_overlap(seed: int) -> None:
    records = random_lifetimes(seed)
    check(records, plan_arena(records))


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Places records as where too many are alive together."""
    monkeypatch.setattr(arena, "_MOST_PAIRS", -1)


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("seed", range(60))
def test_allocated_lifetimes_never_overlap(seed: int) -> None:
    records = random_lifetimes(seed)
    plan = plan_arena(records)
    check(records, plan)
    assert plan.nbytes <= 1.4 * plan.lower_bound  # 1.26 of the worst


@pytest.mark.usefixtures("many")
def test_allocated_lifetimes_stay_near_the_bound() -> None:
    plans = [plan_arena(random_lifetimes(seed)) for seed in range(60)]
    ratios = [plan.nbytes / plan.lower_bound for plan in plans if plan.lower_bound]
    assert sum(ratios) / len(ratios) < 1.02


def test_thousands_alive_at_once_take_little_memory() -> None:
    records = [Record(64 * (i % 7), i, 10000 + i % 3) for i in range(5000)]
    tracemalloc.start()
    plan = plan_arena(records)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert plan.nbytes == plan.lower_bound == 64 * sum(i % 7 for i in range(5000))
    assert peak < 8 << 20


def test_random_lifetimes_stay_near_the_bound(record_property: Callable[[str, object], None]) -> None:
    plans = [plan_arena(random_lifetimes(seed)) for seed in range(60)]
    ratios = [p.nbytes / p.lower_bound for p in plans if p.lower_bound]
    record_property("mean ratio", round(sum(ratios) / len(ratios), 4))
    record_property("worst ratio", round(max(ratios), 4))
    assert sum(ratios) / len(ratios) < 1.05


def chain(sizes: list[int]) -> Iterator[Record]:
    for i, size in enumerate(sizes):
        yield Record(size, i, i + 1)


ROWS = [
    ("nothing", [], 0),
    ("one byte takes one line", [Record(1, 0, 0)], 64),
    ("empty tensors take nothing", [Record(0, 0, 5), Record(0, 0, 5)], 0),
    ("alive in turn: one block", [Record(640, 0, 0), Record(640, 1, 1), Record(640, 2, 2)], 640),
    ("touching lifetimes are both alive", [Record(64, 0, 1), Record(64, 1, 2)], 128),
    ("a chain needs its two largest neighbors", list(chain([640, 6400, 1280, 64, 3200])), 7680),
    ("a residual lives across a chain", [Record(640, 0, 4), *chain([640, 1280, 640, 640])], 2560),
]


@pytest.mark.parametrize(("records", "nbytes"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS])
def test_known_plans_are_optimal(records: list[Record], nbytes: int) -> None:
    plan = plan_arena(records)
    check(records, plan)
    assert plan.nbytes == plan.lower_bound == nbytes


@pytest.mark.parametrize(("nbytes", "aligned"), [(0, 0), (1, 64), (64, 64), (65, 128), (1 << 40, 1 << 40)])
def test_align(nbytes: int, aligned: int) -> None:
    assert align(nbytes) == aligned
