"""Multiply constant weights by a scalar instead of the activations they lead to.

    matmul(transpose(reshape(dense(x, w, b))), k) / 8   ->   matmul(transpose(reshape(dense(x, w / 8, b / 8))), k)

This is the scaling of attention scores: the product of queries and keys is much larger than the queries' weights.
Declines when: the factor is not one constant; a value on the way has another user or is a graph output; an activation
or a bias comes between; no operand comes from constant weights.
"""
from __future__ import annotations

import numpy as np

from converter.ir.edit import Patch
from converter.ir.graph import Graph, Node, Value
from converter.passes._linear import Affine, folded, only_user
from converter.passes._manager import rewrite
from converter.passes.merge_reshapes import RESHAPES
from lite.ops.binary import FusedBinary
from lite.ops.enums import ActivationType
from lite.ops.matmul import MatMulFusion
from lite.types import Array

_NONE = ActivationType.NO_ACTIVATION


@rewrite("DivFusion", "MulFusion", "RealDiv")
def fold_scalar(graph: Graph, node: Node) -> Patch | None:
    """Find a product of two computed matrices before the node, and constant weights before one of them."""
    if isinstance(node.attrs, FusedBinary) and node.attrs.activation_type is not _NONE:
        return None
    value, factor = _factor(node)
    product = value.producer
    if factor is None or product is None or not only_user(graph, value):
        return None
    if not isinstance(product.attrs, MatMulFusion) or product.attrs.activation_type is not _NONE:
        return None
    if len(product.inputs) != 2 or value.spec.shape != node.outputs[0].spec.shape:
        return None
    for operand in product.inputs:
        source = _source(graph, operand)
        pair = None
        if source is not None:
            pair = folded(graph, source, Affine(scale=np.array(factor)))
        if pair is not None and source is not None:
            linear, new = pair
            return Patch(remove=[node, linear], add=[new], replace={source: new.outputs[0], node.outputs[0]: value})
    return None


def _factor(node: Node) -> tuple[Value, float | None]:
    """(x, factor) where the node is x * factor or x / (1 / factor)."""
    x, y = node.inputs
    if node.op == "MulFusion":
        return (x, _number(y.data)) if y.data is not None else (y, _number(x.data))
    divisor = _number(y.data)
    return x, 1 / divisor if divisor else None


def _number(data: Array | None) -> float | None:
    return float(data.ravel()[0]) if data is not None and data.size == 1 and data.dtype.kind == "f" else None


def _source(graph: Graph, value: Value) -> Value | None:
    """What the value is a transpose or reshape of, where every value on the way is read only once."""
    while only_user(graph, value):
        node = value.producer
        if node is None or node.op not in (*RESHAPES, "Transpose"):
            return value
        value = node.inputs[0]
    return None
