"""What is written as MindIR, MindSpore loads, and it computes what the references and the network itself compute."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

import converter
from converter.exporters.mindir import write_mindir
from converter.exporters.mindir.rows import IMAGE_ROWS, ROWS
from converter.ir.evaluate import evaluate
from converter.mindir.reader import read_mindir
from lite import ops
from lite.errors import UnsupportedOpError
from tests.conformance.judge import HALF_TOLERANCE, assert_agrees
from tests.conformance.oracle import Oracle
from tests.conformance.reexport import EngineError, by_mindspore, run_by_mindspore
from tests.conformance.test_networks import HALF, NETWORKS
from tests.conformance.test_onnx import TOLERANCE, assert_close
from tests.converter.test_exporters import graph_of
from tests.ops.case import Case
from tests.ops.cases import CASES

pytestmark = pytest.mark.conformance

REFUSED = {"branching": "control flow", "looping": "control flow"}

# Integers divided by zero, extremes of NaN, sums of nothing, indices outside: MindSpore gives something else, or fails.
UNDEFINED = (
    "FloorDiv-int32", "FloorMod-int32", "Gather-outside_is_zero", "GatherNd-outside_is_zero",
    "MatMulFusion-nothing_summed", "Maximum-nan_wins", "Minimum-nan_wins", "ScatterNdUpdate-outside",
)  # fmt: skip
OPERATORS = [case for case in CASES if (case.op in ROWS or case.op in IMAGE_ROWS) and case.id not in UNDEFINED]


def selected(request: pytest.FixtureRequest, argument: str) -> list[object]:
    """The parameters of that name of the tests that this run asks for."""
    items = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    return [params[argument] for params in items if argument in params]


def save(folder: Path, inputs: Mapping[str, np.ndarray]) -> None:
    np.savez(folder / "inputs.npz", **inputs)  # type: ignore[arg-type]  # numpy's stubs mean allow_pickle


@pytest.fixture(scope="module")
def networks(
    request: pytest.FixtureRequest, oracle: Oracle, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """A folder for each network that this run asks for, with what MindSpore computed, all together."""
    wanted = selected(request, "name")
    names = [name for name in NETWORKS if name in wanted and name not in REFUSED]
    oracle.prepare({name: oracle.source(name) for name in names})
    folders = {name: tmp_path_factory.mktemp(name) for name in names}
    for name, folder in folders.items():
        export = oracle.network(name)
        converter.export(export.mindir, folder / "model.mindir")
        save(folder, export.inputs)
    run_by_mindspore(list(folders.values()))
    return folders


@pytest.fixture(scope="module")
def operators(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path | str]:
    """The same for operators, by the rows' names; why, for one that is refused."""
    found: dict[str, Path | str] = {}
    for case in selected(request, "case"):
        if not isinstance(case, Case):  # other modules have cases of their own
            continue
        inputs = case.inputs()
        try:
            model = write_mindir(graph_of(case, inputs))
        except UnsupportedOpError as error:
            found[case.id] = str(error)
            continue
        folder = found[case.id] = tmp_path_factory.mktemp("operator")
        (folder / "model.mindir").write_bytes(model)
        save(folder, {f"x{i}": x for i, x in enumerate(inputs) if i not in case.constant})
    run_by_mindspore([place for place in found.values() if isinstance(place, Path)])
    return found


@pytest.mark.parametrize("name", [name for name in NETWORKS if name not in REFUSED])
def test_network_agrees_with_itself(oracle: Oracle, networks: dict[str, Path], name: str) -> None:
    outputs = by_mindspore(networks[name])
    assert_agrees(outputs, oracle.network(name), name, HALF_TOLERANCE if name in HALF else TOLERANCE)


@pytest.mark.parametrize("case", OPERATORS, ids=str)
def test_operator_agrees_with_its_reference(operators: dict[str, Path | str], case: Case) -> None:
    place = operators[case.id]
    if isinstance(place, str):  # refused; tests/converter/test_exporters.py knows which operators are
        assert case.op in place
        return
    inputs = case.inputs()
    try:
        outputs: Sequence[np.ndarray] = by_mindspore(place)
    except EngineError as error:
        if "Unsupported data type" not in str(error):  # which MindSpore has no kernel for: the importer judges the file
            raise
        fed = {f"x{i}": x for i, x in enumerate(inputs) if i not in case.constant}
        outputs = list(evaluate(read_mindir(place / "model.mindir"), fed).values())
    for y, wanted in zip(outputs, ops.evaluate(case.attrs, inputs), strict=True):
        assert_close(y, wanted, 1e-4 if wanted.dtype == np.float32 else None)  # its tanh is off by 5e-5


@pytest.mark.parametrize("name", REFUSED)
def test_refused_by_name(oracle: Oracle, name: str, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedOpError, match=REFUSED[name]):
        converter.export(oracle.network(name).mindir, tmp_path / "model.mindir")
    assert not list(tmp_path.iterdir())
