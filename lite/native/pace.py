"""Whether sharing a stretch of the op table with worker threads is worth it, judged by the time that its runs took.

Threads do not pay for a stretch that is very short, where a sleeping worker would have to be woken for a short one, nor
while other processes have the cpus: the system then suspends the caller and the workers in turns, in the middle of
their work, and what they share takes milliseconds longer. None of it can be known beforehand, so it is measured:

- The first two runs are shared. A stretch that then takes less than LONG runs alone twice, to be compared; of a longer
  one it is taken that alone it would take twice as long as its quickest shared run, until it runs alone.
- A stretch that takes less than SHORT alone is shared only within a burst of runs, where workers are still awake from
  the run before or are woken once for many.
- What a shared run takes longer than one alone is lost; later runs that are quicker make up for it, for nothing that
  is lost later (Page's cumulative sum). Where more is lost than LOSS or LOSS_RUNS runs alone take, whichever is less,
  but a quarter of a run at least, the next ones are alone: one run that was suspended is enough, however quick the
  others were.
- These are as many runs as take PAUSE, and four times as many each time that it happens again, up to as many as take
  MOST, or MOST_RUNS: beside a process that does not rest, fewer than 1 run in 100 is a victim. Each time that shared
  runs without such a loss have taken GOOD and as long as GOOD_RUNS runs alone, it is a quarter as many. Where the cpus
  had room for all threads during GLANCE of a pause, it is over and forgotten: who took them has left.
- The last LEAST runs of a pause, and before each glance, are measured.
- What a run alone takes is a running mean, to which one adds half as much again at most, since the system suspends
  callers, too; one that takes less than two thirds begins it anew.
"""
from __future__ import annotations

from typing import Protocol

SHORT, LONG = 500_000, 20_000_000  # nanoseconds
BURST = 50_000  # nanoseconds between runs; workers stay awake for longer
LOSS, LOSS_RUNS = 2_000_000, 32  # nanoseconds, and runs; so are these:
PAUSE, LEAST = 16_000_000, 4
GLANCE = 100_000_000
MOST, MOST_RUNS = 1_000_000_000, 256
GOOD, GOOD_RUNS = 100_000_000, 32
_SMOOTHED = 16  # runs


class Watched(Protocol):
    """lite.native.room.Room."""

    def watch(self) -> None: ...
    def was_there(self) -> bool: ...


class Pace:
    """The history of one stretch. Before a run ask `rests`, where it says no, `shares`; run, and tell `took`."""

    __slots__ = ("_alone", "_begun", "_best", "_good", "_later", "_left", "_limit", "_lost", "_pause", "_room")

    def __init__(self, room: Watched) -> None:
        self._room = room
        self._begun = False  # the first run, which starts the threads, is over
        self._best = 0  # nanoseconds of the quickest shared run, while no run alone has been measured
        self._alone = 0  # nanoseconds that a run alone takes, measured or assumed; 0 before that
        self._limit = 0  # of what may be lost
        self._lost = 0
        self._good = 0  # nanoseconds of shared runs since the last loss, or since they were rewarded
        self._pause = 0  # runs alone that the latest loss cost
        self._left = 0  # of them, up to the next glance
        self._later = 0  # of them, from then on

    def rests(self) -> bool:
        """Whether the next run is alone and nothing need be told of it: all of a pause but the last LEAST.

        Looking at the clock takes a tenth of the time that the shortest stretches do.
        """
        if self._left <= LEAST:
            return False
        self._left -= 1
        return True

    def shares(self, gap: int) -> bool:
        """Whether the next run should be shared, `gap` nanoseconds after the last run that workers may have seen."""
        return self._left == 0 and (gap < BURST or not 0 < self._alone < SHORT)

    def took(self, nanoseconds: int, shared: bool) -> None:
        """Tells how long a run took, and whether it was shared in the end."""
        if not shared:
            if self._left:
                self._left -= 1
                if self._left == 0 < self._later:
                    self._glance()
            mean = 0 if self._best else self._alone
            if 3 * nanoseconds > 2 * mean > 0:
                nanoseconds = mean + (min(nanoseconds, mean + mean // 2) - mean) // _SMOOTHED
            self._best = 0
            self._expect(nanoseconds)
        elif not self._begun:
            self._begun = True
        elif not self._alone and nanoseconds < LONG:
            self._left = 2
        else:
            if self._best or not self._alone:
                self._best = min(nanoseconds, self._best or nanoseconds)
                self._expect(2 * self._best)
            self._judge(nanoseconds)

    def _expect(self, alone: int) -> None:
        self._alone = max(alone, 1)
        self._limit = max(min(LOSS_RUNS * alone, LOSS), alone // 4)

    def _judge(self, nanoseconds: int) -> None:
        lost = self._lost + nanoseconds - self._alone
        self._lost = lost if lost > 0 else 0
        self._good += nanoseconds
        if lost > self._limit:
            self._lost, self._good = 0, 0
            runs = max(4 * self._pause, PAUSE // self._alone, LEAST)
            self._pause = self._later = min(runs, max(MOST // self._alone, MOST_RUNS))
            self._room.watch()
            self._go_on()
        elif self._good > GOOD and self._good > GOOD_RUNS * self._alone:
            self._good, self._pause = 0, self._pause // 4

    def _glance(self) -> None:
        if self._room.was_there():
            self._pause = self._later = 0
        else:
            self._go_on()

    def _go_on(self) -> None:
        self._left = min(self._later, max(GLANCE // self._alone, LEAST))
        self._later -= self._left
