"""What a format cannot say, collected over a whole network so that one error lists all of it."""
from __future__ import annotations

from converter.ir.graph import Graph, Node
from lite.errors import UnsupportedOp, UnsupportedOpError


class Unsupported(Exception):
    """Raised by a row: the operator is used in a way that the format has no equivalent for. The message says which."""


class Refusals:
    """Refused nodes by operator and reason."""

    def __init__(self, target: str) -> None:
        """target: the format's name."""
        self._target = target
        self._rows: dict[tuple[str, str], list[str]] = {}

    def add(self, operator: str, node: Node, reason: str) -> None:
        """Remember one node."""
        self._rows.setdefault((operator, reason), []).append(node.origin or node.name)

    def check(self, graph: Graph) -> None:
        """Raises UnsupportedOpError where there were any."""
        if self._rows:
            rows = [UnsupportedOp(op, len(at), at[0], why) for (op, why), at in sorted(self._rows.items())]
            verdict = f"not expressible as {self._target}"
            raise UnsupportedOpError(graph.name, len(graph.all_nodes()), rows, verdict=verdict)
