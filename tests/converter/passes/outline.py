"""What two graphs share where a test calls them the same: all but inner names and floating-point constants."""
from __future__ import annotations

from converter.ir.graph import Graph, Value


def outline(graph: Graph) -> list[str]:
    """One line a node, inputs numbered in order; constants by type, integers among them by content."""
    numbers: dict[Value, str] = {v: f"input {v.name}" for v in graph.inputs}

    def shown(value: Value) -> str:
        if value.data is None:
            return numbers[value]
        return str(value.data.tolist()) if value.data.dtype.kind in "iub" else str(value.spec.like())

    lines = []
    for index, node in enumerate(graph.nodes):
        lines.append(f"{index}: {node.attrs} of {', '.join(shown(v) for v in node.inputs)}")
        numbers.update((v, f"{index}.{i}") for i, v in enumerate(node.outputs))
    return [*lines, "outputs " + ", ".join(f"{v.name} = {shown(v)}" for v in graph.outputs)]
