"""What Linux counts of the cpus, on files made up, and on this machine."""
from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from lite.native import room
from lite.native.room import Room

TICKS = 100_000_000  # a tenth of a second is ten ticks
CPUS = sorted(os.sched_getaffinity(0))[:2]


class Machine:
    """/proc/stat, and the clocks of the process and its thread."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._path = path
        self._idle = [0.0] * 3
        self._time = self._own = 1
        monkeypatch.setattr(room, "_STAT", str(path))
        monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 2})
        monkeypatch.setattr(room, "perf_counter_ns", lambda: self._time)
        monkeypatch.setattr(room, "thread_time_ns", lambda: self._own)
        self.pass_by(0, 0, 0, 0)

    def pass_by(self, own: float, *shares: float) -> None:
        """A tenth of a second: the share of it that this thread ran, and that each cpu was idle."""
        self._time += TICKS
        self._own += int(TICKS * own)
        self._idle = [before + 10 * share for before, share in zip(self._idle, shares, strict=True)]
        halves = [(int(ticks) - int(ticks) // 2, int(ticks) // 2) for ticks in self._idle]  # idle, waiting for a disk
        rows = [f"cpu{cpu} 5 6 7 {idle} {waits} 8 9" for cpu, (idle, waits) in enumerate(halves)]
        self._path.write_text("\n".join(["cpu  1 2 3 999 0", *rows, "intr 12 0 0", "ctxt 77"]))


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path / "stat", monkeypatch)


@pytest.mark.parametrize(
    ("own", "idle", "there"),
    [
        (1.0, (0.0, 0, 1.0), True),
        (1.0, (0.0, 0, 0.8), True),
        (1.0, (0.0, 0, 0.5), False),
        (1.0, (0.0, 1.0, 0.0), False),  # of another cpu
        (0.1, (0.9, 0, 0.0), False),  # one that rests needs its cpu too
        (0.1, (0.9, 0, 1.0), True),
    ],
)
def test_room(machine: Machine, own: float, idle: tuple[float, float, float], there: bool) -> None:
    watched = Room(2)
    watched.watch()
    for _ in range(2):
        machine.pass_by(own, *idle)
        assert watched.was_there() == there


@pytest.mark.parametrize("text", [None, "", "cpu0 1 2", "cpu0 1 2 3 idle 5", "cpu7 0 0 0 100 0"])
def test_what_tells_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None) -> None:
    monkeypatch.setattr(room, "_STAT", str(tmp_path / "stat"))
    if text is not None:
        (tmp_path / "stat").write_text(text)
    watched = Room(2)
    watched.watch()
    time.sleep(0.01)
    assert not watched.was_there()


def test_another_thread_is_told_nothing(machine: Machine) -> None:
    watched, found = Room(2), []
    watched.watch()
    machine.pass_by(1.0, 0.0, 0.0, 1.0)
    other = threading.Thread(target=lambda: found.append(watched.was_there()))
    other.start()
    other.join()
    assert found == [False]
    assert watched.was_there()


def test_this_machine_has_no_room_for_more_threads_than_cpus() -> None:
    watched = Room(len(os.sched_getaffinity(0)) + 1)
    watched.watch()
    time.sleep(0.05)
    assert not watched.was_there()
