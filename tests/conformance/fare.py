"""How a network fares: exported by MindSpore, converted, run on this device, and compared with MindSpore's outputs.

    python -m tests.conformance.fare NETWORK FOLDER [exports]

prints that for an export in FOLDER as JSON, with `exports` also what becomes of it exported again. It is a process of
its own, so that whoever asks for many networks outlives one that does not.
"""
from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

import converter
import lite
from converter import convert
from lite.errors import LiteError, UnsupportedOpError
from lite.profile import StepTime
from tests.conformance.cut import Pieces, cut
from tests.conformance.distance import largest
from tests.conformance.networks.index import MODULES
from tests.conformance.oracle import EXPORTER, HERE
from tests.conformance.pieces import judge_pieces
from tests.conformance.rounding import from_float64

TOLERANCE = 2e-4  # of the largest |output|, as users of other engines expect; the tests ask for less
HALF_TOLERANCE = 2e-3
HALVES = frozenset({"AutoDis", "DeepFM", "WideDeep"})  # compute in float16, and engines round in places of their own
FORMATS = ("ONNX", "MINDIR")
MATCHES = "matches"  # how a status begins where nothing is wrong
_RUNS, _RUN_SECONDS = 5, 2.0  # of a network that is timed
_PROFILES = 3
_EXPORT_SECONDS, _JUDGE_SECONDS = 3600, 1800


@dataclass(frozen=True, slots=True)
class Row:
    """How a network fares. status: "matches", maybe but for something, or what is wrong. error: of max|output|, and of
    what choices are made of where ties are why outputs differ. milliseconds: on one thread.

    reference: the operators that numpy runs, how often each, and its share of the network's time. exports: by format,
    the error of the exported network in its engine, or what is wrong; empty where nobody asked.
    """

    name: str
    status: str
    error: float = 0.0
    steps: int = 0
    milliseconds: float = 0.0
    megabytes: float = 0.0
    reference: dict[str, tuple[int, float]] = field(default_factory=dict)
    exports: dict[str, str] = field(default_factory=dict)

    @property
    def matches(self) -> bool:
        """True where nothing is wrong."""
        return self.status.startswith(MATCHES)

    @property
    def cells(self) -> tuple[str, ...]:
        """As a row of a table."""
        fell = ", ".join(f"{op} {count} ({share:.1%})" for op, (count, share) in sorted(self.reference.items()))
        numbers = f"{self.error:.1e}", str(self.steps), f"{self.milliseconds:.3g}", f"{self.megabytes:.2f}"
        return self.name, self.status, *numbers, fell or "none", *(self.exports.get(which, "-") for which in FORMATS)


def judge(name: str, full: bool, exports: bool, keep: Path | None = None) -> Row:
    """Export, convert, run and compare one network.

    full: at its own size. exports: and what is exported of it again. keep: where MindSpore's export is kept.
    """
    if keep is not None:
        return _judge(name, full, exports, (keep / name).resolve())
    with tempfile.TemporaryDirectory(prefix="mindlite-network-") as folder:
        return _judge(name, full, exports, Path(folder) / name)


def _judge(name: str, full: bool, exports: bool, export: Path) -> Row:
    if not export.exists():
        export.parent.mkdir(parents=True, exist_ok=True)
        options = ["--benchmark"] if full else []
        source = HERE / "networks" / f"{MODULES[name]}.py"
        command = [sys.executable, str(EXPORTER), *options, str(source), str(export)]
        said = _outcome(command, export.parent, _EXPORT_SECONDS)
        if isinstance(said, Failure):
            return Row(name, f"MindSpore's export {said.what}")
    if (export / "error.txt").exists():
        return Row(name, "MindSpore does not export it")
    command = [sys.executable, "-m", "tests.conformance.fare", name, str(export), *(["exports"] if exports else [])]
    said = _outcome(command, HERE.parents[1], _JUDGE_SECONDS)
    if isinstance(said, Failure):
        return Row(name, said.what)
    fields = json.loads(said.splitlines()[-1])
    return Row(**{**fields, "reference": {op: tuple(what) for op, what in fields["reference"].items()}})


@dataclass(frozen=True, slots=True)
class Failure:
    """What a process did instead of its work."""

    what: str


def _outcome(command: Sequence[str], folder: Path, seconds: float) -> str | Failure:
    """What the command prints."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=seconds)
    except subprocess.TimeoutExpired:
        return Failure(f"takes more than {seconds:.0f} s")
    if done.returncode < 0:
        return Failure(f"was killed by signal {-done.returncode}")
    if done.returncode:
        return Failure(f"failed: {(done.stderr.splitlines() or ['it says nothing'])[-1]}")
    return done.stdout


def _run(name: str, export: Path, exports: bool) -> Row:
    with np.load(export / "data.npz") as data:
        inputs = {key.removeprefix("input:"): data[key] for key in data if key.startswith("input:")}
        expected = [data[f"output:{i}"] for i in range(len(data) - len(inputs))]
    mindir = export / "model.mindir"
    again = {which: _exported(name, which, mindir, inputs, expected) for which in FORMATS} if exports else {}
    try:
        return replace(_compared(name, mindir, inputs, expected), exports=again)
    except LiteError as error:
        return Row(name, f"{type(error).__name__}: {str(error).splitlines()[0]}", exports=again)


def _compared(name: str, mindir: Path, inputs: dict[str, np.ndarray], expected: Sequence[np.ndarray]) -> Row:
    model = convert(mindir)
    with lite.Session(model, threads=1) as session:
        result = session.run(inputs)
        times: list[float] = []
        while len(times) < _RUNS and sum(times) < _RUN_SECONDS:
            begin = time.perf_counter()
            session.run(inputs)
            times.append(time.perf_counter() - begin)
        profiles = [session.profile(inputs) for _ in range(_PROFILES if sum(times) < _RUN_SECONDS else 1)]
    outputs = list(result.values()) if isinstance(result, dict) else [result]
    tolerance = HALF_TOLERANCE if name in HALVES else TOLERANCE
    status, error = MATCHES, largest(outputs, expected)
    if error > tolerance:
        status, error = _explained(mindir, inputs, outputs, expected, tolerance)
    profile = min(profiles, key=lambda steps: sum(step.seconds for step in steps))
    return Row(name, status, error, len(profile), min(times) * 1e3, len(model) / 1e6, _fallen(profile))


def _explained(
    mindir: Path,
    inputs: dict[str, np.ndarray],
    outputs: Sequence[np.ndarray],
    expected: Sequence[np.ndarray],
    tolerance: float,
) -> tuple[str, float]:
    """The status of a network whose outputs differ, and the error: a tie or rounding may be all there is to it."""
    pieces = cut(mindir)
    if pieces is not None:
        return in_pieces(pieces, inputs, outputs, expected, tolerance)
    error = largest(outputs, expected)
    distances = from_float64(mindir, inputs, outputs, expected)
    if distances is None:
        return "differs", error
    return f"{f'{MATCHES} but for rounding' if distances.explain else 'differs'}: {distances}", error


def in_pieces(
    pieces: Pieces,
    inputs: dict[str, np.ndarray],
    outputs: Sequence[np.ndarray],
    expected: Sequence[np.ndarray],
    tolerance: float,
) -> tuple[str, float]:
    """As for _explained, by what MindSpore says that its choices are."""
    from tests.conformance.reexport import EngineError, by_mindspore, run_by_mindspore  # engines

    with tempfile.TemporaryDirectory(prefix="mindlite-pieces-") as name:
        folder = Path(name)
        (folder / "model.mindir").write_bytes(pieces.whole)
        np.savez(folder / "inputs.npz", **inputs)  # type: ignore[arg-type]  # stubs: allow_pickle
        run_by_mindspore([folder])
        try:
            shown = by_mindspore(folder)
        except EngineError as error:
            return f"differs, and MindSpore does not show its choices: {str(error).splitlines()[-1]}", float("inf")
    verdict = judge_pieces(pieces, inputs, outputs, expected, shown, _by_session, tolerance)
    if verdict.wrong:
        return f"differs: {verdict.wrong[0]}", verdict.error
    if verdict.error > tolerance:
        return "differs between choices", verdict.error
    choices = len({row.operator for row in pieces.results})
    return f"{MATCHES} but for ties, in {verdict.others} of {choices} choices", verdict.error


def _by_session(model: bytes, feeds: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    with lite.Session(convert(model), threads=1) as session:
        result = session.run({spec.name: feeds[spec.name] for spec in session.inputs})
    return list(result.values()) if isinstance(result, dict) else [result]


def _fallen(profile: Sequence[StepTime]) -> dict[str, tuple[int, float]]:
    """Row.reference."""
    counts: Counter[str] = Counter()
    seconds: Counter[str] = Counter()
    for step in profile:
        if step.step.delegate == "reference":
            counts[step.step.op] += 1
            seconds[step.step.op] += step.seconds  # type: ignore[assignment]  # typeshed counts in whole numbers
    total = sum(step.seconds for step in profile)
    return {op: (count, seconds[op] / total) for op, count in counts.items()}


def _exported(
    name: str, file_format: str, mindir: Path, inputs: dict[str, np.ndarray], expected: Sequence[np.ndarray]
) -> str:
    """The error of the network that is exported in a format, or what is wrong."""
    from tests.conformance.reexport import EngineError, by_mindspore, by_onnxruntime, run_by_mindspore  # engines

    with tempfile.TemporaryDirectory(prefix="mindlite-again-") as folder:
        path = Path(folder) / f"model.{file_format.lower()}"
        try:
            converter.export(mindir, path, file_format)
            if file_format == "ONNX":
                outputs = by_onnxruntime(path, inputs)
            else:
                np.savez(path.with_name("inputs.npz"), **inputs)  # type: ignore[arg-type]  # stubs: allow_pickle
                run_by_mindspore([path.parent])
                outputs = by_mindspore(path.parent)
        except UnsupportedOpError as error:
            return "refused: " + ", ".join(sorted({row.op for row in error.ops}))
        except EngineError as error:
            return f"fails: {str(error).strip().splitlines()[-1]}"
    far = largest(outputs, expected)
    tolerance = 2 * HALF_TOLERANCE if name in HALVES else TOLERANCE
    return f"{far:.1e}" if far <= tolerance else f"differs: {far:.1e}"


if __name__ == "__main__":
    print(json.dumps(asdict(_run(sys.argv[1], Path(sys.argv[2]), "exports" in sys.argv[3:]))))
