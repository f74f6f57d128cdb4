"""Operators that change their first input, as x += y does: which these are, and where nothing else can see the change.

Their rows compute what the input becomes. Changes of parameters are visible everywhere: see converter.mindir.states.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from converter.ir.graph import Value
from converter.mindir.lowering import Lowering, Unsupported
from converter.mindir.mind_ir_pb2 import GraphProto, NodeProto
from converter.mindir.operands import Operand

IN_PLACE = frozenset(
    {
        "Assign",
        "AssignAdd",
        "AssignSub",
        "IndexAdd",
        "InplaceAddExt",
        "InplaceAddsExt",
        "InplaceCopy",
        "InplaceDiv",
        "InplaceDivs",
        "InplaceMul",
        "InplaceMuls",
        "ScatterAdd",
        "ScatterNdAdd",
        "ScatterNdSub",
        "ScatterNdUpdate",
        "ScatterSub",
        "ScatterUpdate",
    }
)
SEEN = "changes a tensor that is used elsewhere too: write x = x + y instead of x += y"

_NO_VIEWS_OF = frozenset(  # may share x's memory
    {"Load", "Depend", "Reshape", "Flatten", "Squeeze", "ExpandDims", "SelectExtView", "TransposeView"}
)


def fitted(op: Lowering, value: Operand, target: Operand) -> Value:
    """The written value, cast to the type of its target. Raises Unsupported where the shapes differ."""
    assert isinstance(value, Value), "what is written is one tensor"
    assert isinstance(target, Value), "and so is what it is written to"
    value, wanted = op.cast(value, target.spec.dtype, "to_target"), target.spec.shape
    if value.spec.shape == wanted:
        return value
    if value.spec.is_static and value.spec.size == target.spec.size:
        return op.emit("Reshape", value, op.ints(wanted, "shape"), label="to_target")
    if value.spec.rank != len(wanted) or any(0 <= d != n for d, n in zip(value.spec.shape, wanted, strict=True)):
        raise Unsupported(f"writes {value.spec.like()} to {target.spec}: give it that shape")
    return value


class Uses:
    """How often the names of a model are used. primitive: what a node applies; None for a constant or a call."""

    def __init__(self, graphs: Sequence[GraphProto], primitive: Callable[[NodeProto], str | None]) -> None:
        self._primitive = primitive
        self._producers = {node.output[0]: node for body in graphs for node in body.node if node.output}
        self._count = Counter(info.name for body in graphs for info in body.output)
        for body in graphs:
            for node in body.node:
                if primitive(node) != "UpdateState":  # orders effects, reads nothing
                    self._count.update(node.input)

    def only_here(self, name: str) -> bool:
        """Whether an operator computes this tensor, or the tuple it is an item of, for one reader alone."""
        node = self._producers.get(name)
        if node is None or self._count[name] != 1:
            return False
        op = self._primitive(node)
        if op == "TupleGetItem" and node.input:
            return self.only_here(node.input[0])
        return op is not None and op not in _NO_VIEWS_OF
