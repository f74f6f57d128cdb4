"""Operators that change their first input, as x += y does, and where nobody can see that they do."""
from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from converter.mindir.mind_ir_pb2 import GraphProto, NodeProto

IN_PLACE = frozenset({"InplaceAddExt"})
SEEN = "changes a tensor that is used elsewhere too: write x = x + y instead of x += y"

_NO_VIEWS_OF = frozenset({"Load", "Depend", "Reshape", "Flatten", "Squeeze", "ExpandDims"})  # may share x's memory


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
