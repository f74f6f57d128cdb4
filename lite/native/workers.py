"""Running the op table on several threads.

    workers = Workers(pack, threads=2)
    workers.run(table, 0, rows, scratch, scratch_stride)      # returns when all rows are done
    run = workers.stretch(table, 0, rows, scratch, scratch_stride)
    run()                                                     # the same, on threads only where they pay: see pace.py
    workers.close()

A row with units > 1 is shared: the caller and the workers claim its units, and the caller never waits for a worker
that has claimed nothing. A row with units <= 1 runs on the caller and wakes nobody. Thread t of `threads` uses the
scratch bytes from `scratch + t * scratch_stride`; the caller is thread 0. What a run computes does not depend on the
number of threads, since kernels give the same bytes for any split of their units.

Worker threads start with the first run and are shared by all Workers of the process with the same pack and number of
threads. One run at a time has them: another that starts meanwhile runs on its own thread alone, so sessions do not
crowd the cpus. Idle workers spin for about 0.1 ms, then sleep in the system. They are daemon threads that hold no
interpreter lock while they work or sleep: the interpreter exits without waiting for them. A forked child starts its
own.
"""
from __future__ import annotations

import contextlib
import ctypes
import os
from _thread import allocate_lock
from collections import deque
from collections.abc import Callable
from functools import partial
from time import perf_counter_ns

from lite.native.abi import (
    APART,
    CPU_WORDS,
    CPUS,
    GETCPU,
    LINE_BYTES,
    ROW_WORDS,
    SCRATCH,
    STRIDE,
    SYSCALL,
    TABLE,
    THREADS,
    control_words,
)
from lite.native.pack import KernelPack

MOST = 256  # threads of one run


class Workers:
    """The caller and `threads - 1` worker threads.

    threads: at least 1, where no thread is ever started; more than MOST are not had.
    """

    def __init__(self, pack: KernelPack, threads: int) -> None:
        if threads < 1:
            raise ValueError(f"threads must be at least 1, got {threads}")
        self.threads = min(threads, MOST)
        self._pack = pack
        self._team: _Team | None = None
        self._ended = 0  # perf_counter_ns after the last run of a stretch

    def stretch(self, table: int, first: int, end: int, scratch: int, scratch_stride: int) -> Callable[[], None]:
        """A function that runs rows [first, end) of the op table at address `table`, made to be called many times."""
        alone = partial(self._pack.run, table, first, end, scratch)
        if self.threads == 1 or not _has_shared_row(table, first, end):
            return alone
        from lite.native.pace import Pace  # a single thread has none
        from lite.native.room import Room

        pace = Pace(Room(self.threads))

        def run() -> None:
            if pace.rests():
                alone()
                return
            begin = perf_counter_ns()
            shared = pace.shares(begin - self._ended) and self._share(table, first, end, scratch, scratch_stride)
            if not shared:
                alone()
            self._ended = perf_counter_ns()
            pace.took(self._ended - begin, shared)

        return run

    def run(self, table: int, first: int, end: int, scratch: int, scratch_stride: int) -> None:
        """Runs rows [first, end) of the op table at address `table`."""
        if self.threads == 1 or not self._share(table, first, end, scratch, scratch_stride):
            self._pack.run(table, first, end, scratch)

    def _share(self, table: int, first: int, end: int, scratch: int, scratch_stride: int) -> bool:
        """Runs rows together with the worker threads; False, with nothing done, where another run has them."""
        if not _turn.acquire(blocking=False):
            return False
        try:
            if self._team is None or self._team.lost:
                self._team = _join_team(self._pack, self.threads)
            self._team.run(table, first, end, scratch, scratch_stride)
        finally:
            _turn.release()
        if _left:
            _leave_teams()
        return True

    def close(self) -> None:
        """Gives the threads back; they end when nobody else uses them. The next run would start them again.

        Never waits: the garbage collector may call it at any place, also in this module with the turn taken.
        """
        team, self._team = self._team, None
        if team is not None and not team.lost:
            _left.append(team)
            _leave_teams()


class _Team:
    """Worker threads and the control block they watch. Used by one run at a time."""

    def __init__(self, pack: KernelPack, threads: int) -> None:
        self.key = (pack, threads)
        self.users = 0
        self.lost = False  # in a forked child, where its threads are not
        count = control_words(threads)
        self._memory = ctypes.create_string_buffer(8 * count + LINE_BYTES)
        self._address = -(-ctypes.addressof(self._memory) // LINE_BYTES) * LINE_BYTES
        self._words = (ctypes.c_int64 * count).from_address(self._address)
        self._words[THREADS] = threads
        libc = ctypes.CDLL(None)
        self._words[SYSCALL] = ctypes.cast(libc.syscall, ctypes.c_void_p).value or 0
        self._words[GETCPU] = ctypes.cast(libc.sched_getcpu, ctypes.c_void_p).value or 0
        self._words[APART] = -1
        for cpu in os.sched_getaffinity(0):
            if cpu < 64 * CPU_WORDS:
                self._words[CPUS + cpu // 64] |= ctypes.c_int64(1 << cpu % 64).value
        self._run = pack.entry("run_rows_shared")
        self._stop = pack.entry("stop_workers")
        work = pack.entry("work")
        import threading  # a single thread does without

        # Where the system refuses threads the caller runs all units.
        with contextlib.suppress(RuntimeError):
            for index in range(1, threads):
                # The memory is among the arguments so that it outlives the thread.
                arguments = (work, self._memory, self._address, index)
                threading.Thread(target=_work, args=arguments, name=f"mindlite-{index}", daemon=True).start()

    def run(self, table: int, first: int, end: int, scratch: int, stride: int) -> None:
        words = self._words
        words[TABLE], words[SCRATCH], words[STRIDE] = table, scratch, stride
        self._run(self._address, first, end, scratch)

    def stop(self) -> None:
        self._stop(self._address, 0, 0, 0)


def _has_shared_row(table: int, first: int, end: int) -> bool:
    """Whether any of rows [first, end) has more than one unit."""
    words = (ctypes.c_int64 * (ROW_WORDS * end)).from_address(table)
    return any(words[row * ROW_WORDS + 2] > 1 for row in range(first, end))


def _work(work: object, memory: object, address: int, index: int) -> None:
    work(address, index, 0, 0)  # type: ignore[operator]


# One run at a time has worker threads; it also guards the teams. Nobody waits for the turn.
_turn = allocate_lock()
_teams: dict[tuple[KernelPack, int], _Team] = {}
_left: deque[_Team] = deque()  # one entry a Workers that gave its team back; taken out by who has the turn


def _join_team(pack: KernelPack, threads: int) -> _Team:
    team = _teams.get((pack, threads))
    if team is None:
        team = _teams[pack, threads] = _Team(pack, threads)
    team.users += 1
    return team


def _leave_teams() -> None:
    """Stops the teams that nobody uses any more; where another has the turn, it does so when it gives the turn back."""
    while _left and _turn.acquire(blocking=False):
        try:
            while _left:
                team = _left.popleft()
                team.users -= 1
                if team.users == 0:
                    del _teams[team.key]
                    team.stop()
        finally:
            _turn.release()


def _forget_teams() -> None:
    """Start anew, in a forked child: the threads do not exist there, and one of them may have held the lock."""
    global _turn
    _turn = allocate_lock()
    for team in _teams.values():
        team.lost = True
    _teams.clear()
    _left.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_teams)
