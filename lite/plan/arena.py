"""The arena planner: sizes and lifetimes in, byte offsets out. It knows nothing of tensors, kernels or models.

Two records that are alive at the same time never share a byte. Placing them in the fewest bytes is NP-hard, so records
are placed greedily, each into the smallest gap that holds it, in a few different orders; the best order wins, and the
search stops at the first that reaches the lower bound.

That takes time and memory for every pair of records that are alive together. Where there are more than _MOST_PAIRS,
lite.plan.allocation places them.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from lite.memory import ALIGNMENT
from lite.records import dataclass

_MOST_PAIRS = 1 << 17  # half a second and 3 MB; networks of hundreds of operators have some thousands


@dataclass(frozen=True, slots=True)
class Record:
    """A block of `size` bytes that is alive from time `first` to time `last`, both included."""

    size: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class ArenaPlan:
    """Where each record lives.

    offsets: bytes from the start of the arena, multiples of ALIGNMENT, one a record in the order given. nbytes: size of
    the arena. lower_bound: the largest sum of (aligned) sizes alive at one time; no plan can be smaller.
    """

    offsets: tuple[int, ...]
    nbytes: int
    lower_bound: int


_ORDERS: tuple[Callable[[Record], tuple[int, ...]], ...] = (
    lambda r: (-r.size, r.first),
    lambda r: (r.first - r.last, -r.size),
    lambda r: (r.first, -r.size),
    lambda r: (-r.last, -r.size),
)


def align(nbytes: int) -> int:
    """nbytes rounded up to a multiple of ALIGNMENT."""
    return -(-nbytes // ALIGNMENT) * ALIGNMENT


def plan_arena(records: Sequence[Record]) -> ArenaPlan:
    """Offsets for all records, in the smallest arena found."""
    sizes = [align(r.size) for r in records]
    bound = _lower_bound(records, sizes)
    best: list[int] = []
    best_nbytes = -1
    for offsets in _candidates(records, sizes):
        nbytes = max((offset + size for offset, size in zip(offsets, sizes, strict=True)), default=0)
        if best_nbytes < 0 or nbytes < best_nbytes:
            best, best_nbytes = offsets, nbytes
        if best_nbytes == bound:
            break
    return ArenaPlan(tuple(best), best_nbytes, bound)


def _candidates(records: Sequence[Record], sizes: Sequence[int]) -> Iterator[list[int]]:
    conflicts = _conflicts(records)
    if conflicts is None:
        from lite.plan.allocation import allocations  # few networks are that large

        yield from allocations(records, sizes)
        return
    for order in _ORDERS:
        yield _place(sorted(range(len(records)), key=lambda i: order(records[i])), sizes, conflicts)


def _lower_bound(records: Sequence[Record], sizes: Sequence[int]) -> int:
    changes: dict[int, int] = {}
    for record, size in zip(records, sizes, strict=True):
        changes[record.first] = changes.get(record.first, 0) + size
        changes[record.last + 1] = changes.get(record.last + 1, 0) - size
    alive = peak = 0
    for time in sorted(changes):
        alive += changes[time]
        peak = max(peak, alive)
    return peak


def _conflicts(records: Sequence[Record]) -> list[list[int]] | None:
    """For each record, the others that are alive at some time while it is; None where there are too many pairs."""
    pairs = 0
    conflicts: list[list[int]] = [[] for _ in records]
    alive: list[int] = []
    for i in sorted(range(len(records)), key=lambda i: records[i].first):
        alive = [j for j in alive if records[j].last >= records[i].first]
        pairs += len(alive)
        if pairs > _MOST_PAIRS:
            return None
        for j in alive:
            conflicts[i].append(j)
            conflicts[j].append(i)
        alive.append(i)
    return conflicts


def _place(order: Sequence[int], sizes: Sequence[int], conflicts: Sequence[Sequence[int]]) -> list[int]:
    offsets = [-1] * len(sizes)
    for i in order:
        taken = sorted((offsets[j], offsets[j] + sizes[j]) for j in conflicts[i] if offsets[j] >= 0)
        offsets[i] = _smallest_gap(taken, sizes[i])
    return offsets


def _smallest_gap(taken: Sequence[tuple[int, int]], size: int) -> int:
    """Start of the smallest hole between the taken ranges (sorted by start) that holds `size`, else the end of them."""
    best = end = 0
    best_gap = -1
    for start, stop in taken:
        gap = start - end
        if gap >= size and (best_gap < 0 or gap < best_gap):
            best, best_gap = end, gap
        end = max(end, stop)
    return best if best_gap >= 0 else end
