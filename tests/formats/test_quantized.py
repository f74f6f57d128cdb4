"""Quantized graphs as `.ms` files: what is written is read back, and computes what the graph says."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from converter.emit.graph import emit
from converter.ir.evaluate import evaluate
from converter.ir.graph import Graph, Value
from lite import Session, ops
from lite.coded import Coded, pack
from lite.errors import InvalidModelError
from lite.model import read_model
from lite.ops.binary import AddFusion
from lite.ops.quantized import Affine, QuantDTypeCast, Quantized
from lite.types import Array, DType, TensorSpec
from tests.formats.files import small_tree, write

RNG = np.random.default_rng(11)
CONV = ops.attributes("Conv2DFusion", {"stride": (1, 1), "dilation": (1, 1), "group": 1, "pad_list": (1, 1, 1, 1)})
PRODUCT = ops.attributes("MatMulFusion", {"transpose_b": True})


def coded(bits: int, blocks: tuple[int, int, int], *shape: int) -> Value:
    """A constant float32 that is stored in codes, one scale for each channel of the blocks."""
    codes = RNG.integers(-(1 << (bits - 1)), 1 << (bits - 1), shape)
    words = codes.astype(np.int8).reshape(-1) if bits == 8 else pack(codes, bits)
    channels = blocks[1]
    one = np.ones(channels, np.float32)
    scale = np.linspace(0.5, 1, channels, dtype=np.float32) / (1 << bits)
    stored = Coded(words, bits, shape, blocks, scale, np.zeros(channels, np.int32), one, 0 * one)
    return Value(TensorSpec(DType.FLOAT32, shape, "w", stored))


def network(*weights: Value) -> Graph:
    """conv, then a matrix product."""
    graph = Graph()
    x = graph.add_input(TensorSpec(DType.FLOAT32, (1, 4, 4, 2), "x"))
    (h,) = graph.add(CONV, [x, weights[0]], "conv")
    (h,) = graph.add(ops.attributes("Reshape", {}), [h, Value.constant(np.array([1, 48], np.int32))], "flat")
    graph.outputs = list(graph.add(PRODUCT, [h, weights[1]], "y"))
    return graph


@pytest.mark.parametrize("bits", [2, 4, 5, 8, 11, 15])
def test_weights_in_codes_are_decoded(bits: int) -> None:
    graph = network(coded(8, (1, 3, 18), 3, 3, 3, 2), coded(bits, (1, 5, 48), 5, 48))
    x = RNG.normal(size=(1, 4, 4, 2)).astype(np.float32)
    expected = evaluate(graph, {"x": x})["y"]
    data = emit(graph)
    model = read_model(data)
    assert [node.quant_type for node in model.nodes] == [4, 0, 4]
    for delegates in (None, ["reference"]):
        with Session(data, delegates=delegates) as session:
            np.testing.assert_allclose(session.run(x), expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("offset", [False, True])
@pytest.mark.parametrize("bits", [3, 4, 8, 12])
def test_groups_have_scales_of_their_own(bits: int, offset: bool) -> None:
    grouped = coded(bits, (1, 10, 24), 5, 48)
    data = grouped.spec.data
    assert isinstance(data, Coded)
    if offset:
        offsets = np.linspace(-1, 1, 10, dtype=np.float32)
        data = replace(data, mean_corr=offsets, zero_point=np.arange(10, dtype=np.int32))
        grouped.spec = TensorSpec(DType.FLOAT32, (5, 48), "w", data)
    graph = network(coded(8, (1, 3, 18), 3, 3, 3, 2), grouped)
    x = RNG.normal(size=(1, 4, 4, 2)).astype(np.float32)
    expected = evaluate(graph, {"x": x})["y"]
    for delegates in (None, ["reference"]):
        with Session(emit(graph), delegates=delegates) as session:
            np.testing.assert_allclose(session.run(x), expected, atol=1e-5 * np.abs(expected).max())
            assert [step.op for step in session.steps] == ["Conv2DFusion", "Reshape", "MatMulFusion"]


@pytest.mark.parametrize("scale", [float("nan"), float("inf"), -3e38, 0.0])
def test_scales_of_groups_may_be_anything(scale: float) -> None:
    grouped = coded(4, (1, 10, 24), 5, 48)
    assert isinstance(grouped.spec.data, Coded)
    grouped.spec.data.scale[3] = scale
    with np.errstate(all="ignore"):
        data = emit(network(coded(8, (1, 3, 18), 3, 3, 3, 2), grouped))
    with Session(data) as session:
        assert session.run(np.ones((1, 4, 4, 2), np.float32)).shape == (1, 5)


def quantized_network() -> Graph:
    """float32 to codes, a convolution of codes, and back."""
    x_codes, y_codes = Affine((0.02,), (5,)), Affine((0.05,), (-9,))
    w_codes = Affine((0.01, 0.02, 0.03))
    b_codes = Affine(tuple(0.02 * s for s in w_codes.scale), bits=32)
    graph = Graph()
    x = graph.add_input(TensorSpec(DType.FLOAT32, (1, 4, 4, 2), "x"))
    (h,) = graph.add(Quantized(QuantDTypeCast(DType.FLOAT32, DType.INT8), (None,), (x_codes,)), [x], "in")
    w = Value.constant(RNG.integers(-127, 128, (3, 3, 3, 2)).astype(np.int8), "w")
    b = Value.constant(RNG.integers(-500, 500, 3).astype(np.int32), "b")
    (h,) = graph.add(Quantized(CONV, (x_codes, w_codes, b_codes), (y_codes,)), [h, w, b], "conv")
    back = Quantized(QuantDTypeCast(DType.INT8, DType.FLOAT32), (y_codes,), (None,))
    graph.outputs = list(graph.add(back, [h], "y"))
    return graph


def test_a_quantized_network_computes_the_same_from_its_file() -> None:
    graph = quantized_network()
    data = emit(graph)
    model = read_model(data)
    assert [node.quant_type for node in model.nodes] == [5, 5, 5]
    assert [node.attrs for node in model.nodes] == [node.attrs for node in graph.nodes]
    x = RNG.normal(size=(1, 4, 4, 2)).astype(np.float32)
    expected = evaluate(graph, {"x": x})["y"]
    with Session(data) as session:
        np.testing.assert_array_equal(session.run(x), expected)




@pytest.mark.parametrize("first", [True, False])
def test_an_addition_merged_into_a_product_gives_the_same_codes(first: bool) -> None:
    x_codes, h_codes, y_codes = Affine((0.05,), (4,)), Affine((0.8,), (-3,)), Affine((0.9,), (-60,))
    graph = Graph()
    x = graph.add_input(TensorSpec(DType.INT8, (1, 9, 7, 20), "x"))
    w = Value.constant(RNG.integers(-127, 128, (20, 3, 3, 20)).astype(np.int8), "w")
    (h,) = graph.add(Quantized(CONV, (x_codes, Affine((0.01,) * 20)), (h_codes,)), [x, w], "conv")
    operands = [(h, h_codes), (x, x_codes)] if first else [(x, x_codes), (h, h_codes)]
    addition = Quantized(AddFusion(), tuple(codes for _, codes in operands), (y_codes,))
    graph.outputs = list(graph.add(addition, [value for value, _ in operands], "y"))
    codes = RNG.integers(-128, 128, (1, 9, 7, 20)).astype(np.int8)
    with Session(emit(graph)) as session:
        np.testing.assert_array_equal(session.run(codes), evaluate(graph, {"x": codes})["y"])


def damaged(**parameters: object) -> bytes:
    """x + codes, with these parameters of the codes."""
    tree = small_tree()
    tree["allTensors"][1] |= {"dataType": 32, "data": bytes(3), "quantParams": [{"inited": True, **parameters}]}
    return write(tree)


@pytest.mark.parametrize(
    "parameters", [{"scale": float("nan")}, {"scale": -1.0}, {"numBits": 0}, {"numBits": 99}, {"varCorr": float("inf")}]
)
def test_damaged_parameters_are_refused(parameters: dict[str, object]) -> None:
    with pytest.raises(InvalidModelError, match="quantParams"):
        read_model(damaged(**parameters))


@pytest.mark.parametrize("scale", [1e-310, 1e-13, 1e13, 1e200])
def test_scales_beyond_what_kernels_compute_with_are_refused(scale: float) -> None:
    graph = quantized_network()
    for node in graph.nodes:
        attrs = node.attrs
        assert isinstance(attrs, Quantized)
        stored = (*attrs.inputs, *attrs.outputs)
        wide = [replace(a, scale=(scale,)) if a is not None and len(a.scale) == 1 else a for a in stored]
        node.attrs = Quantized(attrs.inner, tuple(wide[: len(attrs.inputs)]), tuple(wide[len(attrs.inputs) :]))
    with pytest.raises(InvalidModelError, match=r"expected scales from|expected a finite scale"):
        read_model(emit(graph))


def test_scales_of_another_axis_than_the_outputs_are_refused() -> None:
    graph = quantized_network()
    conv = next(node for node in graph.nodes if node.op == "Conv2DFusion")
    assert isinstance(conv.attrs, Quantized)
    x, _, bias = conv.attrs.inputs
    conv.attrs = Quantized(conv.attrs.inner, (x, Affine((0.01, 0.02), axis=3), bias), conv.attrs.outputs)
    with pytest.raises(InvalidModelError, match="a scale for each output of the weights"):
        read_model(emit(graph))


def test_a_constant_in_codes_is_float32_to_its_reader() -> None:
    model = read_model(damaged(scale=0.5, zeroPoint=2))
    value: Array | None = model.tensors[1].spec.value
    assert value is not None
    np.testing.assert_array_equal(value, np.float32([-1, -1, -1]))
