"""Whether sharing a stretch of the op table with worker threads is worth it, judged by how long its runs took.

Threads do not pay for a stretch that is short, nor while other processes have the cpus: a worker that the system
suspends in the middle of its work is waited for, for milliseconds. Neither can be known beforehand, so it is measured:

- The first run is shared, the next two run alone. A stretch that takes less than SHORT alone stays alone.
- A shared run that took longer than the runs alone is followed by LEAST runs alone, which are measured anew. When that
  happens again and again, by twice as many each time, up to MOST: then fewer than 1 run in 100 is the victim of a
  busy machine. Every stretch of GOOD shared runs without such a victim halves the number.
"""
from __future__ import annotations

SHORT = 500_000  # nanoseconds
LEAST, MOST = 4, 128
GOOD = 32


class Pace:
    """The history of one stretch. Ask `shares`, run, tell `took`."""

    __slots__ = ("_alone", "_good", "_known", "_left", "_pause")

    def __init__(self) -> None:
        self._known = False  # the first run is over
        self._alone = 0  # nanoseconds of the quickest of the latest runs alone; 0 before the first
        self._left = 0  # runs to do alone before the next shared one
        self._pause = LEAST
        self._good = 0

    @property
    def shares(self) -> bool:
        """Whether the next run should be shared."""
        return self._left == 0 and not 0 < self._alone < SHORT

    def took(self, nanoseconds: int, shared: bool) -> None:
        """Tells how long a run took, and whether it was shared in the end."""
        if not self._known:
            self._known, self._left = True, 2
        elif not shared:
            self._alone = min(self._alone or nanoseconds, nanoseconds)
            self._left = max(self._left - 1, 0)
        elif nanoseconds > self._alone:
            self._alone, self._left, self._good = 0, self._pause, 0
            self._pause = min(2 * self._pause, MOST)
        else:
            self._good += 1
            if self._good == GOOD:
                self._good, self._pause = 0, max(self._pause // 2, LEAST)
