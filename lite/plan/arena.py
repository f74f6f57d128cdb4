"""The arena planner: sizes and lifetimes in, byte offsets out. It knows nothing of tensors, kernels or models.

Two records that are alive at the same time never share a byte. Placing them in the fewest bytes is NP-hard, so records
are placed greedily, each into the smallest gap that holds it, in a few different orders; the best order wins, and the
search stops at the first that reaches the lower bound.

That takes time and memory for every pair of records that are alive together. Where there are more than _MOST_PAIRS,
records are placed as an allocator would place them, in the order of time or in the reverse order; of those that begin
together, the largest or the longest-lived comes first. Each goes into the smallest free range that holds it. When it
dies, its range becomes free again and joins its free neighbors.
"""
from __future__ import annotations

from bisect import bisect_left, insort
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

_ALLOCATION_ORDERS: tuple[Callable[[Record], tuple[int, ...]], ...] = (
    lambda r: (r.first, -r.size),
    lambda r: (r.first, -r.last, -r.size),
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
        backwards = [Record(r.size, -r.last, -r.first) for r in records]
        for order in _ALLOCATION_ORDERS:
            yield _allocate(records, sizes, order)
            yield _allocate(backwards, sizes, order)
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


def _allocate(
    records: Sequence[Record], sizes: Sequence[int], order: Callable[[Record], tuple[int, ...]]
) -> list[int]:
    """Offsets from an allocator that is shown the records in an order of time."""
    offsets = [0] * len(sizes)  # where those stay that take nothing
    free = _FreeRanges()
    filled = [i for i, size in enumerate(sizes) if size]
    ends = sorted(filled, key=lambda i: records[i].last)
    dead = 0
    for i in sorted(filled, key=lambda i: order(records[i])):
        while records[ends[dead]].last < records[i].first:
            free.give_back(offsets[ends[dead]], sizes[ends[dead]])
            dead += 1
        offsets[i] = free.take(sizes[i])
    return offsets


class _FreeRanges:
    """The free bytes below `top`, as ranges that do not touch; above it all bytes are free."""

    def __init__(self) -> None:
        self.top = 0
        self._by_size: list[tuple[int, int]] = []  # (size, start), sorted
        self._sizes: dict[int, int] = {}  # by start
        self._starts: dict[int, int] = {}  # by end

    def take(self, size: int) -> int:
        """Take `size` bytes from the smallest free range that has them, else from the top; gives their start."""
        position = bisect_left(self._by_size, (size, 0))
        if position < len(self._by_size):
            found, start = self._by_size[position]
            self._remove(start)
            self._add(start + size, found - size)
            return start
        start = self._starts.get(self.top, self.top)
        if start < self.top:
            self._remove(start)
        self.top = start + size
        return start

    def give_back(self, start: int, size: int) -> None:
        """Free the `size` bytes from `start` on, which join the free ranges that they touch."""
        end = start + size
        if start in self._starts:
            start -= self._remove(self._starts[start])
        if end in self._sizes:
            end += self._remove(end)
        self._add(start, end - start)

    def _add(self, start: int, size: int) -> None:
        if size:
            insort(self._by_size, (size, start))
            self._sizes[start] = size
            self._starts[start + size] = start

    def _remove(self, start: int) -> int:
        """Remove a free range; gives its size."""
        size = self._sizes.pop(start)
        del self._starts[start + size], self._by_size[bisect_left(self._by_size, (size, start))]
        return size
