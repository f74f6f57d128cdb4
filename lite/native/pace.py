"""Whether sharing a stretch of the op table with worker threads is worth it, judged by the time that its runs took.

Threads do not pay for a stretch that is very short, where a sleeping worker would have to be woken for a short one, nor
while other processes have the cpus: a worker that the system suspends in the middle of its work is waited for, for
milliseconds. None of it can be known beforehand, so it is measured:

- The first two runs are shared. A stretch that then takes less than LONG runs alone twice, to be compared; of a longer
  one it is taken that alone it would take twice as long as its quickest shared run, until it runs alone.
- A stretch that takes less than SHORT alone is shared only within a burst of runs, where workers are still awake from
  the run before or are woken once for many.
- What a shared run takes longer than one alone is lost; later runs that are quicker make up for it, for nothing that
  is lost later (Page's cumulative sum). Where more is lost than LOSS or LOSS_RUNS runs alone take, whichever is less,
  but two runs at least, the next ones are alone: as many as take PAUSE, and twice as many each time that this happens
  again, up to MOST. So a victim of a busy machine is borne where threads win more than it costs, and where they do
  not, fewer than 1 run in 100 is one. GOOD shared runs without a loss halve the number.
- What a run alone takes is a running mean, to which one adds half as much again at most, since the system suspends
  callers, too; one that takes less than two thirds begins it anew. The first shared run after others is not judged: it
  has to wake the workers.
"""
from __future__ import annotations

SHORT, LONG = 500_000, 2_000_000  # nanoseconds
BURST = 50_000  # nanoseconds between runs; workers stay awake for longer
LOSS, LOSS_RUNS = 2_000_000, 32
PAUSE, LEAST = 16_000_000, 4  # nanoseconds, and runs
MOST, MOST_LONG = 1024, 256  # runs
GOOD = 64
_SMOOTHED = 16  # runs


class Pace:
    """The history of one stretch. Ask `shares`, run, tell `took`."""

    __slots__ = ("_alone", "_awake", "_best", "_good", "_left", "_limit", "_lost", "_pause")

    def __init__(self) -> None:
        self._awake = False  # the last run was shared: this one need not wake the workers
        self._best = 0  # nanoseconds of the quickest shared run, while no run alone has been measured
        self._alone = 0  # nanoseconds that a run alone takes, measured or assumed; 0 before that
        self._limit = 0  # of what may be lost
        self._lost = 0
        self._good = 0  # shared runs since the last loss, or since they were rewarded
        self._pause = 0  # runs alone that the latest loss cost
        self._left = 0  # of them

    def shares(self, gap: int) -> bool:
        """Whether the next run should be shared, `gap` nanoseconds after the last run that workers may have seen."""
        return self._left == 0 and (gap < BURST or not 0 < self._alone < SHORT)

    def took(self, nanoseconds: int, shared: bool) -> None:
        """Tells how long a run took, and whether it was shared in the end."""
        if not shared:
            self._awake = False
            self._left = max(self._left - 1, 0)
            mean = 0 if self._best else self._alone
            if 3 * nanoseconds > 2 * mean > 0:
                nanoseconds = mean + (min(nanoseconds, mean + mean // 2) - mean) // _SMOOTHED
            self._best = 0
            self._expect(nanoseconds)
        elif not self._awake:
            self._awake = True
        elif not self._alone and nanoseconds < LONG:
            self._left = 2
        else:
            if self._best or not self._alone:
                self._best = min(nanoseconds, self._best or nanoseconds)
                self._expect(2 * self._best)
            self._judge(self._lost + nanoseconds - self._alone)

    def _expect(self, alone: int) -> None:
        self._alone = max(alone, 1)
        self._limit = max(min(LOSS_RUNS * alone, LOSS), 2 * alone)

    def _judge(self, lost: int) -> None:
        if lost <= 0:
            self._lost = 0
            self._good += 1
            if self._good == GOOD:
                self._good, self._pause = 0, self._pause // 2
        elif lost <= self._limit:
            self._lost, self._good = lost, 0
        else:
            self._lost, self._good = 0, 0
            runs = max(2 * self._pause, PAUSE // self._alone, LEAST)
            self._pause = self._left = min(runs, MOST if self._alone < LONG else MOST_LONG)
