"""Channels made alike in size: networks compute what they did, ranges meet, and what else is read stays."""
from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from converter.errors import OptionError, QuantizeError
from converter.ir.evaluate import evaluate
from converter.ir.graph import Graph, Node, Value
from converter.ir.verify import verify
from converter.quantize.apply import balance, quantize
from converter.quantize.calibrate import channel_peaks
from converter.quantize.channels import input_peaks, output_peaks, readers
from converter.quantize.measure import copy, measure
from converter.quantize.settings import Quantization
from lite.ops.binary import AddFusion
from lite.ops.conv2d import Conv2DFusion
from lite.ops.enums import ActivationType
from lite.ops.full_connection import FullConnection
from lite.ops.layer_norm import LayerNormFusion
from lite.ops.matmul import MatMulFusion
from lite.ops.pool import AvgPoolFusion
from lite.ops.reshape import Reshape
from lite.types import Array, DType, TensorSpec

RNG = np.random.default_rng(17)
_RELU, _RELU6 = ActivationType.RELU, ActivationType.RELU6
WIDE: dict[str, Any] = {"stride": (1, 1), "dilation": (1, 1), "group": 1, "pad_list": (1, 1, 1, 1)}
POINT = {**WIDE, "pad_list": (0, 0, 0, 0)}
PLANTED = np.where(np.arange(16) % 7 == 3, 50, 1).astype(np.float32)


def normal(*shape: int) -> Array:
    return RNG.normal(size=shape).astype(np.float32)


def constant(array: Array) -> Value:
    return Value.constant(np.float32(array), "c")


def samples(*shape: int) -> list[Array]:
    return [normal(*shape) for _ in range(6)]


def transformer() -> Graph:
    """A norm that two products read, one under another shape; few of its channels are large."""
    graph = Graph()
    x = graph.add_input(TensorSpec(DType.FLOAT32, (2, 5, 16), "x"))
    norm = LayerNormFusion(begin_norm_axis=-1, begin_params_axis=-1)
    (h,) = graph.add(norm, [x, constant(PLANTED), constant(PLANTED * normal(16))], "norm")
    (a,) = graph.add(MatMulFusion(), [h, constant(normal(16, 24) / PLANTED[:, None]), constant(normal(24))], "a")
    (rows,) = graph.add(Reshape(), [h, Value.constant(np.array([10, 16], np.int32))], "rows")
    (b,) = graph.add(FullConnection(), [rows, constant(normal(24, 16) / PLANTED)], "b")
    graph.outputs = [a, b]
    return graph


def images(activation: ActivationType = _RELU, scale: float = 1.0) -> Graph:
    """Convolutions, one of them depthwise, one in groups, and a product of all pixels."""
    graph = Graph()
    x = graph.add_input(TensorSpec(DType.FLOAT32, (1, 6, 6, 4), "x"))
    spread = np.exp(normal(8)).reshape(-1, 1, 1, 1)
    wide = {**WIDE, "activation_type": activation}
    (h,) = graph.add(Conv2DFusion(**wide), [x, constant(scale * spread * normal(8, 3, 3, 4)), constant(normal(8))], "1")
    (h,) = graph.add(Conv2DFusion(**{**wide, "group": 8}), [h, constant(normal(8, 3, 3, 1) / 3)], "2")
    (h,) = graph.add(Conv2DFusion(**{**POINT, "group": 2}), [h, constant(normal(6, 1, 1, 4)), constant(normal(6))], "3")
    (h,) = graph.add(Reshape(), [h, Value.constant(np.array([1, 216], np.int32))], "row")
    graph.outputs = list(graph.add(MatMulFusion(transpose_b=True), [h, constant(normal(5, 216))], "4"))
    return graph


def named(graph: Graph, name: str) -> Node:
    return next(node for node in graph.nodes if node.name == name)


def check_same(before: Graph, after: Graph, x: Array) -> None:
    verify(after)
    wanted, got = (evaluate(graph, {"x": x}) for graph in (before, after))
    for y, other in zip(wanted.values(), got.values(), strict=True):
        np.testing.assert_allclose(other, y, rtol=0, atol=1e-5 * np.abs(y).max())


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
def test_smoothing_keeps_the_function_and_levels_channels(alpha: float) -> None:
    graph, seen = transformer(), samples(2, 5, 16)
    settings = Quantization(seen, smooth=alpha)
    before = copy(graph)
    balance(graph, settings)
    check_same(before, graph, seen[0])
    value = named(graph, "norm").outputs[0]
    channels = channel_peaks(graph, [value], settings)[value]
    weights = np.max([input_peaks(node, 16) for node in readers(graph, value)], axis=0)
    np.testing.assert_allclose(channels**alpha, weights ** (1 - alpha), rtol=1e-4)


@pytest.mark.parametrize("kind", ["full", "dynamic"])
def test_smoothing_helps_where_few_channels_are_large(kind: str) -> None:
    seen = samples(2, 5, 16)
    errors = []
    for alpha in (None, 0.5):
        graph, settings = transformer(), Quantization(seen, kind=kind, smooth=alpha)
        balance(graph, settings)
        errors.append(measure(copy(graph), quantize(graph, settings), seen).error)
    assert errors[1] < 0.3 * errors[0]


def test_a_norm_that_others_read_stays() -> None:
    for more in (lambda graph, h: graph.add(AddFusion(), [h, graph.inputs[0]]), lambda graph, h: [h]):
        graph = transformer()
        graph.outputs += more(graph, named(graph, "norm").outputs[0])
        balance(graph, Quantization(samples(2, 5, 16), smooth=0.5))
        np.testing.assert_array_equal(named(graph, "norm").inputs[1].data, PLANTED)


def test_weights_that_two_products_share_stay() -> None:
    graph = transformer()
    shared = named(graph, "b").inputs[1]
    (other,) = graph.add(FullConnection(), [graph.inputs[0], shared], "other")
    graph.outputs.append(other)
    balance(graph, Quantization(samples(2, 5, 16), smooth=0.5))
    assert named(graph, "b").inputs[1] is shared


@pytest.mark.parametrize("activation", [ActivationType.NO_ACTIVATION, _RELU])
def test_equalization_keeps_the_function_and_levels_weights(activation: ActivationType) -> None:
    graph, x = images(activation), normal(1, 6, 6, 4)
    before = copy(graph)
    balance(graph, Quantization(equalize=True))
    check_same(before, graph, x)
    for first, second in (("1", "2"), ("2", "3")):
        out = output_peaks(named(graph, first))
        np.testing.assert_allclose(out, input_peaks(named(graph, second), len(out)), rtol=0.01)


@pytest.mark.parametrize("scale", [0.01, 0.3, 10.0])
def test_channels_stay_on_their_side_of_the_bound(scale: float) -> None:
    graph, seen = images(_RELU6, scale), samples(1, 6, 6, 4)
    settings, value = Quantization(seen, equalize=True), named(graph, "1").outputs[0]
    before, peaks = copy(graph), channel_peaks(graph, [value], settings)[value]
    balance(graph, settings)
    check_same(before, graph, seen[0])
    after = channel_peaks(graph, [value], settings)[value]
    np.testing.assert_array_equal(after[peaks >= 6], peaks[peaks >= 6])
    assert (after[peaks < 5.9] < 5.901).all()


def test_channels_without_weights_stay() -> None:
    graph = images()
    w = named(graph, "1").inputs[1]
    data = np.array(w.data)
    data[3] = 0
    w.spec = TensorSpec.of(data, "w")
    before = copy(graph)
    balance(graph, Quantization(equalize=True))
    check_same(before, graph, normal(1, 6, 6, 4))


def test_what_a_pool_reads_stays() -> None:
    graph = Graph()
    x = graph.add_input(TensorSpec(DType.FLOAT32, (1, 6, 6, 4), "x"))
    w = constant(normal(8, 3, 3, 4))
    (h,) = graph.add(Conv2DFusion(**WIDE), [x, w], "1")
    (h,) = graph.add(AvgPoolFusion(global_=True), [h], "pool")
    graph.outputs = list(graph.add(Conv2DFusion(**POINT), [h, constant(normal(3, 1, 1, 8))], "2"))
    balance(graph, Quantization(equalize=True))
    assert named(graph, "1").inputs[1] is w


def test_samples_are_needed_where_ranges_are() -> None:
    settings = Quantization(smooth=0.5)
    with pytest.raises(QuantizeError, match="there are no samples"):
        balance(transformer(), settings)
    with pytest.raises(QuantizeError, match="there are no samples"):
        balance(images(_RELU6), replace(settings, smooth=None, equalize=True))
    with pytest.raises(QuantizeError, match="sample 0 does not fit"):
        balance(transformer(), replace(settings, samples=samples(3)))


@pytest.mark.parametrize("values", [{"smooth": 1.5}, {"smooth": "a"}, {"smooth": True}, {"equalize": 1}])
def test_settings_out_of_range(values: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=next(iter(values))):
        Quantization(**values)
