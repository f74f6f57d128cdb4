"""`mlite export` and `converter.export`: what they write, how formats are chosen, and that a failure leaves nothing."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import converter
from converter.exporters.mindir import write_mindir
from converter.exporters.onnx import write_onnx
from converter.exporters.onnx.onnx_pb2 import ModelProto
from converter.ir.evaluate import evaluate
from converter.ir.graph import Graph, Value
from converter.mindir.reader import read_mindir
from lite.errors import UnsupportedOpError
from lite.ops.activation import Activation
from lite.ops.conv2d import Conv2DFusion
from lite.ops.enums import ActivationType, PadMode
from lite.ops.fill import LinSpace
from lite.types import DType, TensorSpec
from tests.cli.conftest import DIGITS, Mlite

MINDIR = DIGITS / "digits.mindir"


def test_writes_what_export_writes(mlite: Mlite, tmp_path: Path) -> None:
    done = mlite("export", MINDIR, "-o", tmp_path / "cli.onnx")
    assert done.code == 0
    assert "cli.onnx" in done.out
    converter.export(MINDIR.read_bytes(), tmp_path / "api.onnx", options={"optimize": True})
    assert (tmp_path / "cli.onnx").read_bytes() == (tmp_path / "api.onnx").read_bytes()
    model = ModelProto.FromString((tmp_path / "cli.onnx").read_bytes())
    assert [value.name for value in model.graph.input] == ["x"]
    assert {"Conv", "Gemm"} <= {node.op_type for node in model.graph.node}
    assert "Transpose" not in {node.op_type for node in model.graph.node}


def test_format_is_said_or_named_by_the_suffix(mlite: Mlite, tmp_path: Path) -> None:
    assert mlite("export", MINDIR, "-o", tmp_path / "model", "--format", "onnx").code == 0
    assert ModelProto.FromString((tmp_path / "model").read_bytes()).opset_import[0].version >= 17


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("{mindir} -o {empty}/x.air", ["AIR", "Ascend"]),
        ("{mindir} -o {empty}/x.pb", ["'{empty}/x.pb'", "ONNX"]),
        ("{mindir} -o {empty}/x.onnx --format tflite", ["'tflite'", "ONNX"]),
        ("{ms} -o {empty}/x.onnx --checkpoint {mindir}", ["checkpoint", "give the MindIR export"]),
        ("{mindir} -o {empty}/absent/x.onnx", ["does not exist"]),
        ("{mindir} -o {empty}/x.onnx --outputs nothing", ["nothing"]),
    ],
)
def test_misuse_is_one_message(mlite: Mlite, tmp_path: Path, arguments: str, named: list[str]) -> None:
    places = {"empty": tmp_path, "mindir": MINDIR, "ms": DIGITS / "digits.ms"}
    done = mlite("export", *arguments.format(**places).split())
    assert done.code == 1
    assert done.err.startswith("mlite: error: ")
    assert all(word.format(**places) in done.err for word in named), done.err
    assert not list(tmp_path.iterdir())


def test_what_is_written_as_mindir_is_read_again(tmp_path: Path) -> None:
    converter.export(MINDIR, tmp_path / "again.mindir")
    x = np.random.default_rng(3).standard_normal((1, 1, 8, 8)).astype(np.float32)
    first, again = (evaluate(read_mindir(path), {"x": x}) for path in (MINDIR, tmp_path / "again.mindir"))
    for expected, y in zip(first.values(), again.values(), strict=True):
        np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-5)
    assert again.keys() == first.keys()


def test_wrong_types_are_argument_errors(tmp_path: Path) -> None:
    for arguments in ((3, tmp_path / "x.onnx"), (MINDIR, 3), (MINDIR, tmp_path / "x", 3)):
        with pytest.raises(converter.ArgumentError):
            converter.export(*arguments)  # type: ignore[arg-type]


def test_all_that_cannot_be_said_is_listed_at_once() -> None:
    graph = Graph()
    bounds = [graph.add_input(TensorSpec(DType.FLOAT32, (), name)) for name in ("start", "stop")]
    count = Value.constant(np.array(5, np.int32))
    graph.outputs = [graph.add(LinSpace(), [*bounds, count], name)[0] for name in ("first", "second")]
    for write, target in ((write_onnx, "ONNX"), (write_mindir, "MindIR")):
        with pytest.raises(UnsupportedOpError, match=f"2 of 2 operators in main are not expressible as {target}"):
            write(graph)


def test_outputs_keep_their_names_whatever_they_are() -> None:
    graph = Graph()
    x = graph.add_input(TensorSpec(DType.FLOAT32, (1, 4, 4, 2), "x"))
    w = Value.constant(np.ones((3, 1, 1, 2), np.float32), "w")
    conv = Conv2DFusion(stride=(1, 1), dilation=(1, 1), group=1, pad_mode=PadMode.VALID)
    (y,) = graph.add(conv, [x, w], "y")
    (z,) = graph.add(Activation(ActivationType.RELU), [y], "z")
    graph.outputs = [y, z, x]
    model = ModelProto.FromString(bytes(write_onnx(graph)))
    assert [value.name for value in model.graph.output] == ["y", "z", "x:1"]
    made = {name for node in model.graph.node for name in node.output}
    assert {"y", "z", "x:1"} <= made
