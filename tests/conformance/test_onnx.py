"""What is written as ONNX is valid, and computes in ONNX Runtime what the references and MindSpore compute."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

import converter
from converter.exporters.onnx import write_onnx
from converter.exporters.onnx.rows import IMAGE_ROWS, ROWS
from converter.ir.graph import Graph, Value
from lite import ops
from lite.errors import UnsupportedOpError
from lite.types import TensorSpec
from tests.conformance.judge import HALF_TOLERANCE, assert_agrees
from tests.conformance.oracle import Oracle
from tests.conformance.test_networks import HALF, NETWORKS
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

# Integers divided by zero, indices outside, and sequences without a step: ONNX does not say what they give.
UNDEFINED = (
    "DivFusion-int32_towards_zero", "RealDiv-int32_towards_zero", "FloorDiv-int32", "FloorMod-int32", "Mod-int32",
    "Gather-outside_is_zero", "GatherNd-outside_is_zero", "GRULayer-a_sequence_of_no_step",
)  # fmt: skip
OPERATORS = [case for case in CASES if (case.op in ROWS or case.op in IMAGE_ROWS) and case.id not in UNDEFINED]


def run(model: bytes, inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """Check the model, and run it on one thread. Skips what ONNX Runtime has no kernel for."""
    onnx = pytest.importorskip("onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    onnx.checker.check_model(onnx.load_from_string(model), full_check=True)
    onnxruntime.set_default_logger_severity(3)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except onnxruntime.capi.onnxruntime_pybind11_state.NotImplemented as error:
        pytest.skip(f"valid, and ONNX Runtime has no kernel: {error}")
    return list(session.run(None, dict(inputs)))


def graph_of(case: Case, inputs: Sequence[np.ndarray]) -> Graph:
    """One operator; what a model would hold as constants is constant."""
    graph = Graph(case.op)
    values = [
        Value.constant(x) if i in case.constant else graph.add_input(TensorSpec.of(x, f"x{i}").like().named(f"x{i}"))
        for i, x in enumerate(inputs)
    ]
    graph.outputs = list(graph.add(case.attrs, values, case.op))
    return graph


@pytest.mark.parametrize("case", OPERATORS, ids=str)
def test_operator_agrees_with_its_reference(case: Case) -> None:
    inputs = case.inputs()
    expected = ops.evaluate(case.attrs, inputs)
    fed = {f"x{i}": x for i, x in enumerate(inputs) if i not in case.constant}
    try:
        model = bytes(write_onnx(graph_of(case, inputs)))
    except UnsupportedOpError as error:
        pytest.skip(str(error))
    for y, wanted in zip(run(model, fed), expected, strict=True):
        assert (y.shape, y.dtype) == (wanted.shape, wanted.dtype)
        rtol = ROUNDED.get(wanted.dtype, 0)
        scale = np.abs(wanted[np.isfinite(wanted)]).max(initial=0) if rtol else 0
        np.testing.assert_allclose(y, wanted, rtol=rtol, atol=rtol * scale)


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
    assert_agrees(run(path.read_bytes(), export.inputs), export, name, HALF_ROUNDED if name in HALF else TOLERANCE)
