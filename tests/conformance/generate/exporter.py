"""MindSpore's side of generated cases, a program in a process of its own.

    exporter.py SEED [PRIMITIVE FIRST COUNT FOLDER ...]

Draws cases of a primitive from index FIRST on, until MindSpore computes COUNT of them; one that it refuses is drawn
again, which is the next index. They become one network, with an input for each operand that is no constant.
Into FOLDER go model.mindir, data.npz as tests/conformance/exporter.py writes it, and cases.json: for every case its
index and how many outputs it has. A folder appears complete or not at all.
"""

from __future__ import annotations

import itertools
import json
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import mindspore as ms
import numpy as np

sys.path.append(str(Path(__file__).resolve().parents[3]))

from tests.conformance.exporter import flatten, load
from tests.conformance.generate.case import Array, Case, Draw
from tests.conformance.generate.index import GENERATORS

_TRIES = 9  # more for every case wanted, so that a primitive whose cases are all refused ends
_HEAD = """\
import mindspore as ms
from mindspore import nn, ops
from mindspore.ops import auto_generate


class Cases(nn.Cell):
    def __init__(self, constants):
        super().__init__()
"""

Numbered = tuple[int, Case]


def source(cases: list[Numbered]) -> str:
    """A module with the cell of these cases; graph mode wants its text in a file."""
    settings = [f"        self.op_{i} = {case.op}\n" for i, case in cases if case.op]
    settings += [f"        self.{n}_{i} = constants['{n}_{i}']\n" for i, case in cases for n in case.constant]
    inputs = [f"{name}_{i}" for i, case in cases for name in case.operands if name not in case.constant]
    body = [f"        r_{i} = {_expression(i, case)}\n" for i, case in cases]
    results = ", ".join(f"r_{i}" for i, _ in cases)
    construct = f"\n    def construct(self, {', '.join(inputs)}):\n{''.join(body)}        return ({results},)\n"
    return _HEAD + "".join(settings) + construct


def _expression(i: int, case: Case) -> str:
    names = {n: f"self.{n}_{i}" if n in case.constant else f"{n}_{i}" for n in case.operands}
    return case.expression.format(op=f"self.op_{i}", **names)


def tensor(array: Array) -> ms.Tensor:
    """The array as MindSpore has it."""
    return ms.Tensor(np.ascontiguousarray(array) if array.shape else array)


@dataclass(frozen=True)
class Computed:
    """The network of some cases, its inputs, and for each case its outputs."""

    cell: ms.nn.Cell
    inputs: dict[str, Array]
    outputs: list[list[Array]]


Drawn = tuple[list[Numbered], Computed | None]


def compute(cases: list[Numbered], path: Path, mode: int = ms.GRAPH_MODE) -> Computed | None:
    """What MindSpore makes of these cases together, None where it refuses."""
    ms.set_context(mode=mode)
    path.write_text(source(cases), "utf-8")
    try:
        constants = {f"{n}_{i}": tensor(case.operands[n]) for i, case in cases for n in case.constant}
        cell = load(path).Cases(constants).set_train(False)
        inputs = {f"{n}_{i}": x for i, case in cases for n, x in case.operands.items() if n not in case.constant}
        return Computed(cell, inputs, [list(flatten(result)) for result in cell(*map(tensor, inputs.values()))])
    except Exception:
        return None


def draw(seed: int, primitive: str, first: int, count: int, work: Path, target: Path) -> Drawn:
    """The first `count` cases that MindSpore accepts: all at once; or one by one, where some are refused; or one by one
    in graph mode, which refuses others, and where MindSpore ended in the last process.
    """
    skipped = target.with_name(f"{target.name}.skip")
    left_out = json.loads(skipped.read_text("utf-8")) if skipped.exists() else []
    numbers = [index for index in range(first, first + (_TRIES + 1) * count) if index not in left_out]
    cases = [(index, GENERATORS[primitive](Draw.of(seed, primitive, index))) for index in numbers]
    if not skipped.exists():
        computed = compute(cases[:count], work / "first.py")
        if computed is not None:
            return cases[:count], computed
        chosen = _accepted(cases, count, work, ms.PYNATIVE_MODE)
        computed = compute(chosen, work / "second.py")
        if computed is not None:
            return chosen, computed
    chosen = _accepted(cases, count, work, ms.GRAPH_MODE, target.with_name(f"{target.name}.trying"))
    return chosen, compute(chosen, work / "third.py")


def _accepted(cases: list[Numbered], count: int, work: Path, mode: int, mark: Path | None = None) -> list[Numbered]:
    """The first `count` that are computed alone. mark: a file that says which of them is tried."""
    chosen: list[Numbered] = []
    for case in cases:
        if len(chosen) == count:
            break
        if mark:
            mark.write_text(str(case[0]), "utf-8")
        if compute([case], work / f"try_{case[0]}_{mode}.py", mode):
            chosen.append(case)
    return chosen


def export(drawn: Drawn, folder: Path) -> None:
    """Write the network of these cases, and what it computes, into `folder`."""
    cases, computed = drawn
    counts: list[tuple[int, int]] = []
    data: dict[str, Array] = {}
    if computed is not None:
        ms.export(
            computed.cell,
            *map(tensor, computed.inputs.values()),
            file_name=str(folder / "model"),
            file_format="MINDIR",
        )
        data = {f"input:{name}": x for name, x in computed.inputs.items()}
        data |= {f"output:{i}": y for i, y in enumerate(itertools.chain.from_iterable(computed.outputs))}
        counts = [(index, len(ys)) for (index, _), ys in zip(cases, computed.outputs, strict=True)]
    np.savez(folder / "data.npz", **data)
    (folder / "cases.json").write_text(json.dumps(counts), "utf-8")


def main(arguments: list[str]) -> None:
    """Export every (primitive, first, count, folder)."""
    ms.set_context(mode=ms.GRAPH_MODE, device_target="CPU")
    seed, jobs = int(arguments[0]), arguments[1:]
    for primitive, first, count, folder in zip(jobs[::4], jobs[1::4], jobs[2::4], jobs[3::4], strict=True):
        print(primitive, first, flush=True)
        target = Path(folder)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".part") as part:
            work = Path(part) / "export"
            work.mkdir()
            export(draw(seed, primitive, int(first), int(count), Path(part), target), work)
            shutil.rmtree(target, ignore_errors=True)
            work.rename(target)


if __name__ == "__main__":
    main(sys.argv[1:])
