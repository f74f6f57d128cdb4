"""Runs generated cases: MindSpore exports many of a primitive as one network, and each result is judged by itself."""

from __future__ import annotations

import functools
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from converter.mindir.container import open_container
from tests.conformance.generate.case import Array, Case, Draw
from tests.conformance.generate.index import GENERATORS
from tests.conformance.judge import WAYS
from tests.conformance.oracle import MINDSPORE, Export, require_mindspore

HERE = Path(__file__).parent
BATCH = 25  # cases of one network
TOLERANCES = {"float16": 2e-3, "float32": 2e-4, "float64": 2e-4}  # of the largest |output|


@dataclass(frozen=True)
class Batch:
    """Cases of one primitive that MindSpore exports together. first: the index that drawing starts at."""

    seed: int
    primitive: str
    first: int
    count: int

    @property
    def key(self) -> str:
        """A file name; another generator, exporter or MindSpore has another key."""
        return f"generated-{self.primitive}-{self.seed}-{self.first}-{self.count}-{_digest(self.primitive)}"


@functools.cache
def _digest(primitive: str) -> str:
    modules = [GENERATORS[primitive].__module__, f"{__package__}.case", f"{__package__}.exporter"]
    texts = [(HERE / f"{module.rpartition('.')[2]}.py").read_text("utf-8") for module in modules]
    return hashlib.sha256("\0".join([*texts, MINDSPORE]).encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Result:
    """What became of a case. error: the largest |a - b| over max |b| of floats. failure: what is wrong, if anything."""

    index: int
    error: float
    failure: str = ""


def batches(seed: int, primitive: str, cases: int) -> list[Batch]:
    """`cases` cases of a primitive. Each batch has a thousand indices of its own to draw from."""
    starts = range(0, cases, BATCH)
    return [Batch(seed, primitive, 1000 * i, min(BATCH, cases - start)) for i, start in enumerate(starts)]


def case_of(seed: int, primitive: str, index: int) -> Case:
    """The case with that number."""
    return GENERATORS[primitive](Draw.of(seed, primitive, index))


def repeat(batch: Batch, result: Result) -> str:
    """The command that computes this case alone."""
    return f"python -m {__package__} --seed {batch.seed} --ops {batch.primitive} --case {result.index}"


def prepare(wanted: Iterable[Batch], folder: Path) -> None:
    """Make the exports that are missing, all of a seed in one process."""
    missing = [batch for batch in wanted if not (folder / batch.key).exists()]
    for seed in {batch.seed for batch in missing}:
        require_mindspore()
        arguments = [
            str(part)
            for batch in missing
            if batch.seed == seed
            for part in (batch.primitive, batch.first, batch.count, folder / batch.key)
        ]
        command = [sys.executable, str(HERE / "exporter.py"), str(seed), *arguments]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"the exporter failed:\n{done.stdout[-300:]}\n{done.stderr[-4000:]}")


def judge(batch: Batch, folder: Path) -> list[Result]:
    """The results of a prepared batch: by the references and by a session, the worse of both for each case."""
    path = folder / batch.key
    numbers: list[tuple[int, int]] = [tuple(pair) for pair in json.loads((path / "cases.json").read_text("utf-8"))]
    if not numbers:
        return []
    with np.load(path / "data.npz") as data:
        inputs = {key.removeprefix("input:"): data[key] for key in data if key.startswith("input:")}
        outputs = [data[f"output:{i}"] for i in range(sum(count for _, count in numbers))]
    export = Export(path / "model.mindir", inputs, outputs)
    missing = _missing(batch.primitive, export, len(numbers))
    if missing:
        return [Result(index, np.inf, missing) for index, _ in numbers]
    try:
        computed = [(way.__name__, way(export)) for way in WAYS]
    except Exception as error:
        if batch.count == 1:
            return [Result(numbers[0][0], np.inf, f"{type(error).__name__}: {error}")]
        alone = [Batch(batch.seed, batch.primitive, index, 1) for index, _ in numbers]
        prepare(alone, folder)
        return [result for single in alone for result in judge(single, folder)]
    return [_result(batch, index, part, computed, outputs) for index, part in _parts(numbers)]


def _parts(numbers: Sequence[tuple[int, int]]) -> Iterator[tuple[int, slice]]:
    """For every case its index and where its outputs are."""
    start = 0
    for index, count in numbers:
        yield index, slice(start, start + count)
        start += count


def _missing(primitive: str, export: Export, count: int) -> str:
    """What is wrong where not every case has this primitive: MindSpore's functions choose theirs themselves."""
    model = open_container(export.mindir).model
    names = {p.name: p.op_type for p in model.primitives}
    graphs = [model.graph, *model.functions]
    used = [names.get(node.op_type.removeprefix("REF::"), node.op_type) for graph in graphs for node in graph.node]
    if used.count(primitive) >= count:
        return ""
    return f"the export of {count} cases has it {used.count(primitive)} times, and {sorted(set(used))}"


def _result(
    batch: Batch, index: int, part: slice, computed: list[tuple[str, list[Array]]], outputs: list[Array]
) -> Result:
    case = case_of(batch.seed, batch.primitive, index)
    worst, failures = 0.0, []
    for way, ys in computed:
        for y, expected in zip(ys[part], outputs[part], strict=True):
            error, failure = compare(y, expected, case.exact)
            worst = max(worst, error)
            if failure:
                failures.append(f"{way}: {failure}")
    return Result(index, worst, "; ".join(failures))


def compare(y: Array, expected: Array, exact: bool = False) -> tuple[float, str]:
    """(the largest |y - expected| over max |expected|, what is wrong)."""
    if (y.shape, y.dtype) != (expected.shape, expected.dtype):
        return np.inf, f"{y.dtype}{list(y.shape)}, MindSpore gives {expected.dtype}{list(expected.shape)}"
    if exact or expected.dtype.kind != "f":
        if np.array_equal(y, expected, equal_nan=expected.dtype.kind == "f"):
            return 0.0, ""
        where = np.flatnonzero(~((y == expected) | ((y != y) & (expected != expected))))
        return np.inf, f"{len(where)} of {y.size} elements differ, {_shown(y, expected, where)}"
    finite = np.isfinite(expected)
    other = ~((y == expected) | (np.isnan(y) & np.isnan(expected)) | (finite & np.isfinite(y)))
    if np.any(other):
        return np.inf, f"infinite or NaN elsewhere, {_shown(y, expected, np.flatnonzero(other))}"
    a, b = y[finite].astype(np.float64), expected[finite].astype(np.float64)
    error = float(np.abs(a - b).max(initial=0.0) / max(np.abs(b).max(initial=0.0), 1e-30))
    if error <= TOLERANCES[expected.dtype.name]:
        return error, ""
    largest = np.flatnonzero(finite)[np.argsort(-np.abs(a - b))]
    return error, f"differs by {error:.1e} of the largest, {_shown(y, expected, largest)}"


def _shown(y: Array, expected: Array, where: Array) -> str:
    first = where[:3]
    return f"at {first.tolist()}: {y.ravel()[first].tolist()} for {expected.ravel()[first].tolist()}"
