"""Let an operator apply the activation behind it.

    relu(conv(x, w))    ->   conv(x, w, activation RELU)
    relu6(relu(x + y))  ->   add(x, y, activation RELU6)

Likewise for transposed convolutions, matrix products, arithmetic, scales and pools. RELU and RELU6 are the activations
that readers of the format accept there.
Declines when: the operator's output has another user or is a graph output; the activation is another one.
"""
from __future__ import annotations

from dataclasses import replace

from converter.ir.edit import Patch
from converter.ir.graph import Graph, Node, make_node
from converter.passes._linear import only_user
from converter.passes._manager import rewrite
from lite.ops.activation import Activation
from lite.ops.binary import FusedBinary
from lite.ops.conv2d import Conv2DFusion
from lite.ops.conv2d_transpose import Conv2dTransposeFusion
from lite.ops.enums import ActivationType
from lite.ops.full_connection import FullConnection
from lite.ops.matmul import MatMulFusion
from lite.ops.per_channel import ScaleFusion
from lite.ops.pool import Pool

_FUSES = (Conv2DFusion, Conv2dTransposeFusion, FullConnection, FusedBinary, MatMulFusion, Pool, ScaleFusion)

_NONE, _RELU, _RELU6 = ActivationType.NO_ACTIVATION, ActivationType.RELU, ActivationType.RELU6

# (applied already, applied behind it) -> both in one.
_COMBINED = {
    (_NONE, _RELU): _RELU,
    (_NONE, _RELU6): _RELU6,
    (_RELU, _RELU): _RELU,
    (_RELU, _RELU6): _RELU6,
    (_RELU6, _RELU): _RELU6,
    (_RELU6, _RELU6): _RELU6,
}


@rewrite("Activation")
def fuse_activation(graph: Graph, node: Node) -> Patch | None:
    """Move the activation into the operator before it."""
    before = node.inputs[0].producer
    assert isinstance(node.attrs, Activation)
    if before is None or not isinstance(before.attrs, _FUSES) or not only_user(graph, node.inputs[0]):
        return None
    kind = _COMBINED.get((before.attrs.activation_type, node.attrs.activation_type))
    if kind is None:
        return None
    fused = make_node(replace(before.attrs, activation_type=kind), before.inputs, before.name, before.origin)
    return Patch(remove=[node, before], add=[fused], replace={node.outputs[0]: fused.outputs[0]})
