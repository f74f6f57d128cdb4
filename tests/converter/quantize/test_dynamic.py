"""Products whose rows become codes while a network runs: which, what their files say, how close they stay."""
from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from converter.emit.graph import emit
from converter.errors import QuantizeError
from converter.ir.evaluate import evaluate
from converter.ir.graph import Graph, Value
from converter.ir.verify import verify
from converter.quantize.apply import quantize
from converter.quantize.measure import copy, measure
from converter.quantize.settings import Quantization
from lite import Session, ops
from lite.coded import Coded
from lite.model import read_model
from lite.ops.quantized import is_by_row
from lite.schema import layout
from lite.schema.decode import Decoder
from lite.schema.describe import Schema
from lite.types import Array, DType, TensorSpec

RNG = np.random.default_rng(7)
PRODUCT, OTHER_WAY = ops.attributes("MatMulFusion", {}), ops.attributes("MatMulFusion", {"transpose_b": True})
POINT = ops.attributes("Conv2DFusion", {"stride": (1, 1), "dilation": (1, 1), "group": 1})
WIDE = ops.attributes("Conv2DFusion", {"stride": (1, 1), "dilation": (1, 1), "group": 1, "pad_list": (1, 1, 1, 1)})
DENSE = ops.attributes("FullConnection", {"activation_type": 1})
SETTINGS = Quantization(kind="dynamic")


def normal(*shape: int) -> Array:
    return RNG.normal(size=shape).astype(np.float32)


def constant(*shape: int) -> Value:
    return Value.constant(normal(*shape) / 4, "w")


def attention() -> Graph:
    """Two products of one operand, a product of both, an addition, a layer of rows."""
    graph = Graph()
    x = graph.add_input(TensorSpec(DType.FLOAT32, (1, 9, 16), "x"))
    (a,) = graph.add(PRODUCT, [x, constant(16, 24), constant(24)], "a")
    (b,) = graph.add(OTHER_WAY, [x, constant(24, 16)], "b")
    (h,) = graph.add(OTHER_WAY, [a, b], "scores")
    (h,) = graph.add(PRODUCT, [h, constant(9, 40)], "h")
    (h,) = graph.add(DENSE, [h, constant(32, 40), constant(32)], "dense")
    graph.outputs = list(graph.add(PRODUCT, [h, constant(32, 20)], "y"))
    return graph


def pictures() -> Graph:
    """A convolution of 3x3 pixels and one of single pixels."""
    graph = Graph()
    x = graph.add_input(TensorSpec(DType.FLOAT32, (1, 6, 6, 8), "x"))
    (h,) = graph.add(WIDE, [x, constant(16, 3, 3, 8), constant(16)], "wide")
    graph.outputs = list(graph.add(POINT, [h, constant(24, 1, 1, 16), constant(24)], "point"))
    return graph


def by_row(graph: Graph) -> list[str]:
    return [node.name for node in graph.nodes if is_by_row(node.attrs)]


@pytest.mark.parametrize(("make", "names"), [(attention, ["a", "b", "h", "dense", "y"]), (pictures, ["point"])])
def test_files_compute_what_the_graph_says_and_stay_close(make: Any, names: list[str]) -> None:
    exact = make()
    coded = quantize(copy(exact), SETTINGS)
    verify(coded)
    assert by_row(coded) == names
    x = normal(*exact.inputs[0].spec.shape)
    expected = evaluate(coded, {"x": x})
    data = emit(coded)
    for delegates in (None, ["reference"]):
        with Session(data, delegates=delegates) as session:
            y = session.run(x)
            np.testing.assert_allclose(y, expected[session.outputs[0].name], rtol=0, atol=1e-5 * np.abs(y).max())
    assert measure(exact, coded, [x]).error < 0.03


@pytest.mark.parametrize("given", [False, True], ids=["zeros", "given"])
@pytest.mark.parametrize("op", ["LSTM", "GRULayer", "RNNLayer"])
def test_recurrent_layers(op: str, given: bool) -> None:
    """given: the first state is an input."""
    graph = Graph()
    x = graph.add_input(TensorSpec(DType.FLOAT32, (7, 1, 16), "x"))
    shape = (1, 1, 24) if op == "LSTM" else (1, 24)
    first = Value.constant(np.zeros(shape, np.float32))
    values = {"x": normal(7, 1, 16)}
    if given:
        first = graph.add_input(TensorSpec(DType.FLOAT32, shape, "h"))
        values["h"] = normal(*shape)
    if op == "LSTM":
        attrs = ops.attributes(op, {"has_bias": True, "input_size": 16, "hidden_size": 24})
        inputs = [x, first, first, constant(4 * 24 * 41)]
    else:
        attrs, rows = ops.attributes(op, {}), 72 if op == "GRULayer" else 24
        inputs = [x, first, constant(rows, 16), constant(rows, 24), constant(rows), constant(rows)]
    graph.outputs = [graph.add(attrs, inputs, "layer")[0]]
    coded = quantize(copy(graph), SETTINGS)
    assert by_row(coded) == ["layer"]
    data = emit(coded)
    assert [node.quant_type for node in read_model(data).nodes if node.op == op] == [6]
    assert len(data) < 0.6 * len(emit(graph))
    expected = evaluate(coded, values)[graph.outputs[0].name]
    for delegates in (None, ["reference"]):
        with Session(data, delegates=delegates) as session:
            assert [step.op for step in session.steps] == [op]
            np.testing.assert_allclose(session.run(values), expected, rtol=0, atol=0.01)
    assert measure(graph, coded, [values]).error < 0.03


def test_one_operand_is_made_codes_once_in_the_file() -> None:
    model = read_model(emit(quantize(attention(), SETTINGS)))
    assert [node.op for node in model.nodes].count("DynamicQuant") == 4
    assert [node.quant_type for node in model.nodes if node.op != "DynamicQuant"] == [6, 6, 0, 6, 6, 6]


def test_the_file_says_what_other_readers_look_for() -> None:
    schema = Schema(layout.TABLES, layout.ENUMS, layout.UNION)
    root = Decoder(schema, memoryview(emit(quantize(pictures(), SETTINGS)))).root(layout.ROOT)
    (made,) = [node for node in root["nodes"] if node["primitive"]["value_type"] == "DynamicQuant"]
    fields = made["primitive"]["value"]
    assert (fields["dst_type"], fields["symmetric"], fields["activation_channel"]) == (32, False, True)
    (point,) = [node for node in root["nodes"] if made["outputIndex"][0] in node["inputIndex"]]
    tensors = [root["allTensors"][i] for i in (*point["inputIndex"], *point["outputIndex"])]
    assert [tensor["dataType"] for tensor in tensors] == [32, 32, 43, 43]
    assert [len(tensor["quantParams"] or ()) for tensor in tensors] == [0, 24, 0, 0]


def test_a_table_that_is_looked_up_and_multiplied_with() -> None:
    table = constant(64, 16)
    graph = Graph()
    x = graph.add_input(TensorSpec(DType.INT32, (3,), "x"))
    (h,) = graph.add(ops.attributes("Gather", {}), [table, x, Value.constant(np.array(0, np.int32))], "look up")
    graph.outputs = list(graph.add(OTHER_WAY, [h, table], "y"))
    coded = quantize(graph, SETTINGS)
    assert by_row(coded) == ["y"]
    indices = np.array([3, 60, 7], np.int32)
    with Session(emit(coded)) as session:
        np.testing.assert_allclose(session.run(indices), evaluate(coded, {"x": indices})["y"], rtol=1e-5, atol=1e-5)


def test_what_stays_float32() -> None:
    graph = quantize(attention(), replace(SETTINGS, skip_nodes=("a", "dense"), min_weights=400))
    assert by_row(graph) == ["y"]
    kept = next(node for node in graph.nodes if node.name == "dense").inputs[1].spec.data
    assert isinstance(kept, np.ndarray)


def test_other_weights_are_stored_as_codes() -> None:
    wide = quantize(pictures(), SETTINGS).nodes[0]
    assert isinstance(wide.inputs[1].spec.data, Coded)


def test_nothing_to_quantize() -> None:
    with pytest.raises(QuantizeError, match=r"fewer weights each than min_weights, 10000: .* 'full'.* or lower"):
        quantize(attention(), replace(SETTINGS, min_weights=10_000))
    graph = Graph()
    x = graph.add_input(TensorSpec(DType.FLOAT32, (1, 6, 6, 8), "x"))
    graph.outputs = list(graph.add(WIDE, [x, constant(16, 3, 3, 8), constant(16)], "wide"))
    with pytest.raises(QuantizeError, match=r"nothing to quantize dynamically: no matrix product.* use 'full'"):
        quantize(graph, SETTINGS)


def test_threads_change_nothing() -> None:
    graph = Graph()
    x = graph.add_input(TensorSpec(DType.FLOAT32, (200, 256), "x"))
    graph.outputs = list(graph.add(PRODUCT, [x, constant(256, 300)], "y"))
    data, given = emit(quantize(graph, SETTINGS)), normal(200, 256)
    results = []
    for threads in (1, 2, 3):
        with Session(data, threads=threads) as session:
            results.append(session.run(given).tobytes())
    assert len(set(results)) == 1
