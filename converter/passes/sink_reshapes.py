"""Move reshapes behind element-wise operators, where they meet the next reshape.

    relu(reshape(matmul(x, w), s))   ->   reshape(relu(matmul(x, w)), s)      so that the matmul can apply it
    reshape(x, s) / 8                ->   reshape(x / 8, s)

A dense layer on a sequence is exported as reshape, product, reshape: this leaves one reshape of the three in a chain.
Declines when: the reshaped value has another user or is a graph output; the other operand has more than one element.
"""
from __future__ import annotations

from converter.ir.edit import Patch
from converter.ir.graph import Graph, Node, Value, make_node
from converter.passes._absorb import UNARY
from converter.passes._layout import make_reshape
from converter.passes._linear import only_user
from converter.passes._manager import rewrite
from converter.passes.merge_reshapes import RESHAPES

_WITH_SCALAR = ("AddFusion", "DivFusion", "Maximum", "Minimum", "MulFusion", "PowFusion", "RealDiv", "SubFusion")


@rewrite(*UNARY, *_WITH_SCALAR)
def sink_reshapes(graph: Graph, node: Node) -> Patch | None:
    """Compute on the value before the reshape."""
    moving = [v for v in node.inputs[:2] if not _is_scalar(v)]
    reshape = moving[0].producer if len(moving) == 1 else None
    if reshape is None or reshape.op not in RESHAPES or not only_user(graph, moving[0]):
        return None
    source = reshape.inputs[0]
    if source.spec.rank == 0:
        return None
    inputs = [source if v is moving[0] else v for v in node.inputs]
    early = make_node(node.attrs, inputs, node.name, node.origin)
    late = make_reshape(early.outputs[0], node.outputs[0].spec.shape, reshape)
    if late is None:
        return None
    return Patch(remove=[node, reshape], add=[early, late], replace={node.outputs[0]: late.outputs[0]})


def _is_scalar(value: Value) -> bool:
    """True for a constant that broadcasts against a vector without changing its shape; settings are among them."""
    return value.data is not None and value.data.size == 1 and value.data.ndim <= 1
