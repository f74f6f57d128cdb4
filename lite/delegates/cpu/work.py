"""How work is cut into units: few large ones, and one alone where threads would cost more than they save."""
from __future__ import annotations

from lite.ops.enums import ActivationType
from lite.records import dataclass

# Rough costs on one thread of a current core, in nanoseconds.
FLOP = 1 / 80
BYTE = 1 / 10

_UNIT = 4_000.0  # nanoseconds of a unit, where there are more than two
_SHORT = 2_000.0  # nanoseconds of work below which halves are not worth handing to another thread
_MOST = 64  # at the end of an operation, threads wait for each other half as long as a unit takes
_CLEARLY = 0.95


@dataclass(frozen=True, slots=True)
class Units:
    """block: items in a unit (the last may have fewer). count: units."""

    block: int
    count: int


def split(items: int, cost: float, most: int = _MOST) -> Units:
    """Units for `items` equal pieces of work of `cost` nanoseconds each.

    As many as are worth it, at most `most`, or fewer where the larger share of two threads is then clearly smaller.
    """
    best, least = Units(max(items, 1), min(items, 1)), float(items)
    worth = max(int(items * cost / _UNIT), int(items * cost >= _SHORT) + 1)
    for wanted in range(min(items, most, worth), 1, -1):
        block = -(-items // wanted)
        count = -(-items // block)
        first = count // 2 * block
        larger = max(first, items - first)
        if larger < _CLEARLY * least:
            best, least = Units(block, count), larger
    return best


def split_rows(rows: int, n: int, cost: float) -> tuple[dict[str, int], int]:
    """Arguments `row_block` and `block`, and the number of units, for rows of n elements of `cost` nanoseconds each.

    A unit is some rows, or a part of the only one.
    """
    if rows == 1:
        span = split(n, cost)
        return {"row_block": 1, "block": span.block}, span.count
    units = split(rows, n * cost + 20)
    return {"row_block": units.block, "block": n}, units.count


def bounds(activation: ActivationType) -> dict[str, float]:
    """Arguments `low` and `high` of the kernels that clamp their result, for a fused activation."""
    low = float("-inf") if activation == ActivationType.NO_ACTIVATION else 0.0
    return {"low": low, "high": 6.0 if activation == ActivationType.RELU6 else float("inf")}
