"""Fold BatchNorm into the convolution or matrix product before it.

    y = batch_norm(conv(x, w, b), gamma, beta, mean, var)   ->   y = conv(x, w', b')
    w' = w * s (per output channel),  b' = (b - mean) * s + beta,  s = gamma / sqrt(var + epsilon)

    y = batch_norm(x, gamma, beta, mean, var)               ->   y = scale(x, s, beta - mean * s)   elsewhere

Declines when: gamma, beta, mean or var is not constant; the BatchNorm is in training mode (its statistics come from the
batch). Becomes a scale when: the convolution's output has another user or is a graph output; it has an activation; its
weights are shared.
"""
from __future__ import annotations

import numpy as np

from converter.ir.edit import Patch
from converter.ir.graph import Graph, Node, Value, make_node
from converter.passes._linear import Affine, folded
from converter.passes._manager import rewrite
from lite.ops.per_channel import BatchNorm, FusedBatchNorm, ScaleFusion


@rewrite("BatchNorm", "FusedBatchNorm")
def fold_batch_norm(graph: Graph, node: Node) -> Patch | None:
    """Fold it, or make it a scale."""
    affine = _affine(node)
    if affine is None or affine.scale is None or affine.shift is None:
        return None
    x, y = node.inputs[0], node.outputs[0]
    pair = folded(graph, x, affine)
    if pair is not None:
        linear, new = pair
        return Patch(remove=[node, linear], add=[new], replace={y: new.outputs[0]})
    dtype = x.spec.dtype.dtype
    scale = Value.constant(affine.scale.astype(dtype), f"{node.name}/scale")
    shift = Value.constant(affine.shift.astype(dtype), f"{node.name}/shift")
    new = make_node(ScaleFusion(axis=x.spec.rank - 1), [x, scale, shift], node.name, node.origin)
    return Patch(remove=[node], add=[new], replace={y: new.outputs[0]})


def _affine(node: Node) -> Affine | None:
    """Scale and shift from the statistics, where all are constant."""
    constants = [v.data.astype(np.float64) for v in node.inputs[1:] if v.data is not None]
    if isinstance(node.attrs, FusedBatchNorm) and len(constants) == 4:
        gamma, beta, mean, variance = constants
    elif isinstance(node.attrs, BatchNorm) and len(constants) == 2 and not node.attrs.is_training:
        mean, variance = constants
        gamma, beta = np.ones_like(mean), np.zeros_like(mean)
    else:
        return None
    scale = gamma / np.sqrt(variance + node.attrs.epsilon)
    return Affine(scale, beta - mean * scale)
