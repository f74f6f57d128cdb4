"""Reshape at most once.

    reshape(reshape(x, s), t)             ->   reshape(x, t)       likewise Flatten, Squeeze, Unsqueeze, ExpandDims
    reshape(x, shape of x)                ->   x
    transpose(x, p), where p moves only dimensions of size 1   ->   reshape(x)

Declines when: dimensions are not known well enough to say the new shape.
"""
from __future__ import annotations

from converter.ir.edit import Patch
from converter.ir.graph import Graph, Node
from converter.passes._layout import make_reshape, moves_data, transpose_of
from converter.passes._manager import rewrite

RESHAPES = ("ExpandDims", "Flatten", "Reshape", "Squeeze", "Unsqueeze")


@rewrite(*RESHAPES, "Transpose")
def merge_reshapes(graph: Graph, node: Node) -> Patch | None:
    """Take the data from before the reshape before this one, or from further up."""
    if not _is_reshape(node):
        return None
    source, y = node.inputs[0], node.outputs[0]
    while source.producer is not None and _is_reshape(source.producer):
        source = source.producer.inputs[0]
    if source.spec.shape == y.spec.shape and y.spec.is_static:
        return Patch(remove=[node], replace={y: source})
    if source is node.inputs[0] and node.op != "Transpose":
        return None
    merged = make_reshape(source, y.spec.shape, node)
    if merged is None or merged.outputs[0].spec.shape != y.spec.shape:
        return None
    return Patch(remove=[node], add=[merged], replace={y: merged.outputs[0]})


def _is_reshape(node: Node) -> bool:
    perm = transpose_of(node)
    return node.op in RESHAPES or (perm is not None and not moves_data(node.inputs[0].spec.shape, perm))
