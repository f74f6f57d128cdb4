"""Judge the networks that MindSpore Lite's users know by name, and say how each fares.

    python -m tests.conformance.networks LeNet BERT              # in the form that the tests judge
    python -m tests.conformance.networks --all --full            # the whole networks, at their own size
    python -m tests.conformance.networks --all --exports         # and what ONNX Runtime and MindSpore make of exports
    python -m tests.conformance.networks --all --write           # that, and tests/conformance/COVERAGE.md

Each is exported by MindSpore in a process of its own, converted, and run on this device. Exit code 1 where one differs.
"""
from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

import converter
import lite
from converter import convert
from lite.errors import LiteError, UnsupportedOpError
from tests.conformance.coverage import PAGE, write_networks
from tests.conformance.networks.index import MODULES
from tests.conformance.oracle import EXPORTER, HERE
from tests.conformance.reexport import EngineError, by_mindspore, by_onnxruntime, run_by_mindspore

TOLERANCE = 2e-4  # of the largest |output|, as users of other engines expect; the tests ask for less
HALF_TOLERANCE = 2e-3
HALVES = frozenset({"AutoDis", "DeepFM", "WideDeep"})  # compute in float16, and engines round in places of their own
_RUNS, _RUN_SECONDS = 5, 2.0  # of a network that is timed
_EXPORT_SECONDS = 1800


@dataclass(frozen=True, slots=True)
class Row:
    """How a network fares. status: "matches", or what is wrong. error: of max|output|. reference: what numpy runs.

    exports: by format, the error of the exported network in its engine, or what is wrong.
    """

    name: str
    status: str
    error: float = 0.0
    nodes: int = 0
    milliseconds: float = 0.0
    megabytes: float = 0.0
    reference: Counter[str] = field(default_factory=Counter)
    exports: Mapping[str, str] = field(default_factory=dict)

    @property
    def cells(self) -> tuple[str, ...]:
        """As a row of the table."""
        fell = ", ".join(f"{op} {count}" for op, count in sorted(self.reference.items())) or "none"
        numbers = f"{self.error:.1e}", str(self.nodes), f"{self.milliseconds:.3g}", f"{self.megabytes:.2f}"
        return self.name, self.status, *numbers, fell, *self.exports.values()


def judge(name: str, full: bool, exports: bool) -> Row:
    """Export, convert, run and compare one network. exports: and what is exported of it again."""
    source = HERE / "networks" / f"{MODULES[name]}.py"
    with tempfile.TemporaryDirectory(prefix="mindlite-network-") as folder:
        target = Path(folder) / "export"
        options = ["--benchmark"] if full else []
        command = [sys.executable, str(EXPORTER), *options, str(source), str(target)]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=_EXPORT_SECONDS)
        if done.returncode or (target / "error.txt").exists():
            return Row(name, "MindSpore does not export it")
        with np.load(target / "data.npz") as data:
            inputs = {key.removeprefix("input:"): data[key] for key in data if key.startswith("input:")}
            outputs = [data[f"output:{i}"] for i in range(len(data) - len(inputs))]
        mindir = target / "model.mindir"
        try:
            row = _run(name, mindir, inputs, outputs)
        except LiteError as error:
            row = Row(name, f"{type(error).__name__}: {str(error).splitlines()[0]}")
        if not exports:
            return row
        return replace(row, exports={which: _exported(name, which, mindir, inputs, outputs) for which in ENGINES})


def _run(name: str, mindir: Path, inputs: dict[str, np.ndarray], expected: Sequence[np.ndarray]) -> Row:
    model = convert(mindir)
    with lite.Session(model) as session:
        result = session.run(inputs)
        times = []
        while len(times) < _RUNS and sum(times) < _RUN_SECONDS:
            begin = time.perf_counter()
            session.run(inputs)
            times.append(time.perf_counter() - begin)
        steps = session.steps
    outputs = list(result.values()) if isinstance(result, dict) else [result]
    errors = [_error(y, other) for y, other in zip(outputs, expected, strict=True)]
    tolerance = HALF_TOLERANCE if name in HALVES else TOLERANCE
    status = "matches" if max(errors) <= tolerance else "differs"
    reference = Counter(step.op for step in steps if step.delegate == "reference")
    return Row(name, status, max(errors), len(steps), min(times) * 1e3, len(model) / 1e6, reference)


def _by_mindspore(path: Path, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
    np.savez(path.with_name("inputs.npz"), **inputs)  # type: ignore[arg-type]  # numpy's stubs mean allow_pickle
    run_by_mindspore([path.parent])
    return by_mindspore(path.parent)


ENGINES = {"ONNX": by_onnxruntime, "MINDIR": _by_mindspore}


def _exported(
    name: str, file_format: str, mindir: Path, inputs: dict[str, np.ndarray], expected: list[np.ndarray]
) -> str:
    """The error of the network that is exported in a format, or what is wrong. Writes into mindir's folder."""
    path = mindir.with_name("again") / f"model.{file_format.lower()}"
    path.parent.mkdir(exist_ok=True)
    try:
        converter.export(mindir, path, file_format)
        outputs = ENGINES[file_format](path, inputs)
    except UnsupportedOpError as error:
        return "refused: " + ", ".join(sorted({row.op for row in error.ops}))
    except EngineError as error:
        return f"fails: {str(error).strip().splitlines()[-1]}"
    error = max(_error(y, other) for y, other in zip(outputs, expected, strict=True))
    tolerance = 2 * HALF_TOLERANCE if name in HALVES else TOLERANCE
    return f"{error:.1e}" if error <= tolerance else f"differs: {error:.1e}"


def _error(y: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference, as a share of the largest |expected|; for integers 0 or infinite."""
    if (y.shape, y.dtype) != (expected.shape, expected.dtype):
        return float("inf")
    if expected.dtype.kind != "f":
        return 0.0 if np.array_equal(y, expected) else float("inf")
    if not expected.size:
        return 0.0
    if not np.array_equal(np.isnan(y), np.isnan(expected)):
        return float("inf")
    wide, other = y.astype(np.float64), expected.astype(np.float64)
    scale = np.abs(other[np.isfinite(other)]).max(initial=1e-30)
    same = (wide == other) | np.isnan(other)
    return float(np.abs(np.where(same, 0.0, wide - other)).max(initial=0.0) / scale)


HEADER = ("network", "status", "max error", "steps", "ms", ".ms, MB", "on the reference delegate")


def _page(rows: Sequence[Row]) -> tuple[str, ...]:
    """The lines of COVERAGE.md that are about networks."""
    good = sum(row.status == "matches" for row in rows)
    header = (*HEADER, *ENGINES)
    table = [header, ("---",) * len(header), *(row.cells for row in rows)]
    return (
        "# Coverage",
        "",
        "Written by `python -m tests.conformance.networks --all --write`: every network in the form that the tests",
        "judge (most are smaller than what people use, with every kind of layer), exported by MindSpore 2.10,",
        "converted, run on kernels, and compared with MindSpore's own outputs. The error is a share of the largest",
        "|output|; integers and booleans have to be equal. Times are of one machine, without care.",
        "",
        "The last columns are the errors of what `mlite export` writes, in ONNX Runtime and in MindSpore.",
        "",
        f"{good} of {len(rows)} networks match; {_exported_well(rows)}.",
        "",
        *(f"| {' | '.join(row)} |" for row in table),
        "",
        "",
    )


def _exported_well(rows: Sequence[Row]) -> str:
    """How many networks match as what they are exported to."""
    wrong = ("refused", "fails", "differs")
    good = {name: sum(not row.exports[name].startswith(wrong) for row in rows) for name in ENGINES}
    return ", ".join(f"exported as {name} {count}" for name, count in good.items())


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.networks", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NETWORK", help=f"of {', '.join(MODULES)}")
    parser.add_argument("--all", action="store_true", help="all of them")
    parser.add_argument("--full", action="store_true", help="at their own size, which takes hours for all")
    parser.add_argument("--exports", action="store_true", help=f"what they are as {' and '.join(ENGINES)}, too")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}, exports included")
    args = parser.parse_args(arguments)
    unknown = [name for name in args.names if name not in MODULES]
    if unknown or bool(args.names) == args.all or (args.write and not args.all):
        wanted = "give networks, or --all; --write needs --all"
        parser.error(f"there is no network {unknown[0]!r}" if unknown else wanted)
    rows, exports = [], args.exports or args.write
    for name in args.names or MODULES:
        rows.append(judge(name, args.full, exports))
        print("  ".join(rows[-1].cells), flush=True)
    good = sum(row.status == "matches" for row in rows)
    print(f"{good} of {len(rows)} match{f'; {_exported_well(rows)}' if exports else ''}")
    if args.write:
        write_networks(_page(rows))
    return 0 if good == len(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
