"""Control flow in the graph: one node that runs a function, or one of several.

    y = Invoke(selector, a..., b...)     runs functions[0] with a... or functions[1] with b..., as selector says
    y = Invoke(a...)                     runs functions[0] with a...

Functions are graphs of their own, in `Graph.functions` of the main graph, and may run each other and themselves. A
function that ends with an Invoke whose results are its outputs does not wait for it: loops are written so.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence

from converter.ir.graph import Graph, Node
from lite.errors import ShapeError
from lite.ops.registry import Attributes
from lite.records import dataclass
from lite.types import Array, TensorSpec


@dataclass(frozen=True, slots=True)
class Invoke(Attributes):
    """functions: names. arguments: how many inputs each of them takes. results: specs of the outputs, nameless.

    numbered: the selector, an input where there are several functions, is the number of one; else it chooses the first
    of two functions where it is nonzero.
    """

    functions: tuple[str, ...]
    arguments: tuple[int, ...]
    results: tuple[TensorSpec, ...]
    numbered: bool = False

    def infer(self, inputs: Sequence[TensorSpec]) -> tuple[TensorSpec, ...]:
        """Specs of the outputs. Raises ShapeError for another number of inputs than the functions take."""
        expected = sum(self.arguments) + (len(self.functions) > 1)
        if len(inputs) != expected:
            raise ShapeError(f"Invoke of {', '.join(self.functions)} expects {expected} inputs, got {len(inputs)}")
        return self.results

    def choose(self, inputs: Sequence[Array]) -> tuple[str, list[Array]]:
        """The function that runs for these inputs, and its arguments."""
        chosen, arrays = 0, list(inputs)
        if len(self.functions) > 1:
            selector = arrays.pop(0).item()
            chosen = int(selector) % len(self.functions) if self.numbered else 0 if selector else 1
        first = sum(self.arguments[:chosen])
        return self.functions[chosen], arrays[first : first + self.arguments[chosen]]


def tail(graph: Graph) -> Node | None:
    """The Invoke that a graph ends with, if its results are the graph's outputs."""
    last = graph.nodes[-1] if graph.nodes else None
    if last is None or not isinstance(last.attrs, Invoke) or len(last.outputs) != len(graph.outputs):
        return None
    return last if all(a is b for a, b in zip(last.outputs, graph.outputs, strict=True)) else None


def reachable(graph: Graph, functions: Mapping[str, Graph]) -> list[str]:
    """Names of the functions that a graph may run, directly or not, in the order in which they are met."""
    found: dict[str, None] = {}
    waiting = [graph]
    while waiting:
        for node in waiting.pop().nodes:
            if isinstance(node.attrs, Invoke):
                for name in node.attrs.functions:
                    if name not in found:
                        found[name] = None
                        waiting.append(functions[name])
    return list(found)
