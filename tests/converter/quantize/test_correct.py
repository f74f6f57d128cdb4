"""Bias correction: the shift of means is that which rounded weights cause, and biases make up for it."""
from __future__ import annotations

import numpy as np
import pytest

from converter.ir.evaluate import evaluate
from converter.ir.graph import Graph, Node, Value
from converter.ir.verify import verify
from converter.quantize.affine import weight_affine, weight_codes
from converter.quantize.correct import correct_biases, input_means
from converter.quantize.full import channel_axis
from converter.quantize.settings import Quantization
from lite.ops.conv2d import Conv2DFusion
from lite.ops.full_connection import FullConnection
from lite.ops.matmul import MatMulFusion
from lite.ops.registry import Attributes
from lite.types import Array, DType, TensorSpec

RNG = np.random.default_rng(5)
PLAIN = Conv2DFusion(stride=(1, 1), dilation=(1, 1), group=1, pad_list=(1, 1, 1, 1))
STRIDED = Conv2DFusion(stride=(2, 1), dilation=(1, 2), group=2, pad_list=(0, 2, 1, 0))
DEPTHWISE = Conv2DFusion(stride=(2, 2), dilation=(1, 1), group=6, pad_list=(1, 0, 1, 0))
CASES = {
    "convolution": (PLAIN, (2, 7, 6, 6), (5, 3, 3, 6), True),
    "convolution without bias": (PLAIN, (1, 5, 5, 6), (5, 3, 3, 6), False),
    "groups, strides, dilation": (STRIDED, (2, 9, 8, 6), (4, 3, 2, 3), True),
    "depthwise": (DEPTHWISE, (1, 8, 8, 6), (6, 3, 3, 1), True),
    "matmul": (MatMulFusion(), (3, 4, 9), (9, 5), True),
    "matmul, transposed": (MatMulFusion(transpose_b=True), (4, 9), (5, 9), False),
    "fully connected": (FullConnection(has_bias=True, axis=1), (4, 9), (5, 9), True),
    "fully connected without bias": (FullConnection(axis=1), (4, 9), (5, 9), False),
}


def network(attrs: Attributes, x: tuple[int, ...], w: tuple[int, ...], has_bias: bool) -> Graph:
    graph = Graph()
    inputs = [graph.add_input(TensorSpec(DType.FLOAT32, x, "x"))]
    inputs.append(Value.constant(RNG.normal(size=w).astype(np.float32), "w"))
    if has_bias:
        outputs = w[-1] if attrs == MatMulFusion() else w[0]
        inputs.append(Value.constant(RNG.normal(size=outputs).astype(np.float32), "b"))
    graph.outputs = list(graph.add(attrs, inputs, "y"))
    return graph


def with_rounded_weights(graph: Graph, node: Node) -> None:
    w = node.inputs[1].data
    assert w is not None
    affine = weight_affine(w, channel_axis(node, w.ndim))
    rounded = Value.constant((weight_codes(w, affine) * affine.spread(w.ndim)[0]).astype(np.float32), "w")
    node.inputs[1].users.remove(node)
    node.inputs[1] = rounded
    rounded.users.append(node)


def means(y: Array) -> Array:
    result: Array = y.reshape(-1, y.shape[-1]).mean(axis=0)
    return result


@pytest.mark.parametrize("case", CASES)
def test_means_are_those_of_exact_weights(case: str) -> None:
    graph = network(*CASES[case])
    (node,) = graph.nodes
    samples = [RNG.normal(1, 1, size=CASES[case][1]).astype(np.float32) for _ in range(3)]
    exact = sum(means(evaluate(graph, {"x": x})["y"]) for x in samples)
    found = input_means(graph, Quantization())
    for x in samples:
        found[node].see(x)
    correct_biases(found)
    with_rounded_weights(graph, node)
    verify(graph)
    np.testing.assert_allclose(sum(means(evaluate(graph, {"x": x})["y"]) for x in samples), exact, atol=2e-5)


def test_what_was_not_seen_is_not_corrected() -> None:
    graph = network(*CASES["convolution"])
    found = input_means(graph, Quantization())
    before = graph.nodes[0].inputs[2]
    found[graph.nodes[0]].see(np.full((2, 7, 6, 6), np.nan, np.float32))
    correct_biases(found)
    assert graph.nodes[0].inputs[2] is before
