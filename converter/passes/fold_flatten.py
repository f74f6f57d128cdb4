"""Reorder the weights behind a flatten instead of the activations before it.

    matmul(flatten(transpose(x, [0, 3, 1, 2])), w)   ->   matmul(flatten(x), w with its rows in x's order)

This is how the last convolution of a network exported as NCHW meets its classifier.
Declines when: the weights are not constant or not a matrix, or have another user; the transpose moves the batch; the
reshape does more than to flatten everything behind the batch.
"""
from __future__ import annotations

import numpy as np

from converter.ir.edit import Patch
from converter.ir.graph import Graph, Node, Value, make_node
from converter.passes._layout import Permutation, Shape, inverse, make_reshape, transpose_of
from converter.passes._manager import rewrite
from converter.passes.merge_reshapes import RESHAPES
from lite.ops.full_connection import FullConnection
from lite.ops.matmul import MatMulFusion
from lite.types import Array


@rewrite("FullConnection", "MatMulFusion")
def fold_flatten(graph: Graph, node: Node) -> Patch | None:
    """Let the product read the flattened base of the transpose."""
    weights = node.inputs[1]
    feature_axis = _feature_axis(node)
    found = _flattened(node.inputs[0])
    if feature_axis is None or found is None or weights.data is None or len(weights.users) > 1:
        return None
    base, perm, shape = found
    flat = make_reshape(base, node.inputs[0].spec.shape, node.inputs[0].producer)
    if flat is None:
        return None
    order = Value.constant(_reordered(weights.data, feature_axis, shape, perm), weights.name)
    product = make_node(node.attrs, [flat.outputs[0], order, *node.inputs[2:]], node.name, node.origin)
    return Patch(remove=[node], add=[flat, product], replace={node.outputs[0]: product.outputs[0]})


def _feature_axis(node: Node) -> int | None:
    """The axis of the weights that runs over the features, where weights and input are plain matrices."""
    if any(v.spec.rank != 2 for v in node.inputs[:2]):
        return None
    if isinstance(node.attrs, MatMulFusion):
        return None if node.attrs.transpose_a else int(node.attrs.transpose_b)
    assert isinstance(node.attrs, FullConnection)
    return None if node.attrs.use_axis and node.attrs.axis % 2 != 1 else 1


def _flattened(value: Value) -> tuple[Value, Permutation, Shape] | None:
    """(x, perm, shape behind the batch) where the value is flatten(transpose(x, perm)), each row from one row of x."""
    flatten = value.producer
    if flatten is None or flatten.op not in RESHAPES:
        return None
    transposed = flatten.inputs[0]
    perm = transpose_of(transposed.producer)
    shape = transposed.spec.shape
    if transposed.producer is None or perm is None or perm[0] != 0 or min(shape[1:], default=-1) < 1:
        return None
    if value.spec.shape != (shape[0], int(np.prod(shape[1:]))):
        return None
    return transposed.producer.inputs[0], perm, shape[1:]


def _reordered(weights: Array, axis: int, shape: Shape, perm: Permutation) -> Array:
    """The weights with `axis`, which runs over `shape` in the transpose's order, in the base's order."""
    back = tuple(i - 1 for i in inverse(perm)[1:])
    if axis == 0:
        rows = weights.reshape(*shape, -1).transpose(*back, len(shape))
    else:
        rows = weights.reshape(-1, *shape).transpose(0, *(i + 1 for i in back))
    return np.ascontiguousarray(rows).reshape(weights.shape)
