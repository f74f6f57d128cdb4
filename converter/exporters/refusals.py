"""What a format cannot express, collected over the whole network, so that one error lists all of it."""
from __future__ import annotations

from converter.exporters.layout import ChannelsFirst
from converter.ir.graph import Graph, Node
from converter.ir.invoke import Invoke
from lite.errors import UnsupportedOp, UnsupportedOpError
from lite.ops.quantized import Quantized


class Unsupported(Exception):
    """Raised by a row: the operator is used in a way that the format has no equivalent for. The message says which."""


class Refusals:
    """Refused nodes by operator and reason."""

    def __init__(self, target: str) -> None:
        """target: the format's name."""
        self._target = target
        self._rows: dict[tuple[str, str], list[str]] = {}

    def add(self, node: Node, reason: Unsupported) -> None:
        """Remember one node."""
        attrs = node.attrs.inner if isinstance(node.attrs, ChannelsFirst) else node.attrs
        operator = "control flow" if isinstance(attrs, Invoke) else attrs.op
        self._rows.setdefault((operator, str(reason)), []).append(node.origin or node.name)

    def check_quantization(self, graph: Graph) -> None:
        """Raises UnsupportedOpError where operators work on codes: neither rows nor passes know these."""
        for node in graph.all_nodes():
            if isinstance(node.attrs, Quantized):
                self.add(node, Unsupported("it is quantized: export the network that was quantized"))
        self.check(graph)

    def check(self, graph: Graph) -> None:
        """Raises UnsupportedOpError where there were any, and where the graph has states."""
        rows = [UnsupportedOp(op, len(at), at[0], why) for (op, why), at in sorted(self._rows.items())]
        if graph.kept:
            why = "the network keeps it from run to run: make it an input and an output"
            rows.append(UnsupportedOp("state", len(graph.kept), graph.kept[0][0].name, why))
        if rows:
            verdict = f"not expressible as {self._target}"
            hint = "Cut the network before them: --outputs NAME (in Python: options={'outputs': [NAME]})."
            raise UnsupportedOpError(graph.name, len(graph.all_nodes()), rows, hint, verdict)
