"""Threads change nothing but the time: same bytes for any number of them, after forks, at exit, side by side."""
from __future__ import annotations

import os
import random
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lite.native import workers as module
from lite.native.abi import APART, EPOCH, LINE, PARKED, RANGES, THREAD, WAITING
from lite.native.pack import KernelPack
from lite.native.workers import Workers
from tests.native.conftest import arguments, table

WORDS = 720


class Program:
    """An op table of mix_i64 rows between two buffers; every row depends on all units of the one before."""

    def __init__(self, pack: KernelPack, seed: int, rows: int, units: tuple[int, ...] = (1, 2, 3, 8, 45, 720)) -> None:
        choose = random.Random(seed)
        self.buffers = [np.arange(seed, seed + WORDS), np.zeros(WORDS, np.int64)]
        self._start = self.buffers[0].copy()
        self._blocks, lines = [], []
        for row in range(rows):
            count = choose.choice(units)
            x, y = self.buffers[row % 2], self.buffers[1 - row % 2]
            self._blocks.append(arguments(x, y, WORDS // count, WORDS))
            lines.append(("mix_i64", self._blocks[-1], count))
        self.table = table(pack, *lines)
        self.stride = 8 * WORDS
        self.scratch = np.zeros(8 * WORDS, np.int64)

    def run(self, workers: Workers, first: int = 0, end: int | None = None) -> bytes:
        self.buffers[0][:] = self._start
        end = len(self.table) if end is None else end
        workers.run(self.table.ctypes.data, first, end, self.scratch.ctypes.data, self.stride)
        return self.buffers[0].tobytes() + self.buffers[1].tobytes()


@pytest.mark.parametrize("threads", [2, 4])
def test_results_do_not_depend_on_threads(pack: KernelPack, threads: int) -> None:
    alone, together = Workers(pack, 1), Workers(pack, threads)
    for seed in range(40):
        program = Program(pack, seed, rows=seed + 1)
        assert program.run(together) == program.run(alone)
    together.close()


def test_thousands_of_short_runs(pack: KernelPack) -> None:
    program = Program(pack, 1, rows=3, units=(2, 8))
    expected = program.run(Workers(pack, 1))
    workers = Workers(pack, 2)
    assert all(program.run(workers) == expected for _ in range(5000))
    workers.close()


def test_runs_with_pauses_wake_the_workers(pack: KernelPack) -> None:
    program = Program(pack, 2, rows=4, units=(45,))
    expected = program.run(Workers(pack, 1))
    workers = Workers(pack, 4)
    for pause in (0.0, 0.0001, 0.001) * 60:
        assert program.run(workers) == expected
        time.sleep(pause)
    workers.close()


def test_stretches(pack: KernelPack) -> None:
    """Run after run, shared or not, the same bytes; threads that cost more than they save are left alone."""
    program = Program(pack, 3, rows=6)
    expected = program.run(Workers(pack, 1))
    for threads in (1, 2, 4):
        workers = Workers(pack, threads)
        run = workers.stretch(program.table.ctypes.data, 0, 6, program.scratch.ctypes.data, program.stride)
        for _ in range(20):
            program.buffers[0][:] = program._start
            run()
            assert program.buffers[0].tobytes() + program.buffers[1].tobytes() == expected
        workers.close()


def test_ranges_of_rows(pack: KernelPack) -> None:
    program = Program(pack, 3, rows=6)
    workers = Workers(pack, 2)
    expected = program.run(Workers(pack, 1))
    program.run(workers, 0, 2)
    for first, end in ((2, 3), (3, 3), (3, 6)):
        workers.run(program.table.ctypes.data, first, end, program.scratch.ctypes.data, program.stride)
    assert program.buffers[0].tobytes() + program.buffers[1].tobytes() == expected
    workers.close()


def _wait_until_parked(workers: Workers) -> None:
    assert workers._team is not None
    while not workers._team._words[PARKED]:
        time.sleep(0.001)


@pytest.mark.parametrize("allowed", [None, 1])
def test_workers_are_kept_off_the_callers_cpu(pack: KernelPack, allowed: int | None) -> None:
    """Where they may use another; they never use one that the caller's affinity forbids."""
    before = os.sched_getaffinity(0)
    cpus = set(sorted(before)[:allowed])
    program, workers = Program(pack, 4, rows=3, units=(8,)), Workers(pack, 3)
    try:
        os.sched_setaffinity(0, cpus)
        program.run(workers)
        assert workers._team is not None
        words = workers._team._words
        while not all(words[RANGES + LINE * thread + THREAD] for thread in (1, 2)):
            time.sleep(0.001)
        time.sleep(0.01)
        program.run(workers)
        for thread in (1, 2):
            number = words[RANGES + LINE * thread + THREAD]
            assert os.sched_getaffinity(number) == (cpus - {words[APART]} or cpus)
    finally:
        os.sched_setaffinity(0, before)
        workers.close()


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two cpus")
def test_a_caller_that_waits_lends_its_cpu(pack: KernelPack) -> None:
    """There a worker that takes long, as a suspended one does, ends its units; then workers are kept apart again.

    The first unit that a worker claims takes four times as long as all of the caller's; now and then a worker comes too
    late for it.
    """
    y = np.zeros(8, np.int64)
    block = arguments(y, 1_000_000, 4)
    rows = table(pack, ("uneven_i64", block, 8))
    Workers(pack, 1).run(rows.ctypes.data, 0, 1, 0, 0)
    expected, lent = y.copy(), 0
    program, workers = Program(pack, 4, rows=3, units=(8,)), Workers(pack, 2)
    mixed = program.run(workers)
    assert workers._team is not None
    words = workers._team._words
    for _ in range(200):
        y[:] = 0
        workers.run(rows.ctypes.data, 0, 1, 0, 0)
        assert (y == expected).all()
        assert not words[WAITING]
        lent += words[APART] == -1
        while words[APART] == -1:
            assert program.run(workers) == mixed
        if lent == 5:
            break
    workers.close()
    assert lent


def test_rows_of_one_unit_wake_nobody(pack: KernelPack) -> None:
    single, shared = Program(pack, 4, rows=5, units=(1,)), Program(pack, 4, rows=1, units=(8,))
    workers = Workers(pack, 2)
    shared.run(workers)
    _wait_until_parked(workers)
    assert workers._team is not None
    before = workers._team._words[EPOCH]
    single.run(workers)
    assert workers._team._words[EPOCH] == before
    shared.run(workers)
    assert workers._team._words[EPOCH] == before + 1
    workers.close()


def test_one_thread_starts_none(pack: KernelPack) -> None:
    before = set(threading.enumerate())
    Program(pack, 5, rows=4).run(Workers(pack, 1))
    assert set(threading.enumerate()) <= before


def test_teams_are_shared_and_end_with_their_last_user(pack: KernelPack) -> None:
    program, other = Program(pack, 6, rows=4), Program(pack, 7, rows=4)
    first, second = Workers(pack, 3), Workers(pack, 3)
    program.run(first)
    other.run(second)
    assert first._team is second._team
    first.close()
    assert list(module._teams) == [(pack, 3)]
    second.close()
    second.close()
    assert not module._teams
    while any(thread.name.startswith("mindlite-") for thread in threading.enumerate()):
        time.sleep(0.001)
    assert program.run(first) == program.run(Workers(pack, 1)), "a closed one starts again"
    first.close()


def test_closing_never_waits(pack: KernelPack, monkeypatch: pytest.MonkeyPatch) -> None:
    """The garbage collector may close one at any place, on a thread that has the turn."""
    program, first, second = Program(pack, 6, rows=4), Workers(pack, 2), Workers(pack, 3)
    expected = program.run(first)

    def interrupted(pack: KernelPack, threads: int) -> module._Team:
        first.close()
        assert module._turn.locked()
        assert (pack, 2) in module._teams
        return team(pack, threads)

    team = module._Team
    monkeypatch.setattr(module, "_Team", interrupted)
    assert program.run(second) == expected
    assert list(module._teams) == [(pack, 3)], "who had the turn stopped the team"
    with module._turn:
        second.close()
    first.close()
    module._leave_teams()
    assert not module._teams
    assert not module._left


def test_sessions_side_by_side(pack: KernelPack) -> None:
    """While one run has the workers, others go on alone; nobody waits and nobody's data mix."""
    programs = [Program(pack, seed, rows=9) for seed in range(3)]
    expected = [program.run(Workers(pack, 1)) for program in programs]
    wrong = []

    def use(index: int) -> None:
        workers = Workers(pack, 2)
        wrong.extend(run for run in range(300) if programs[index].run(workers) != expected[index])
        workers.close()

    threads = [threading.Thread(target=use, args=(index,)) for index in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_threads_must_be_positive(pack: KernelPack) -> None:
    with pytest.raises(ValueError, match="threads must be at least 1, got 0"):
        Workers(pack, 0)


@pytest.mark.parametrize("threads", [100_000, 2**70])
def test_threads_beyond_reason_are_capped(pack: KernelPack, threads: int) -> None:
    assert Workers(pack, threads).threads == module.MOST


def test_where_threads_cannot_start_the_caller_does_all(pack: KernelPack, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    program, workers = Program(pack, 8, rows=5), Workers(pack, 2)
    assert program.run(workers) == program.run(Workers(pack, 1))
    workers.close()


PROCESS = """
import os, sys, threading, warnings
warnings.simplefilter("ignore")
from lite.native.pack import KernelPack
from lite.native.workers import Workers
from tests.native.test_workers import Program

pack = KernelPack.open(sys.argv[1])
program, workers = Program(pack, 9, rows=20), Workers(pack, 2)
expected = program.run(Workers(pack, 1))
assert program.run(workers) == expected
"""
FORK = """
child = os.fork()
if child == 0:
    os._exit(0 if all(program.run(workers) == expected for _ in range(50)) else 3)
assert program.run(workers) == expected
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
FORK_DURING_A_RUN = """
stop = threading.Event()
def use():
    other = Program(pack, 10, rows=20)
    while not stop.is_set():
        other.run(workers)
thread = threading.Thread(target=use)
thread.start()
codes = []
for _ in range(20):
    child = os.fork()
    if child == 0:
        os._exit(0 if program.run(workers) == expected else 3)
    codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
stop.set()
thread.join()
print(*sorted(set(codes)))
"""
EXIT_AT_ONCE = "print(0)"
EXIT_WITH_WORKERS_ASLEEP = "import time; time.sleep(0.05); print(0)"


@pytest.mark.parametrize("code", [FORK, FORK_DURING_A_RUN, EXIT_AT_ONCE, EXIT_WITH_WORKERS_ASLEEP])
def test_forks_and_exits(
    code: str, pack_file: Path, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    done = run_python(PROCESS + code, str(pack_file))
    assert (done.returncode, done.stdout, done.stderr) == (0, "0\n", "")
