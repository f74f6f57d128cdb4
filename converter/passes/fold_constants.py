"""Compute what does not depend on the inputs.

    y = op(constants)                      ->   y is a constant
    y = Shape(x) where x's shape is known  ->   y is a constant

Declines when: the result takes more than 1 MiB and more than its operands (a broadcast or fill is cheaper to run than
to store); a function is run, which may take a while.
"""
from __future__ import annotations

from converter.ir.edit import Patch
from converter.ir.graph import Graph, Node, Value
from converter.ir.invoke import Invoke
from converter.passes._manager import rewrite
from lite import ops
from lite.types import Array

_SMALL = 1 << 20  # bytes


@rewrite()
def fold_constants(graph: Graph, node: Node) -> Patch | None:
    """Replace a node of constants by its results."""
    results = _results(node)
    if results is None:
        return None
    constants = [Value.constant(data, old.name) for old, data in zip(node.outputs, results, strict=True)]
    return Patch(remove=[node], replace=dict(zip(node.outputs, constants, strict=True)))


def _results(node: Node) -> list[Array] | None:
    inferred = [v.spec.value for v in node.outputs if v.spec.value is not None]
    if len(inferred) == len(node.outputs):
        return inferred
    if isinstance(node.attrs, Invoke):
        return None
    operands = [v.data for v in node.inputs if v.data is not None]
    if len(operands) < len(node.inputs):
        return None
    if all(v.spec.is_static for v in node.outputs):
        nbytes = sum(v.spec.nbytes for v in node.outputs)
        if nbytes > max(_SMALL, sum(data.nbytes for data in operands)):
            return None
    return list(ops.evaluate(node.attrs, operands))
