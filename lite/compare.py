"""Compare engines on the same network at the same time: in turns, and from cold starts.

    contest = [Contender("mindlite", "net.ms"), Contender("onnxruntime", "net.onnx")]
    compare(contest, inputs, threads=1, seconds=10)      # Standing of each: its latency, or why there is none

Each engine is a process (lite.engines). They take turns of some milliseconds, each time in another random order, so
that other load on the machine, and what an engine leaves behind for the next, affects all of them alike; while one
runs, the others are halted: threads of most look for work for milliseconds after a run before they sleep, and would
take the cpus from whose turn is next.
"""
from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, Any

import numpy as np

from lite.engines import LITERT, PEERS
from lite.records import dataclass
from lite.timing import Latency
from lite.types import Array

_ROOT = Path(__file__).resolve().parent.parent
_TURN_SECONDS = 0.05
_PATIENCE_SECONDS = 300.0  # for one answer: loading the largest network, or one turn
_LAST_WORDS = 300  # characters of what a process said before it failed


@dataclass(frozen=True, slots=True)
class Contender:
    """An engine and the file it loads; failure: why it has none, or ""."""

    engine: str
    model: str
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How an engine did. latency: None where it failed. error: largest difference to our outputs, over the largest."""

    engine: str
    latency: Latency | None = None
    error: float = 0.0
    failure: str = ""


@dataclass(frozen=True, slots=True)
class ColdStart:
    """Seconds from the start of a process to its first output, and the most memory that it had, in bytes."""

    engine: str
    min: float = 0.0
    median: float = 0.0
    peak_memory: int = 0
    failure: str = ""


def peer_versions() -> dict[str, str | None]:
    """The engines to compare with: the version that is installed ("" where it does not tell), None where none is."""
    return {name: _version(package) for name, package in PEERS.items()}


def _version(package: str) -> str | None:
    if importlib.util.find_spec(package) is None:
        return None
    try:
        return importlib.metadata.version(package.replace("_", "-"))
    except importlib.metadata.PackageNotFoundError:  # a build of another name
        return ""


def peers(
    onnx: str | os.PathLike[str], model: str, folder: str, sample: Mapping[str, Array] | None = None
) -> list[Contender]:
    """Every installed peer with the file it loads, made of the ONNX or the `.ms` file; it goes into `folder`.

    sample: inputs to quantize the ONNX with; the `.ms` is in int8 then.
    """
    installed = [name for name, version in peer_versions().items() if version is not None]
    more = [] if sample is None else [_save(Path(folder), sample)]
    return [_prepared(name, model if name == LITERT else str(onnx), folder, *more) for name in installed]


def _prepared(engine: str, source: str, *more: str) -> Contender:
    try:
        with _start("prepare", engine, source, *more) as child:
            return Contender(engine, child.answer())
    except EngineFailure as failure:
        return Contender(engine, "", str(failure))


def compare(
    contest: Sequence[Contender], inputs: Mapping[str, Array], threads: int, seconds: float
) -> tuple[Standing, ...]:
    """Run all of them for about `seconds` together, at least three turns each."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mindlite-bench-")))
        data = _save(folder, inputs)
        running: dict[str, _Child] = {}
        outputs: dict[str, list[Array]] = {}
        failures = {c.engine: c.failure for c in contest}
        for c in contest:
            if c.failure:
                continue
            results = folder / f"{c.engine}.npz"
            child = stack.enter_context(_start("serve", c.engine, c.model, data, str(threads), str(results)))
            try:
                child.answer()
                child.halt()
                running[c.engine] = child
                with np.load(results) as archive:
                    outputs[c.engine] = list(archive.values())
            except EngineFailure as failure:
                failures[c.engine] = str(failure)

        times: dict[str, list[float]] = {name: [] for name in running}
        end = time.monotonic() + seconds
        order, turn = random.Random(0), 0
        while running and (turn < 3 or time.monotonic() < end):
            for name in order.sample(list(running), len(running)):
                child = running[name]
                try:
                    times[name] += child.ask(str(_TURN_SECONDS))
                except EngineFailure as failure:
                    failures[name] = str(failure)
                    del running[name]
            turn += 1
    ours = outputs.get(contest[0].engine, [])
    return tuple(
        Standing(name, Latency.of(times[name]), _difference(ours, outputs[name]))
        if name in running
        else Standing(name, failure=failures[name])
        for name in (c.engine for c in contest)
    )


def cold_starts(
    contest: Sequence[Contender], inputs: Mapping[str, Array], threads: int, times: int = 7
) -> tuple[ColdStart, ...]:
    """Start a process of each engine `times` times, in turns.

    One start of each comes first and does not count: after it bytecode is written, as in installed packages, files are
    in the page cache, and the plan of a `.ms` is kept (lite.native.plans), as that of any file that is not new.
    """
    with tempfile.TemporaryDirectory(prefix="mindlite-bench-") as folder:
        data = _save(Path(folder), inputs)
        bytecode = {"PYTHONPYCACHEPREFIX": str(Path(folder, "bytecode")), "PYTHONDONTWRITEBYTECODE": ""}
        starts: dict[str, list[tuple[float, int]]] = {c.engine: [] for c in contest}
        failures = {c.engine: c.failure for c in contest}
        order = random.Random(0)
        for turn in range(1 + times):
            for c in order.sample(contest, len(contest)):
                if failures[c.engine]:
                    continue
                begin = time.perf_counter()
                try:
                    with _start("cold", c.engine, c.model, data, str(threads), **bytecode) as child:
                        child.answer()
                        seconds = time.perf_counter() - begin
                        memory = child.answer()
                    if turn > 0:
                        starts[c.engine].append((seconds, memory))
                except EngineFailure as failure:
                    failures[c.engine] = str(failure)
    return tuple(
        ColdStart(name, failure=failures[name])
        if failures[name]
        else _cold_start(name, *zip(*runs, strict=True))
        for name, runs in starts.items()
    )


def _cold_start(engine: str, seconds: Sequence[float], memory: Sequence[int]) -> ColdStart:
    return ColdStart(engine, min(seconds), statistics.median(seconds), max(memory))


class EngineFailure(Exception):
    """An engine's process ended, or was ended, before it answered."""


class _Child:
    """A process of lite.engines. Leaving the context ends it."""

    def __init__(self, arguments: Sequence[str], said: IO[bytes], variables: Mapping[str, str]) -> None:
        path = os.pathsep.join((str(_ROOT), *filter(None, sys.path)))
        environment = {**os.environ, "PYTHONPATH": path, **variables}
        command = [sys.executable, "-m", "lite.engines", *arguments]
        self._said = said
        self._process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True
        )

    def ask(self, line: str) -> Any:
        """Send a line to a process that is halted, and halt it again; gives the answer. Raises EngineFailure."""
        assert self._process.stdin is not None
        self._process.send_signal(signal.SIGCONT)
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except OSError:
            raise EngineFailure(self._last_words()) from None
        answer = self.answer()
        self.halt()
        return answer

    def halt(self) -> None:
        """Nothing of it runs until it is asked again, not even threads that wait for work by looking for it."""
        self._process.send_signal(signal.SIGSTOP)

    def answer(self) -> Any:
        """The next line of output. Raises EngineFailure."""
        assert self._process.stdout is not None
        patience = threading.Timer(_PATIENCE_SECONDS, self._process.kill)
        patience.start()
        try:
            line = self._process.stdout.readline()
            if not line:
                raise EngineFailure(self._last_words())
        finally:
            patience.cancel()
        try:
            return json.loads(line)
        except ValueError:
            raise EngineFailure(f"answered {line[:_LAST_WORDS]!r}") from None

    def __enter__(self) -> _Child:
        return self

    def __exit__(self, *_: object) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError):  # what could not be sent to one that has ended
                    stream.close()
        self._process.send_signal(signal.SIGCONT)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._said.close()

    def _last_words(self) -> str:
        status = self._process.wait()
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").strip().splitlines()
        ending = f"killed by signal {-status}" if status < 0 else f"ended with status {status}"
        return _last_words(lines)[:_LAST_WORDS] if lines and status > 0 else ending


def _last_words(lines: Sequence[str]) -> str:
    """The message that a traceback ends with, in one line."""
    begin = max((i for i, line in enumerate(lines) if line and not line[0].isspace()), default=len(lines) - 1)
    return re.sub(r"^lite\.errors\.\w+: ", "", ": ".join(" ".join(line.split()) for line in lines[begin:]))


def _start(*arguments: str, **variables: str) -> _Child:
    """variables: of its environment."""
    return _Child(arguments, tempfile.TemporaryFile(), variables)


def _save(folder: Path, inputs: Mapping[str, Array]) -> str:
    """The path of a JSON file that says where each input is."""
    places = {name: str(folder / f"input_{position}.npy") for position, name in enumerate(inputs)}
    for name, place in places.items():
        np.save(place, inputs[name])
    path = folder / "inputs.json"
    path.write_text(json.dumps(places), encoding="utf-8")
    return str(path)


def _difference(ours: Sequence[Array], theirs: Sequence[Array]) -> float:
    """The largest difference between outputs, as a share of the largest element; peers may order and shape them so."""
    worst = 0.0
    for y in ours:
        alike = [np.ravel(z) for z in theirs if z.size == y.size]
        scale = float(np.abs(y).max(initial=1e-30))
        worst = max(worst, min((float(np.abs(np.ravel(y) - z).max(initial=0)) / scale for z in alike), default=np.inf))
    return worst
