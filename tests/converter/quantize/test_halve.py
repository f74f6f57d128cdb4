"""Constants in 16 bits: which, half of the bytes, what files compute, and accuracy of a trained network."""
from __future__ import annotations

import numpy as np
import pytest

import converter
from converter.emit.graph import emit
from converter.errors import QuantizeError
from converter.ir.graph import Graph, Value
from converter.ir.verify import verify
from converter.quantize.apply import quantize
from converter.quantize.settings import Quantization
from lite import Session, ops
from lite.halves import Half
from lite.model import read_model
from lite.types import Array, DType, TensorSpec
from samples.beds import BEDS, correct
from tests.converter.quantize.test_weights import convolutions, image, normal, run

KINDS = {"float16": 2.0**-11, "bfloat16": 2.0**-8}  # how far rounding goes


def halves(graph: Graph) -> list[str]:
    return [node.name for node in graph.nodes if any(isinstance(v.spec.data, Half) for v in node.inputs)]


@pytest.mark.parametrize("kind", KINDS)
def test_constants_take_half_of_the_bytes(kind: str) -> None:
    x, graph = image(), convolutions()
    wanted, weights = run(graph, x), [node.inputs[1].data for node in graph.nodes]
    whole = len(emit(graph))
    graph = quantize(graph, Quantization(kind=kind))
    verify(graph)
    assert halves(graph) == ["first", "second", "y"]
    for before, node in zip(weights, graph.nodes, strict=True):
        after = node.inputs[1].data
        assert before is not None
        assert after is not None
        np.testing.assert_allclose(after, before, rtol=KINDS[kind], atol=1e-7)
    file = emit(graph)
    assert len(file) < 0.62 * whole
    for delegates in (None, ["reference"]):
        with Session(file, delegates=delegates) as session:
            assert np.abs(session.run(x) - wanted).max() < 4 * KINDS[kind] * np.abs(wanted).max()


def test_what_stays_as_it_is() -> None:
    graph = convolutions()
    first, second = graph.nodes[:2]
    for node, number in ((first, 1e5), (second, np.inf)):
        w = node.inputs[1].data
        assert w is not None
        w[0, 0, 0, 0] = number
    assert halves(quantize(graph, Quantization(kind="float16"))) == ["y"]
    assert halves(quantize(convolutions(), Quantization(kind="float16", skip_nodes=["y"]))) == ["first", "second"]
    assert halves(quantize(convolutions(), Quantization(kind="float16", min_weights=2000))) == ["second"]
    with pytest.raises(QuantizeError, match="no constants of 5000 elements"):
        quantize(convolutions(), Quantization(kind="float16", min_weights=5000))


@pytest.mark.parametrize(
    ("kind", "factor", "kept"),
    [
        ("float16", 1e-6, True), ("float16", 1e4, False), ("float16", 1e6, True), ("float16", 0, False),
        ("bfloat16", 1e-6, False), ("bfloat16", 1e30, False), ("bfloat16", 1e-40, True),
    ],
)  # fmt: skip
def test_constants_that_16_bits_cannot_hold_stay(kind: str, factor: float, kept: bool) -> None:
    graph = convolutions()
    w = graph.nodes[0].inputs[1]
    assert w.data is not None
    scaled = (w.data / np.abs(w.data).max() * factor).astype(np.float32)
    w.data[...] = scaled
    coded = quantize(graph, Quantization(kind=kind))
    assert halves(coded) == ["first", "second", "y"][kept:]
    after = coded.nodes[0].inputs[1].data
    assert after is not None
    np.testing.assert_allclose(after, scaled, rtol=0, atol=0 if kept else 2.0**-8 * factor)


def test_a_constant_that_rounds_to_infinity_stays() -> None:
    graph = convolutions()
    w = graph.nodes[0].inputs[1].data
    assert w is not None
    w[0, 0, 0, 0] = np.finfo(np.float32).max
    assert halves(quantize(graph, Quantization(kind="bfloat16"))) == ["second", "y"]


def test_constants_that_something_else_is_computed_with_stay() -> None:
    graph = Graph()
    x = graph.add_input(TensorSpec(DType.FLOAT16, (4, 400), "x"))
    table = Value.constant(normal(400), "t")
    (h,) = graph.add(ops.attributes("Cast", {}), [x, Value.constant(np.array(43, np.int32))], "cast")
    (y,) = graph.add(ops.attributes("AddFusion", {}), [h, table], "add")
    (narrow,) = graph.add(ops.attributes("Cast", {}), [table, Value.constant(np.array(42, np.int32))], "narrow")
    graph.outputs = [y, narrow]
    with pytest.raises(QuantizeError, match="nothing to store"):
        quantize(graph, Quantization(kind="float16"))


def test_a_file_of_halves_says_what_its_constants_are() -> None:
    file = emit(quantize(convolutions(), Quantization(kind="bfloat16")))
    stored: list[Array | Half | None] = [t.spec.data for t in read_model(file).tensors]
    assert [data.brain for data in stored if isinstance(data, Half)] == [True] * 3


@pytest.mark.parametrize(("kind", "lost"), [("float16", 1), ("bfloat16", 2)])
def test_a_trained_network_stays_accurate(kind: str, lost: int) -> None:
    bed = BEDS["digits"]
    model = converter.convert(bed.model, {"quantization": {"kind": kind}})
    assert len(model) < 0.65 * len(converter.convert(bed.model))
    with Session(model, threads=1) as session:
        assert correct(session, bed.heldout()) >= 357 - lost
