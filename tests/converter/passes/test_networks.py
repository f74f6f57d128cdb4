"""The layout pass on whole networks: convolutions as the importer wraps them, at random."""
from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from converter.ir.evaluate import evaluate
from converter.ir.graph import Graph, Value
from converter.ir.text import parse, to_text
from converter.passes._manager import run_passes
from converter.passes.pipelines import DEFAULT
from converter.passes.sink_transposes import sink_transposes
from lite import ops
from lite.types import DType, TensorSpec
from tests.converter.passes.test_passes import assert_same, feeds_of

_TO_NHWC, _TO_NCHW = np.array([0, 2, 3, 1], np.int32), np.array([0, 3, 1, 2], np.int32)
_SIZE = 6


class Builder:
    """A network of random blocks on values [2, C, 6, 6], with NHWC operators between transposes."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.graph = Graph()
        self.values = [self.graph.add_input(TensorSpec(DType.FLOAT32, (2, 3, _SIZE, _SIZE), "x"))]

    def build(self, blocks: int) -> Graph:
        """The network; its outputs are a feature map, a vector a sample, and logits of a dense layer."""
        steps = (
            self.convolution, self.convolution, self.norm, self.activation, self.residual, self.concat,
            self.pool, self.arithmetic, self.excite, self.split, self.shuffle, self.pad,
        )  # fmt: skip
        for _ in range(blocks):
            self.values.append(steps[self.random.integers(len(steps))](self.any()))
        last = self.values[-1]
        pooled = self.op("ReduceFusion", last, np.array([2, 3], np.int32))
        flat = self.op("Flatten", last)
        logits = self.op("MatMulFusion", flat, self.weights(flat.spec.shape[1], 5))
        self.graph.outputs = [last, pooled, logits]
        for name, value in zip(("map", "pooled", "logits"), self.graph.outputs, strict=True):
            value.spec = value.spec.named(name)
        return self.graph

    def any(self) -> Value:
        """One of the last few values."""
        return self.values[-1 - self.random.integers(min(3, len(self.values)))]

    def weights(self, *shape: int) -> Value:
        """A constant that keeps activations of order 1."""
        fan_in = max(1, int(np.prod(shape[1:])))
        return Value.constant((self.random.standard_normal(shape) / np.sqrt(fan_in)).astype(np.float32))

    def op(self, name: str, *inputs: Value | np.ndarray, **fields: object) -> Value:
        """The first output of a new node."""
        values = [Value.constant(v) if isinstance(v, np.ndarray) else v for v in inputs]
        return self.graph.add(ops.attributes(name, fields), values, f"{name}{len(self.graph.nodes)}")[0]

    def wrapped(self, name: str, x: Value, *inputs: Value, **fields: object) -> Value:
        """An NHWC operator on an NCHW value."""
        y = self.op(name, self.op("Transpose", x, _TO_NHWC), *inputs, **fields)
        return self.op("Transpose", y, _TO_NCHW)

    def convolution(self, x: Value) -> Value:
        channels, outputs, side = x.spec.shape[1], int(self.random.integers(2, 7)), int(self.random.choice([1, 3]))
        window = {"kernel_size": [side, side], "stride": [1, 1], "dilation": [1, 1], "pad_mode": 1, "group": 1}
        y = self.wrapped("Conv2DFusion", x, self.weights(outputs, side, side, channels), **window)
        return self.wrapped("BiasAdd", y, self.weights(outputs)) if self.random.random() < 0.5 else y

    def norm(self, x: Value) -> Value:
        channels = x.spec.shape[1]
        spread = Value.constant(self.random.uniform(0.5, 1.5, channels).astype(np.float32))
        factors = [self.weights(channels) for _ in range(3)]
        return self.wrapped("FusedBatchNorm", x, *factors, spread, epsilon=1e-3)

    def activation(self, x: Value) -> Value:
        return self.op("Activation", x, activation_type=int(self.random.choice([1, 2, 3, 10])))

    def residual(self, x: Value) -> Value:
        others = [v for v in self.values if v.spec.shape == x.spec.shape]
        return self.op("AddFusion", x, others[self.random.integers(len(others))])

    def concat(self, x: Value) -> Value:
        return x if x.spec.shape[1] > 8 else self.op("Concat", x, self.any(), axis=1)

    def pool(self, x: Value) -> Value:
        name = ("MaxPoolFusion", "AvgPoolFusion")[self.random.integers(2)]
        return self.wrapped(name, x, kernel_size=[3, 3], strides=[1, 1], pad_mode=1)

    def arithmetic(self, x: Value) -> Value:
        channels = x.spec.shape[1]
        shape = ((channels, 1, 1), (1, channels, 1, 1), (_SIZE,), ())[self.random.integers(4)]
        name = ("AddFusion", "MulFusion", "SubFusion", "Maximum")[self.random.integers(4)]
        operands = [x, self.weights(*shape)]
        return self.op(name, *(operands if self.random.random() < 0.7 else operands[::-1]))

    def excite(self, x: Value) -> Value:
        channels = x.spec.shape[1]
        mean = self.op("ReduceFusion", x, np.array([2, 3], np.int32))
        gate = self.op("Activation", self.op("MatMulFusion", mean, self.weights(channels, channels)), activation_type=2)
        return self.op("MulFusion", x, self.op("Reshape", gate, np.array([2, channels, 1, 1], np.int32)))

    def split(self, x: Value) -> Value:
        if x.spec.shape[1] % 2:
            return x
        node_outputs = self.graph.add(ops.attributes("Split", {"output_num": 2, "axis": 1}), [x], "split")
        return self.op("Concat", *node_outputs[::-1], axis=1)

    def shuffle(self, x: Value) -> Value:
        batch, channels, height, width = x.spec.shape
        if channels % 2:
            return x
        groups = self.op("Reshape", x, np.array([batch, 2, channels // 2, height, width], np.int32))
        swapped = self.op("Transpose", groups, np.array([0, 2, 1, 3, 4], np.int32))
        return self.op("Reshape", swapped, np.array(x.spec.shape, np.int32))

    def pad(self, x: Value) -> Value:
        padded = self.op("PadFusion", x, np.array([[0, 0], [0, 0], [1, 0], [0, 2]], np.int32))
        begin, size = np.array([1, 2], np.int32), np.array([_SIZE, _SIZE], np.int32)
        return self.op("SliceFusion", padded, begin, size, axes=[2, 3])


@pytest.mark.parametrize("seed", range(24))
def test_random_networks_compute_the_same(seed: int) -> None:
    graph = Builder(seed).build(14)
    feeds = feeds_of(graph)
    before = evaluate(graph, feeds)
    run_passes(graph, [sink_transposes])
    assert_same(before, evaluate(graph, feeds))
    run_passes(graph, DEFAULT)
    assert_same(before, evaluate(graph, feeds))


@pytest.mark.parametrize("seed", range(24))
def test_random_networks_move_no_more_than_before(seed: int) -> None:
    graph = Builder(seed).build(14)
    before = Counter(node.op for node in graph.nodes)
    run_passes(graph, DEFAULT)
    assert Counter(node.op for node in graph.nodes)["Transpose"] <= before["Transpose"]


RESIDUAL_BLOCK = """
input %x: float32[1,4,6,6]
const %w1: float32[4,3,3,4] = seed 1
const %w2: float32[4,3,3,4] = seed 2
const %g: float32[4] = seed 3
const %v: float32[4] = [0.5, 1, 1.5, 2]
%a = Transpose(%x, [0, 2, 3, 1])
%b = Conv2DFusion(%a, %w1) {kernel_size=[3, 3], stride=[1, 1], dilation=[1, 1], pad_mode=SAME, group=1}
%c = Transpose(%b, [0, 3, 1, 2])
%d = Transpose(%c, [0, 2, 3, 1])
%e = FusedBatchNorm(%d, %g, %g, %g, %v)
%f = Transpose(%e, [0, 3, 1, 2])
%h = Activation(%f) {activation_type=RELU}
%i = Transpose(%h, [0, 2, 3, 1])
%j = Conv2DFusion(%i, %w2) {kernel_size=[3, 3], stride=[1, 1], dilation=[1, 1], pad_mode=SAME, group=1}
%k = Transpose(%j, [0, 3, 1, 2])
%l = AddFusion(%h, %k)
%y = Activation(%l) {activation_type=RELU}
output %y
"""


def test_a_residual_block_keeps_transposes_at_its_ends_only() -> None:
    graph = parse(RESIDUAL_BLOCK)
    run_passes(graph, DEFAULT)
    assert [node.op for node in graph.nodes] == ["Transpose", "Conv2DFusion", "Conv2DFusion", "AddFusion", "Transpose"]
    assert "AddFusion(%i, %j) {activation_type=RELU}" in to_text(graph)
