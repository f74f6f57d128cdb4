"""Whether the cpus that this process may use had room for a team of threads, by what Linux counts of them.

    room = Room(threads=2)
    room.watch()
    ...                         # this thread works alone, or waits
    if room.was_there(): ...    # since watch() or the last question other threads would have had cpus of their own
"""
from __future__ import annotations

import os
from _thread import get_ident
from time import perf_counter_ns, thread_time_ns

_STAT = "/proc/stat"
_TICK = 10_000_000  # nanoseconds: Linux counts for programs in hundredths of a second, whatever it counts itself
_SPARE = 0.3  # of a cpu, that may be missing


class Room:
    """What the idle cpus and this thread had together, from one look to the next."""

    __slots__ = ("_cpus", "_seen", "_thread", "_threads")

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._thread = 0
        self._cpus: frozenset[bytes] = frozenset()
        self._seen = (0, 0)

    def watch(self) -> None:
        """Begin anew, on the thread that will ask."""
        self._thread = get_ident()
        self._cpus = frozenset(b"cpu%d" % cpu for cpu in os.sched_getaffinity(0))
        self._seen = self._look()

    def was_there(self) -> bool:
        """Whether there was room. False also where nothing tells: another thread asks, or this is not Linux."""
        if get_ident() != self._thread:
            return False
        before, self._seen = self._seen, self._look()
        elapsed, free = (now - then for now, then in zip(self._seen, before, strict=True))
        return free > (self._threads - _SPARE) * elapsed > 0

    def _look(self) -> tuple[int, int]:
        """The time, and nanoseconds that the cpus were idle and this thread ran; (0, 0) where nothing tells."""
        try:
            with open(_STAT, "rb") as file:
                rows = [line.split() for line in file if line.startswith(b"cpu")]
            idle = sum(int(row[4]) + int(row[5]) for row in rows if row[0] in self._cpus)
        except (OSError, ValueError, IndexError):
            return 0, 0
        return perf_counter_ns(), idle * _TICK + thread_time_ns()
