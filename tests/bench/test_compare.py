"""Engines in processes: turns, cold starts, and those that fail, which take nobody with them."""
from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lite import compare
from lite.compare import Contender, cold_starts
from lite.engines import OURS, PEERS
from tests.cli.conftest import DIGITS

MODEL = str(DIGITS / "digits.ms")
INPUTS = {"x": np.zeros((1, 1, 8, 8), np.float32)}


@pytest.fixture(autouse=True)
def _short_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare, "_TURN_SECONDS", 0.001)


def test_an_engine_against_itself_and_against_those_that_fail() -> None:
    contest = [
        Contender(OURS, MODEL),
        Contender("nobody", MODEL),
        Contender("MNN", "", "was not made"),
        Contender("onnxruntime", "absent.onnx"),
    ]
    ours, unknown, unmade, absent = compare.compare(contest, INPUTS, threads=1, seconds=0.0)
    assert ours.latency is not None
    assert ours.latency.runs >= 3
    assert (ours.error, ours.failure) == (0.0, "")
    assert unmade.failure == "was not made"
    assert "nobody" in unknown.failure
    assert absent.failure
    assert unknown.latency is unmade.latency is absent.latency is None


_SERVE = """
import signal
import sys
from lite import compare

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job is started without one
with compare._start("serve", *sys.argv[1:]) as child:
    assert child.answer() == "ready"
    child.halt()
    child.ask("0.001")
    print(child._process.pid, flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_engines_are_halted_between_their_turns_and_end_with_who_asks_them(end: signal.Signals, tmp_path: Path) -> None:
    inputs = compare._save(tmp_path, INPUTS)
    command = [sys.executable, "-c", _SERVE, OURS, MODEL, inputs, "2", str(tmp_path / "outputs.npz")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True) as asking:
        assert asking.stdout is not None
        status = Path("/proc") / asking.stdout.readline().strip() / "stat"
        deadline = time.monotonic() + 30
        while state_of(status) != "T" and time.monotonic() < deadline:
            time.sleep(0.001)
        assert state_of(status) == "T"
        asking.send_signal(end)
        asking.wait(30)
        while state_of(status) not in "ZX" and time.monotonic() < deadline:
            time.sleep(0.001)
        assert state_of(status) in "ZX"


def state_of(status: Path) -> str:
    """As Linux says: T where the process is halted, Z or X where it has ended."""
    try:
        return status.read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"


_ODD = "import sys; sys.stdout.write('[0.1]\\n'); sys.stdout.flush(); sys.stdin.readline(); {}"


@pytest.mark.parametrize(
    ("does", "message"),
    [
        ("sys.stdout.write('[0.1')", "answered '\\[0.1'"),
        ("print('Segment')", "answered"),
        ("sys.exit(3)", "status 3"),
        ("sys.stdout.close(); import os, time; os.close(1); time.sleep(60)", "signal 9"),
    ],
)
def test_answers_that_are_none(monkeypatch: pytest.MonkeyPatch, does: str, message: str) -> None:
    """Of an engine that writes something else, ends, or goes on without an output."""
    monkeypatch.setattr(compare, "_PATIENCE_SECONDS", 2.0)
    started = subprocess.Popen

    def start(command: list[str], **options: Any) -> subprocess.Popen[str]:
        return started([sys.executable, "-c", _ODD.format(does)], **options)

    monkeypatch.setattr(subprocess, "Popen", start)
    with compare._start("serve") as child:
        assert child.answer() == [0.1]
        child.halt()
        with pytest.raises(compare.EngineFailure, match=message):
            child.ask("1")


def test_an_engine_that_ends_while_it_is_halted_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the system runs out of memory."""
    halted = compare._Child.halt

    def halt(child: compare._Child) -> None:
        halted(child)
        child._process.kill()
        child._process.wait()

    monkeypatch.setattr(compare._Child, "halt", halt)
    (ours,) = compare.compare([Contender(OURS, MODEL)], INPUTS, threads=1, seconds=0.0)
    assert ours.latency is None
    assert ours.failure == "killed by signal 9"


def test_cold_starts() -> None:
    ours, unknown = cold_starts([Contender(OURS, MODEL), Contender("nobody", MODEL)], INPUTS, 1, times=2)
    assert not ours.failure
    assert 0 < ours.min <= ours.median
    assert 5e6 < ours.peak_memory < 5e9
    assert "nobody" in unknown.failure


def test_what_is_installed_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PEERS, "numbers", "numpy")
    monkeypatch.setitem(PEERS, "nothing", "no_such_package")
    assert compare.peer_versions()["numbers"] == np.__version__
    assert compare.peer_versions()["nothing"] is None


def test_a_peer_that_cannot_be_prepared_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(compare, "peer_versions", lambda: {"MNN": "3.6.1", "OpenVINO": None, "onnxruntime": ""})
    (tmp_path / "no.onnx").write_bytes(b"no model")
    mnn, onnxruntime = compare.peers(tmp_path / "no.onnx", "no.ms", str(tmp_path))
    assert mnn.failure
    assert onnxruntime == Contender("onnxruntime", str(tmp_path / "no.onnx"))


@pytest.mark.parametrize(
    ("ours", "theirs", "error"),
    [
        ([[2.0, 4.0]], [[2.0, 4.0]], 0.0),
        ([[2.0, 4.0]], [[2.0, 3.0]], 0.25),
        ([[1.0], [2.0, 4.0]], [[2.0, 4.0], [1.0]], 0.0),
        ([[1.0]], [[1.0, 2.0]], np.inf),
        ([[1.0]], [], np.inf),
    ],
)
def test_outputs_are_compared(ours: list[list[float]], theirs: list[list[float]], error: float) -> None:
    difference: Callable[..., float] = compare._difference
    assert difference([np.array(y) for y in ours], [np.array(y) for y in theirs]) == error


def test_a_process_that_is_killed_is_a_failure() -> None:
    with compare._start("cold", OURS, "absent.ms", "absent.json", "1") as child:
        child._process.send_signal(signal.SIGKILL)
        with pytest.raises(compare.EngineFailure, match="signal 9"):
            child.answer()


def test_a_process_that_does_not_answer_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare, "_PATIENCE_SECONDS", 0.01)
    (ours,) = cold_starts([Contender(OURS, MODEL)], INPUTS, 1, times=1)
    assert ours.failure == "killed by signal 9"


def test_the_message_of_a_traceback_is_one_line() -> None:
    lines = [
        "Traceback (most recent call last):",
        '  File "engines.py", line 7, in main',
        "lite.errors.UnsupportedOpError: 1 of 5 operators in net is not written as .tflite",
        "  Activation  1 node    act",
    ]
    assert compare._last_words(lines) == "1 of 5 operators in net is not written as .tflite: Activation 1 node act"
    assert compare._last_words(["  killed"]) == "killed"
