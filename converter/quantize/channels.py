"""Factors of a tensor's channels, moved between what computes the tensor and the products that read it.

    y = x * w,  z = y * v        is        y' = x * (w / s),  z = y' * (s v)        s: a number a channel of y

Channels are the last axis of a tensor. Weights and biases are replaced, not written to.
"""
from __future__ import annotations

import numpy as np

from converter.ir.graph import Graph, Node, Value
from converter.passes.merge_reshapes import RESHAPES
from converter.quantize.full import channel_axis
from lite.ops.conv2d import Conv2DFusion
from lite.ops.full_connection import FullConnection
from lite.ops.layer_norm import LayerNormFusion
from lite.ops.matmul import MatMulFusion
from lite.types import Array, DType

Product = Conv2DFusion | FullConnection | MatMulFusion


def is_product(node: Node) -> bool:
    """Whether it multiplies with constant weights, some, that nobody else reads, and adds a constant or nothing."""
    attrs, constants = node.attrs, [value.data for value in node.inputs[1:]]
    if not isinstance(attrs, (Conv2DFusion, FullConnection, MatMulFusion)) or not constants:
        return False
    if isinstance(attrs, MatMulFusion) and (attrs.transpose_a or node.inputs[1].spec.rank != 2):
        return False
    for data in constants:
        if data is None or not data.size or data.dtype != np.float32 or not np.isfinite(data).all():
            return False
    return node.inputs[0].spec.dtype == DType.FLOAT32 and len(node.inputs[1].users) == 1


def readers(graph: Graph, value: Value) -> list[Node]:
    """The products that read the value, under other shapes too; none where it has any other use."""
    found: list[Node] = []
    pending = [value]
    for each in pending:
        if graph.is_output(each):
            return []
        for node in each.users:
            if is_product(node) and node.inputs[0] is each and each not in node.inputs[1:]:
                found.append(node)
            elif node.op in RESHAPES and node.outputs[0].spec.shape[-1:] == value.spec.shape[-1:]:
                pending.append(node.outputs[0])
            else:
                return []
    fits = all(_by_input(node, value.spec.shape[-1]) is not None for node in found)
    return list(dict.fromkeys(found)) if fits else []


def input_peaks(node: Node, channels: int) -> Array:
    """The largest weight of each channel of a product's input."""
    split = _by_input(node, channels)
    assert split is not None, "readers has looked"
    w, axes = split
    return np.abs(w).max(axis=axes).reshape(-1)  # type: ignore[no-any-return]


def output_peaks(node: Node) -> Array:
    """The largest weight of each channel of a product's output."""
    w = _weights(node)
    axis = channel_axis(node, w.ndim)
    return np.abs(w).max(axis=tuple(d for d in range(w.ndim) if d != axis))  # type: ignore[no-any-return]


def multiply_inputs(node: Node, factors: Array) -> None:
    """Give a product weights for an input whose channels are divided by these factors."""
    split = _by_input(node, len(factors))
    assert split is not None, "readers has looked"
    w, axes = split
    shape = [1 if d in axes else w.shape[d] for d in range(w.ndim)]
    _replace(node, 1, (w * factors.reshape(shape)).reshape(_weights(node).shape))


def divide_outputs(node: Node, factors: Array) -> None:
    """Have the channels of what a product or a layer norm computes divided by these factors."""
    if isinstance(node.attrs, LayerNormFusion):
        for position in (1, 2):
            data = node.inputs[position].data
            assert data is not None, "the caller has looked"
            _replace(node, position, data / factors)
        return
    w = _weights(node)
    shape = [1] * w.ndim
    shape[channel_axis(node, w.ndim)] = -1
    _replace(node, 1, w / factors.reshape(shape))
    bias = node.inputs[2].data if len(node.inputs) > 2 else None
    if bias is not None:
        _replace(node, 2, bias / factors)


def _weights(node: Node) -> Array:
    w = node.inputs[1].data
    assert w is not None, "is_product has looked"
    return w


def _by_input(node: Node, channels: int) -> tuple[Array, tuple[int, ...]] | None:
    """The weights in a shape in which input channels are one axis, or two for groups, and all other axes."""
    attrs, w = node.attrs, _weights(node)
    if isinstance(attrs, Conv2DFusion):
        outputs, height, width, per_group = w.shape
        if per_group * attrs.group != channels:
            return None
        return w.reshape(attrs.group, outputs // attrs.group, height, width, per_group), (1, 2, 3)
    if isinstance(attrs, FullConnection):
        return (w.reshape(len(w), -1, channels), (0, 1)) if w.shape[1] % channels == 0 else None
    axis = 1 - channel_axis(node, 2)
    return (w, (1 - axis,)) if w.shape[axis] == channels else None


def _replace(node: Node, position: int, data: Array) -> None:
    old = node.inputs[position]
    new = Value.constant(np.ascontiguousarray(data, np.float32), old.name)
    old.users.remove(node)
    new.users.append(node)
    node.inputs[position] = new
