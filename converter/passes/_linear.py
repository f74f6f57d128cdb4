"""Operators y = act(x * w + b) with constant weights, and how scales and shifts of y become part of w and b.

    (x * w + b) * scale + shift  =  x * (w scale) + (b scale + shift)      scale, shift: one number an output channel

Channels are the last axis of y. Products are computed in float64 and rounded once.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from converter.ir.graph import Graph, Node, Value, make_node
from lite.ops.conv2d import Conv2DFusion
from lite.ops.conv2d_transpose import Conv2dTransposeFusion
from lite.ops.enums import ActivationType
from lite.ops.full_connection import FullConnection
from lite.ops.matmul import MatMulFusion
from lite.types import Array, TensorSpec

Linear = Conv2DFusion | Conv2dTransposeFusion | FullConnection | MatMulFusion

# The weights' axis of output channels.
_CHANNEL_AXIS: dict[type[Linear], Callable[[Linear], int]] = {
    Conv2DFusion: lambda attrs: 0,
    Conv2dTransposeFusion: lambda attrs: 3,
    FullConnection: lambda attrs: 0,
    MatMulFusion: lambda attrs: 0 if getattr(attrs, "transpose_b", False) else 1,
}


@dataclass(frozen=True, slots=True)
class Affine:
    """y * scale + shift, then the activation.

    scale, shift: float64 [channels], or one number for all channels; None where there is none.
    """

    scale: Array | None = None
    shift: Array | None = None
    activation_type: ActivationType = ActivationType.NO_ACTIVATION


def only_user(graph: Graph, value: Value) -> bool:
    """True where the value is read once, and not as a graph output: it need not exist."""
    return len(value.users) == 1 and not graph.is_output(value)


def channel_vector(constant: Value, spec: TensorSpec) -> Array | None:
    """A constant that broadcasts against `spec` as one number a channel, as float64 [channels]; None where it does not.

    A constant of one element counts for all channels.
    """
    data = constant.data
    if data is None or spec.rank == 0 or spec.shape[-1] < 0 or data.ndim > spec.rank:
        return None
    last = data.shape[-1] if data.ndim else 1
    if data.size != last or last not in (1, spec.shape[-1]):
        return None
    return np.broadcast_to(data.astype(np.float64).ravel(), spec.shape[-1:])


def folded(graph: Graph, value: Value, affine: Affine) -> tuple[Node, Node] | None:
    """(the linear node that computes `value`, the one that computes `affine` of it), or None where that cannot be.

    That is where `value` comes from another operator, has another user or is a graph output; an activation comes
    between; weights or bias are not constant floats; the number of channels is not known; or weights to be scaled are
    shared with another node.
    """
    node = value.producer
    if node is None or not isinstance(node.attrs, Linear) or not only_user(graph, value):
        return None
    if min(value.spec.shape[-1:], default=1) < 0:
        return None
    weights = node.inputs[1]
    bias = node.inputs[2].data if len(node.inputs) == 3 else np.zeros(value.spec.shape[-1:])
    if weights.data is None or weights.data.dtype.kind != "f" or bias is None:
        return None
    if node.attrs.activation_type != ActivationType.NO_ACTIVATION:
        return None
    if not _is_per_channel(node.attrs, weights.data, bias):
        return None
    scale = np.ones(bias.shape) if affine.scale is None else affine.scale
    shift = np.zeros(bias.shape) if affine.shift is None else affine.shift
    if affine.scale is not None:
        if len(weights.users) > 1:
            return None
        along = [1] * weights.data.ndim
        along[_CHANNEL_AXIS[type(node.attrs)](node.attrs)] = -1
        scaled = np.empty_like(weights.data)  # products are computed in scale's type, in pieces
        np.multiply(weights.data, scale.reshape(along), out=scaled, casting="same_kind")
        weights = Value.constant(scaled, weights.name)
    total = bias.astype(np.float64) * scale + shift
    attrs: Linear = replace(node.attrs, activation_type=affine.activation_type)
    if isinstance(attrs, FullConnection):
        attrs = replace(attrs, has_bias=True)
    name = node.inputs[2].name if len(node.inputs) == 3 else bias_name(node)
    inputs = [node.inputs[0], weights, Value.constant(total.astype(value.spec.dtype.dtype), name)]
    return node, make_node(attrs, inputs, node.name, node.origin)


def bias_name(node: Node) -> str:
    """What the bias is called of a node that had none: as its weights are."""
    weights = node.inputs[1].name
    return f"{weights.removesuffix('.weight')}.bias" if weights else f"{node.name}/bias"


def _is_per_channel(attrs: Linear, weights: Array, bias: Array) -> bool:
    """True where every output channel has its own weights along one axis: not so in grouped transposed convolution."""
    if isinstance(attrs, MatMulFusion) and weights.ndim != 2:
        return False
    return bool(weights.shape[_CHANNEL_AXIS[type(attrs)](attrs)] == bias.size)
