"""Whether sharing a stretch of the op table with worker threads is worth it, judged by how long its runs took.

Threads do not pay for a stretch that is very short, where a sleeping worker would have to be woken for a short one, nor
while other processes have the cpus: a worker that the system suspends in the middle of its work is waited for, for
milliseconds. None of it can be known beforehand, so it is measured:

- The first two runs are shared. A stretch that then takes less than LONG runs alone twice, to be compared; of a longer
  one it is taken that it would take twice as long alone.
- A stretch that takes less than SHORT alone is shared only within a burst of runs, where workers are still awake from
  the run before or are woken once for many.
- A shared run that took half as long again as alone is followed by LEAST runs alone, which are measured anew; so are
  runs that were only slower, once they are SLOW more than the quicker ones. When that happens again and again, by twice
  as many each time, up to MOST: then fewer than 1 run in 100 is the victim of a busy machine. GOOD shared runs in a row
  halve the number. The first shared run after others is not judged: it has to wake the workers.
"""
from __future__ import annotations

SHORT, LONG = 500_000, 2_000_000  # nanoseconds
BURST = 50_000  # nanoseconds between runs; workers stay awake for longer
LEAST, MOST, MOST_SHORT = 2, 256, 1024
GOOD, SLOW = 32, 4


class Pace:
    """The history of one stretch. Ask `shares`, run, tell `took`."""

    __slots__ = ("_alone", "_awake", "_best", "_good", "_left", "_pause", "_slow")

    def __init__(self) -> None:
        self._awake = False  # the last run was shared: this one need not wake the workers
        self._alone = 0  # nanoseconds of the quickest of the latest runs alone; 0 where there were none
        self._best = 0  # of the quickest shared run; 0 before the second
        self._left = 0  # runs to do alone before the next shared one
        self._pause = LEAST
        self._good = 0  # shared runs since the last victim, or since it was rewarded
        self._slow = 0  # how many more of them were slower than quicker, at least 0

    def shares(self, gap: int) -> bool:
        """Whether the next run should be shared, `gap` nanoseconds after the last run that workers may have seen."""
        return self._left == 0 and (gap < BURST or not 0 < self._alone < SHORT)

    def took(self, nanoseconds: int, shared: bool) -> None:
        """Tells how long a run took, and whether it was shared in the end."""
        if not shared:
            self._alone = min(self._alone or nanoseconds, nanoseconds)
            self._left = max(self._left - 1, 0)
            self._awake = False
        elif not self._awake:
            self._awake = True
        elif not self._best and nanoseconds < LONG:
            self._best, self._left = nanoseconds, 2
        else:
            if nanoseconds < self._best or not self._best:
                self._best = nanoseconds
            self._judge(nanoseconds, self._alone or 2 * self._best)

    def _judge(self, nanoseconds: int, alone: int) -> None:
        self._good += 1
        if nanoseconds > alone:
            self._slow += 1
        elif self._slow:
            self._slow -= 1
        if 2 * nanoseconds > 3 * alone or self._slow == SLOW:
            self._alone, self._left, self._good, self._slow = 0, self._pause, 0, 0
            self._pause = min(2 * self._pause, MOST_SHORT if alone < SHORT else MOST)
        elif self._good == GOOD:
            self._good, self._pause = 0, max(self._pause // 2, LEAST)
