"""Placing records that are too many to compare in pairs, as an allocator would: in the order of time, or in reverse.

Of those that begin together, the largest or the longest-lived comes first. Each goes into the smallest free range that
holds it. When it dies, its range becomes free again and joins its free neighbors.
"""
from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Sequence

from lite.plan.arena import Record

_ORDERS: tuple[Callable[[Record], tuple[int, ...]], ...] = (
    lambda r: (r.first, -r.size),
    lambda r: (r.first, -r.last, -r.size),
)


def allocations(records: Sequence[Record], sizes: Sequence[int]) -> Iterator[list[int]]:
    """Offsets of the records, whose aligned sizes are given, one way after another."""
    backwards = [Record(r.size, -r.last, -r.first) for r in records]
    for order in _ORDERS:
        yield _allocate(records, sizes, order)
        yield _allocate(backwards, sizes, order)


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
