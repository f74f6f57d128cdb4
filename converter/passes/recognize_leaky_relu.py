"""Find leaky ReLU, which MindSpore exports as a maximum.

    maximum(x, x * alpha)    ->    LEAKY_RELU of x        alpha constant, 0 < alpha < 1; operands in any order

Declines when: the product has another user or is a graph output; either has a fused activation.
"""
from __future__ import annotations

from converter.ir.edit import Patch
from converter.ir.graph import Graph, Node, make_node
from converter.passes._linear import only_user
from converter.passes._manager import rewrite
from lite.ops.activation import Activation
from lite.ops.binary import MulFusion
from lite.ops.enums import ActivationType
from lite.types import DType


@rewrite("Maximum")
def recognize_leaky_relu(graph: Graph, node: Node) -> Patch | None:
    """Replace the maximum; its product dies with it."""
    y = node.outputs[0]
    for x, product in (node.inputs, node.inputs[::-1]):
        before = product.producer
        if before is None or before.attrs != MulFusion() or x not in before.inputs or not only_user(graph, product):
            continue
        slope = before.inputs[1] if before.inputs[0] is x else before.inputs[0]
        if slope.data is None or slope.data.size != 1 or not 0 < float(slope.data.ravel()[0]) < 1:
            continue
        if y.spec.dtype not in (DType.FLOAT16, DType.FLOAT32) or x.spec.shape != y.spec.shape:
            continue
        attrs = Activation(ActivationType.LEAKY_RELU, alpha=float(slope.data.ravel()[0]))
        activation = make_node(attrs, [x], node.name, node.origin)
        return Patch(remove=[node], add=[activation], replace={y: activation.outputs[0]})
    return None
