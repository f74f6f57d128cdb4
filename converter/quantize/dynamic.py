"""Quantize products whose activations become codes while the network runs, so that no samples are needed.

    MatMulFusion, FullConnection, Conv2DFusion of single pixels     int8 weights, a scale a channel, and x by row

    LSTM, GRULayer, RNNLayer                                        both products by row; weights are stored in groups

(lite/ops/dynamic.py says what that computes.) Products of two computed matrices stay as they are, and so do weights
that are few, or too large or small for a scale. Of other convolutions a row of weights meets several rows of x: they
stay float32 too.
"""
from __future__ import annotations

from dataclasses import replace

import numpy as np

from converter.ir.graph import Graph, Node, Value
from converter.quantize.affine import is_codable, weight_affine, weight_codes
from converter.quantize.full import channel_axis
from converter.quantize.settings import Quantization
from converter.quantize.weights import WEIGHTS
from lite.ops.conv2d import Conv2DFusion
from lite.ops.quantized import PRODUCTS, RECURRENT, Affine, Quantized, is_by_row
from lite.types import DType


def by_row(graph: Graph, settings: Quantization) -> list[Node]:
    """The nodes that are quantized by row, in order."""
    return [node for node in graph.all_nodes() if node.name not in settings.skip_nodes and _is_able(node, settings)]


def quantize_recurrent(graph: Graph, settings: Quantization) -> Graph:
    """The graph with the products of recurrent layers by row; nodes are changed in place."""
    for node in by_row(graph, settings):
        if node.op in RECURRENT:
            node.attrs = Quantized(node.attrs, (None,) * len(node.inputs), (None,) * len(node.outputs))
    return graph


def quantize_dynamic(graph: Graph, settings: Quantization) -> Graph:
    """The graph with products by row; nodes are changed in place."""
    made: dict[tuple[int, int], tuple[Value, Affine]] = {}
    products = [node for node in by_row(graph, settings) if node.op not in RECURRENT]
    for node in products:
        old = node.inputs[1]
        w = old.data
        assert w is not None, "by_row has looked"
        axis = channel_axis(node, w.ndim)
        if (id(old), axis) not in made:
            affine = weight_affine(w, axis)
            made[id(old), axis] = Value.constant(weight_codes(w, affine), old.name), affine
        new, affine = made[id(old), axis]
        node.attrs = _attributes(node, affine)
        node.inputs[1] = new
        old.users.remove(node)
        new.users.append(node)
    return quantize_recurrent(graph, settings)


def _is_able(node: Node, settings: Quantization) -> bool:
    if node.op in RECURRENT:
        return all(_is_large(node.inputs[position], settings) for position in WEIGHTS[node.op])
    if node.op not in PRODUCTS or len(node.inputs) < 2:
        return False
    x, w, *rest = node.inputs
    if x.spec.dtype != DType.FLOAT32 or x.spec.is_known or not _is_large(w, settings):
        return False
    if node.op == "MatMulFusion" and w.spec.rank != 2:
        return False
    return all(v.data is not None for v in rest) and is_by_row(_attributes(node, Affine((1.0,))))


def _is_large(weights: Value, settings: Quantization) -> bool:
    """Whether weights are constant, float32, suited to codes, and many enough to be worth it."""
    data = weights.spec.data if weights.producer is None else None
    if not isinstance(data, np.ndarray) or data.dtype != np.float32 or data.size < max(settings.min_weights, 1):
        return False
    return is_codable(data)


def _attributes(node: Node, weights: Affine) -> Quantized:
    """The attributes of the product by row."""
    inner = node.attrs
    if isinstance(inner, Conv2DFusion):  # files may leave it to the weights to say
        inner = replace(inner, kernel_size=node.inputs[1].spec.shape[1:3])
    return Quantized(inner, (None, weights, *[None] * (len(node.inputs) - 2)), (None,))
