"""`.ms` files as sources: what they hold is read again, or refused by name."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import converter
from converter import optimize
from converter.emit.graph import emit
from converter.errors import ConvertError, OptionError, ParseError
from converter.exporters.onnx.onnx_pb2 import ModelProto
from converter.ir.evaluate import evaluate
from converter.ir.text import parse
from converter.ir.verify import verify
from converter.ms import is_ms, read_ms
from lite import Session
from lite.errors import InvalidModelError, LiteError, UnsupportedOpError
from tests.cli.conftest import DIGITS
from tests.hostile import mutated, structure
from tests.test_official_models import FILES

MS = DIGITS / "digits.ms"
X = np.random.default_rng(0).random((1, 1, 8, 8), np.float32)

KEEPS = """
graph keeps
input %x: float32[?,2]
state %total: float32[2] = [1.0, 2.0]
%sum = ReduceFusion(%x, [0]) {mode=ReduceSum}
%next = AddFusion(%sum, %total)
%y = MulFusion(%next, [10.0])
output %y, %x
keep %next
"""


def test_a_file_converts_to_itself() -> None:
    assert is_ms(MS)
    assert is_ms(MS.read_bytes())
    assert not is_ms(DIGITS / "digits.mindir")
    assert not is_ms(DIGITS / "absent.ms")
    assert converter.convert(MS) == converter.convert(MS.read_bytes()) == MS.read_bytes()


def test_what_is_exported_of_it_is_the_network(tmp_path: Path) -> None:
    converter.export(MS, tmp_path / "again.onnx")
    converter.export(DIGITS / "digits.mindir", tmp_path / "model.onnx")
    again, model = (ModelProto.FromString((tmp_path / f"{name}.onnx").read_bytes()) for name in ("again", "model"))
    assert [node.op_type for node in again.graph.node] == [node.op_type for node in model.graph.node]
    converter.export(MS, tmp_path / "again.mindir")
    with Session(MS) as one, converter.load(tmp_path / "again.mindir") as other:
        np.testing.assert_allclose(one.run(X), other.run(X), rtol=1e-5)


def test_it_can_be_quantized() -> None:
    settings = {"quantization": {"samples": [X]}}
    with converter.load(MS, options=settings) as one, converter.load(DIGITS / "digits.mindir", options=settings) as two:
        np.testing.assert_array_equal(one.run(X), two.run(X))


def test_states_open_dimensions_and_inputs_that_are_outputs_are_read() -> None:
    data = emit(optimize(parse(KEEPS)))
    graph = read_ms(data)
    verify(graph)
    assert [state.tolist() for state in graph.states] == [[1, 2]]
    x = np.ones((3, 2), np.float32)
    with Session(data) as one, Session(emit(optimize(graph))) as other:
        for _ in range(2):
            for y, expected in zip(other.run(x).values(), one.run(x).values(), strict=True):
                np.testing.assert_array_equal(y, expected)
    fixed = read_ms(data, {one.inputs[0].name: (3, 2)})
    assert fixed.inputs[0].spec.shape == (3, 2)


def test_outputs_are_chosen() -> None:
    node = read_ms(MS).nodes[0]
    graph = read_ms(MS, outputs=[node.name])
    assert graph.outputs == graph.nodes[0].outputs
    verify(graph)


def test_codes_are_refused() -> None:
    for settings in ({"samples": [X]}, {"kind": "weight"}):
        data = converter.convert(MS, {"quantization": settings})
        with pytest.raises(UnsupportedOpError, match=r"(?s)in codes|with codes.*MindIR export"):
            converter.convert(data)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"checkpoint": {"a": X}}, "give the MindIR"),
        ({"input_shapes": {"y": (1,)}}, "no input 'y'"),
        ({"input_shapes": {"x": (1, 1, 9, 9)}}, "no open dimension"),
        ({"outputs": ["nothing"]}, "no tensor or node 'nothing'"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(OptionError, match=words):
        converter.convert(MS, options)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cut.ms").write_bytes(MS.read_bytes()[:4000])
    with pytest.raises(InvalidModelError, match=r"cut\.ms"):
        converter.export(tmp_path / "cut.ms", tmp_path / "x.onnx")
    assert not (tmp_path / "x.onnx").exists()


def test_mutated_files_are_refused_or_converted() -> None:
    data = MS.read_bytes()
    places = structure(data)
    kinds = {kind_of(mutated(data, places, seed)) for seed in range(150)}
    assert kinds <= {"converted", "InvalidModelError", "ParseError", "UnsupportedOpError"}


def kind_of(data: bytes) -> str:
    try:
        converter.convert(data)
    except LiteError as error:
        return type(error).__name__
    return "converted"


@pytest.mark.skipif(not FILES.is_dir(), reason=f"published .ms files are looked for in {FILES}")
@pytest.mark.parametrize("name", ["ml_face_isface", "lenet_tod_infer", "parallel"])
def test_files_of_others_are_read(name: str) -> None:
    source = FILES / f"{name}.ms"
    graph = read_ms(source)
    verify(graph)
    rng = np.random.default_rng(1)
    x = {value.name: rng.random(value.spec.shape, np.float32) for value in graph.inputs}
    expected = evaluate(graph, x)
    with converter.load(source) as session:
        result = session.run(list(x.values()))
    outputs = list(result.values()) if isinstance(result, dict) else [result]
    for y, wanted in zip(outputs, expected.values(), strict=True):
        np.testing.assert_allclose(y, wanted, rtol=0, atol=1e-4 * np.abs(wanted).max())


@pytest.mark.skipif(not FILES.is_dir(), reason=f"published .ms files are looked for in {FILES}")
def test_training_graphs_of_others_are_refused() -> None:
    with pytest.raises((UnsupportedOpError, ConvertError, ParseError)):
        converter.convert(FILES / "lenet_train.ms")
