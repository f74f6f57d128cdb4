"""Fold per-channel arithmetic into the convolution or matrix product before it.

    conv(x, w, b) + c, bias_add(conv(x, w, b), c)   ->   conv(x, w, b + c)
    conv(x, w, b) - c;  c - conv(x, w, b)           ->   conv(x, w, b - c);  conv(x, -w, c - b)
    conv(x, w, b) * c;  conv(x, w, b) / c           ->   conv(x, w c, b c);  conv(x, w / c, b / c)
    scale(conv(x, w, b), s, c)                      ->   conv(x, w s, b s + c)

c is a constant with one element, or one a channel. An activation fused into the arithmetic moves to the convolution.
Declines when: the convolution's output has another user or is a graph output; an activation comes between; weights that
would be scaled are shared; c holds a zero to divide by.
"""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

from converter.ir.edit import Patch
from converter.ir.graph import Graph, Node, Value
from converter.passes._linear import Affine, channel_vector, folded
from converter.passes._manager import rewrite
from lite.ops.enums import ActivationType
from lite.ops.per_channel import ScaleFusion
from lite.types import Array

ScaleShift = tuple["Array | None", "Array | None"]

# What `y op c` is as (scale, shift) of y.
_BEHIND: dict[str, Callable[[Array], ScaleShift]] = {
    "AddFusion": lambda c: (None, c),
    "BiasAdd": lambda c: (None, c),
    "SubFusion": lambda c: (None, -c),
    "MulFusion": lambda c: (c, None),
    "DivFusion": lambda c: (1 / c, None),
    "RealDiv": lambda c: (1 / c, None),
}

# What `c op y` is.
_BEFORE: dict[str, Callable[[Array], ScaleShift]] = {
    "AddFusion": lambda c: (None, c),
    "SubFusion": lambda c: (-np.ones_like(c), c),
    "MulFusion": lambda c: (c, None),
}


@rewrite("ScaleFusion", *_BEHIND)
def fold_bias(graph: Graph, node: Node) -> Patch | None:
    """Fold one node of arithmetic."""
    for value in node.inputs[:2]:
        affine = _scale(node) if isinstance(node.attrs, ScaleFusion) else _arithmetic(node, value)
        pair = None if affine is None else folded(graph, value, affine)
        if pair is not None:
            linear, new = pair
            return Patch(remove=[node, linear], add=[new], replace={node.outputs[0]: new.outputs[0]})
    return None


def _arithmetic(node: Node, value: Value) -> Affine | None:
    """The node as a function of one of its two operands."""
    behind = value is node.inputs[0]
    table = _BEHIND if behind else _BEFORE
    vector = channel_vector(node.inputs[1 if behind else 0], value.spec)
    if vector is None or node.op not in table or (node.op in ("DivFusion", "RealDiv") and not vector.all()):
        return None
    return Affine(*table[node.op](vector), _activation(node))


def _scale(node: Node) -> Affine | None:
    """The node as a function of its first operand, where its factors lie along the last axis."""
    spec = node.inputs[0].spec
    assert isinstance(node.attrs, ScaleFusion)
    if node.attrs.axis % spec.rank != spec.rank - 1:
        return None
    factors = [channel_vector(factor, spec) for factor in node.inputs[1:]]
    if any(factor is None for factor in factors):
        return None
    return Affine(factors[0], factors[1] if len(factors) == 2 else None, _activation(node))


def _activation(node: Node) -> ActivationType:
    kind: ActivationType = getattr(node.attrs, "activation_type", ActivationType.NO_ACTIVATION)
    return kind
