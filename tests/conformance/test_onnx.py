"""What is written as ONNX is valid, and computes in ONNX Runtime what the references and MindSpore compute."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import converter
from converter.exporters.onnx import write_onnx
from converter.exporters.onnx.rows import IMAGE_ROWS, ROWS
from converter.mindir.reader import read_mindir
from converter.sidecar import Sidecar, write_model
from lite import ops
from lite.errors import UnsupportedOpError
from tests.conformance.judge import HALF_TOLERANCE, assert_agrees
from tests.conformance.oracle import Oracle
from tests.conformance.reexport import EngineError, by_onnx, by_onnxruntime
from tests.conformance.test_networks import HALF, NETWORKS
from tests.converter.test_exporters import graph_of
from tests.ops.case import Case
from tests.ops.cases import CASES

pytestmark = pytest.mark.conformance
TOLERANCE = 2e-4  # of the largest |output|
HALF_ROUNDED = 2 * HALF_TOLERANCE  # ONNX Runtime rounds in other places than MindSpore
ROUNDED = {np.dtype(np.float16): 4e-3, np.dtype(np.float32): 1e-5, np.dtype(np.float64): 1e-6}

TWO_STAGES = (
    "ctpn", "deep_text", "faster_rcnn_resnet50", "faster_rcnn_resnet101", "faster_rcnn_resnet152", "mask_rcnn",
    "mask_rcnn_mobilenet_v1",
)  # fmt: skip
REFUSED = {"looping": "it is a loop", **dict.fromkeys(TWO_STAGES, "NMSWithMask")}

# Integers divided by zero, indices outside, sequences without a step, and windows wider than the padded image: ONNX
# does not say what they give.
UNDEFINED = (
    "DivFusion-int32_towards_zero", "RealDiv-int32_towards_zero", "FloorDiv-int32", "FloorMod-int32", "Mod-int32",
    "ScatterElements-outside", "ScatterNd-outside", "ScatterNdUpdate-outside",
    "Gather-outside_is_zero", "GatherNd-outside_is_zero", "GRULayer-a_sequence_of_no_step",
    "Conv2DFusion-fits_nowhere",
)  # fmt: skip
OPERATORS = [case for case in CASES if (case.op in ROWS or case.op in IMAGE_ROWS) and case.id not in UNDEFINED]


def assert_close(y: np.ndarray, expected: np.ndarray, tolerance: float | None = None) -> None:
    """Shape, type, and values up to what an engine rounds in its own way. tolerance: another than ROUNDED has."""
    assert (y.shape, y.dtype) == (expected.shape, expected.dtype)
    rtol = ROUNDED.get(expected.dtype, 0) if tolerance is None else tolerance
    scale = np.abs(expected[np.isfinite(expected)]).max(initial=0) if rtol else 0
    np.testing.assert_allclose(y, expected, rtol=rtol, atol=rtol * scale)


def test_weights_beside_the_model_are_found(oracle: Oracle, tmp_path: Path) -> None:
    export, path = oracle.network("lenet"), tmp_path / "model.onnx"
    sidecar = Sidecar.beside(path)
    sidecar.limit = 1 << 16
    model = write_onnx(converter.optimize(read_mindir(export.mindir)), sidecar)
    write_model(path, [model], sidecar)
    assert path.stat().st_size < sidecar.nbytes == (tmp_path / "model.onnx.data").stat().st_size
    assert_agrees(by_onnxruntime(path, export.inputs), export, "lenet")


@pytest.mark.parametrize("case", OPERATORS, ids=str)
def test_operator_agrees_with_its_reference(case: Case) -> None:
    inputs = case.inputs()
    expected = ops.evaluate(case.attrs, inputs)
    fed = {f"x{i}": x for i, x in enumerate(inputs) if i not in case.constant}
    model = _written(case, inputs)
    if isinstance(model, str):  # refused; tests/converter/test_exporters.py knows which operators are
        assert case.op in model
        return
    try:
        outputs = by_onnxruntime(model, fed)
    except EngineError:  # it has no kernel for the type
        outputs = by_onnx(model, fed)
    for y, wanted in zip(outputs, expected, strict=True):
        assert_close(y, wanted)


@pytest.mark.parametrize("name", NETWORKS)
def test_network_agrees_with_mindspore(oracle: Oracle, name: str, tmp_path: Path) -> None:
    export = oracle.network(name)
    path = tmp_path / "model.onnx"
    if name in REFUSED:
        with pytest.raises(UnsupportedOpError, match=REFUSED[name]):
            converter.export(export.mindir, path)
        assert not path.exists()
        return
    converter.export(export.mindir, path)
    assert_agrees(by_onnxruntime(path, export.inputs), export, name, HALF_ROUNDED if name in HALF else TOLERANCE)


def _written(case: Case, inputs: list[np.ndarray]) -> bytes | str:
    """The operator as a file, or what is said where it is refused."""
    try:
        return bytes(write_onnx(graph_of(case, inputs)))
    except UnsupportedOpError as error:
        return str(error)
