"""Runs generated cases: MindSpore exports many of a primitive as one network, and each result is judged by itself."""

from __future__ import annotations

import functools
import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from converter.mindir.container import open_container
from tests.conformance.generate.case import Array, Case, Draw
from tests.conformance.generate.index import GENERATORS
from tests.conformance.judge import WAYS
from tests.conformance.oracle import MINDSPORE, Export, require_mindspore
from tests.conformance.side_by_side import in_shares

HERE = Path(__file__).parent
BATCH = 100  # cases of one network
_DEATHS = 20  # of MindSpore, that are worth going on after
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
        """A file name; other cases, another exporter or MindSpore have another key."""
        return f"generated-{self.primitive}-{self.seed}-{self.first}-{self.count}-{_digest(self)}"


@functools.cache
def _digest(batch: Batch) -> str:
    digest = hashlib.sha256(f"{MINDSPORE}\0{(HERE / 'exporter.py').read_text('utf-8')}".encode())
    for index in range(batch.first, batch.first + batch.count):
        case = case_of(batch.seed, batch.primitive, index)
        digest.update(str(case).encode())
        for operand in case.operands.values():
            digest.update(np.ascontiguousarray(operand).data)
    return digest.hexdigest()[:12]


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
    """Make the exports that are missing, those of a seed in a process for each core.

    Where MindSpore brings one down, another goes on, which draws the cases of that batch one by one and leaves those
    out that bring it down.
    """
    missing = [batch for batch in wanted if not (folder / batch.key).exists()]
    for seed in {batch.seed for batch in missing}:
        require_mindspore()
        in_shares(functools.partial(_export, seed, folder), [batch for batch in missing if batch.seed == seed])


def _export(seed: int, folder: Path, batches: Sequence[Batch]) -> None:
    for left in _until_done(batches, folder):
        jobs = [str(p) for batch in left for p in (batch.primitive, batch.first, batch.count, folder / batch.key)]
        command = [sys.executable, str(HERE / "exporter.py"), str(seed), *jobs]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode > 0:
            raise RuntimeError(f"the exporter failed:\n{done.stdout[-300:]}\n{done.stderr[-4000:]}")


def _until_done(batches: Sequence[Batch], folder: Path) -> Iterator[list[Batch]]:
    """Those that are not there yet, again and again; for the first of them, what to leave out grows."""
    for _ in range(len(batches) + _DEATHS):
        left = [batch for batch in batches if not (folder / batch.key).exists()]
        if not left:
            return
        yield left
        first = next((folder / batch.key for batch in left if not (folder / batch.key).exists()), None)
        if first is not None:
            skipped = first.with_name(f"{first.name}.skip")
            trying = first.with_name(f"{first.name}.trying")
            known = json.loads(skipped.read_text("utf-8")) if skipped.exists() else []
            more = [int(trying.read_text("utf-8"))] if trying.exists() else []
            skipped.write_text(json.dumps(known + more), "utf-8")
    raise RuntimeError(f"MindSpore ends again and again while it exports {left[0]}")


def judge(batch: Batch, folder: Path) -> list[Result]:
    """The results of a prepared batch: by the references and by a session, the worse of both for each case."""
    path = folder / batch.key
    numbers: list[tuple[int, int]] = [tuple(pair) for pair in json.loads((path / "cases.json").read_text("utf-8"))]
    with np.load(path / "data.npz") as data:
        inputs = {key.removeprefix("input:"): data[key] for key in data if key.startswith("input:")}
        outputs = [data[f"output:{i}"] for i in range(sum(count for _, count in numbers))]
    export = Export(path / "model.mindir", inputs, outputs)
    if numbers and not _missing(batch.primitive, export, len(numbers)):
        with suppress(Exception):  # each case by itself says which it is
            computed = _computed(export)
            return [_result(batch, index, part, computed, outputs) for index, part in _parts(numbers)]
    with tempfile.TemporaryDirectory() as temporary:
        return [
            _alone(batch, index, case_export(export, place, outputs[part], Path(temporary) / f"{index}.mindir"))
            for place, (index, part) in enumerate(_parts(numbers))
        ]


def _computed(export: Export) -> list[tuple[str, list[Array]]]:
    return [(way.__name__, way(export)) for way in WAYS]


def _alone(batch: Batch, index: int, export: Export) -> Result:
    """The result of one case, cut out of its batch."""
    missing = _missing(batch.primitive, export, 1)
    if missing:
        return Result(index, np.inf, missing)
    try:
        return _result(batch, index, slice(None), _computed(export), export.outputs)
    except Exception as error:
        return Result(index, np.inf, f"{type(error).__name__}: {error}")


def case_export(export: Export, place: int, outputs: list[Array], target: Path) -> Export:
    """Of a network that returns many results, the part that computes one: what it needs, written to `target`."""
    model = open_container(export.mindir).model
    nodes = {node.output[0]: node for node in model.graph.node}
    results = nodes[model.graph.output[0].name]
    while results.op_type.removeprefix("REF::").startswith("Depend"):  # what happens in place comes first
        results = nodes[results.input[0]]
    wanted = results.input[place]
    model.graph.output[0].name = wanted
    needed: set[str] = set()
    left = [wanted, *(name for body in model.functions for node in body.node for name in node.input)]
    while left:
        name = left.pop()
        if name not in needed:
            needed.add(name)
            left += nodes[name].input if name in nodes else ()
    for node in [node for node in model.graph.node if node.output[0] not in needed]:
        model.graph.node.remove(node)
    for info in [info for info in model.graph.input if info.name not in needed]:
        model.graph.input.remove(info)
    target.write_bytes(model.SerializeToString())
    names = {info.name.rpartition(":")[2] for info in model.graph.input}
    return Export(target, {name: x for name, x in export.inputs.items() if name in names}, outputs)


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
