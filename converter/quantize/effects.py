"""The error that each quantized layer alone causes in the network's outputs.

The output of the quantized layer is put into the exact network, and the part of the network after it runs, once for
each layer and sample. The squares of the errors of many layers about add up.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from converter.emit.graph import emit
from converter.ir.graph import Graph, Value
from converter.quantize.measure import Distance, Layer, judged, outputs, session_of
from lite.session import Session

_SAMPLES = 4

Progress = Callable[[str], None]


def effects(
    exact: Graph, layers: Sequence[Layer], samples: Iterable[object], progress: Progress | None = None
) -> list[float]:
    """For each layer, the worst error that it alone causes in the network's outputs, on the first samples.

    Raises QuantizeError where a sample does not fit.
    """
    tails = [_Tail(exact, layer.exact.outputs[0]) for layer in layers]
    needed = dict.fromkeys(value for layer in layers for value in layer.operands)
    watched = list(needed | dict.fromkeys(value for tail in tails for value in (*tail.fed, *tail.results)))
    with session_of(exact, watched) as session:
        seen = [
            dict(zip(watched, outputs(session, sample, number), strict=False))
            for number, sample in enumerate(islice(samples, _SAMPLES))
        ]
    errors = []
    for count, (layer, tail) in enumerate(zip(layers, tails, strict=True)):
        if progress is not None:
            progress(f"effects: {count + 1} of {len(layers)} layers")
        if not tail.results:
            errors.append(0.0)
            continue
        distances = [Distance() for _ in tail.results]
        with layer.session() as own, tail.session() as behind:
            for number, arrays in enumerate(seen):
                y = layer.compute(own, [arrays[value] for value in layer.operands], number)
                got = outputs(behind, [y, *(arrays[value] for value in tail.fed)], number)
                for distance, value, other in zip(distances, tail.results, got, strict=True):
                    distance.add(arrays[value], other)
        errors.append(max(distance.error for distance in distances))
    return errors


class _Tail:
    """The part of a graph after a value. fed: other values of the graph that it reads; results: outputs it computes."""

    def __init__(self, exact: Graph, value: Value) -> None:
        self._graph = graph = Graph(exact.name)
        graph.functions = exact.functions
        self.fed: list[Value] = []
        behind = {value: graph.add_input(value.spec.named("x0"))}
        others: dict[Value, Value] = {}
        for node in exact.nodes:
            if any(each in behind for each in node.inputs):
                inputs = [behind.get(each) or self._other(each, others) for each in node.inputs]
                behind.update(zip(node.outputs, graph.add(node.attrs, inputs, node.name), strict=True))
        self.results = [each for each in judged(exact) if each in behind]
        graph.outputs = [behind[each] for each in self.results]

    def session(self) -> Session:
        """A session whose inputs are the value, and those that are fed."""
        return Session(emit(self._graph))

    def _other(self, value: Value, others: dict[Value, Value]) -> Value:
        """A value of the graph that does not depend on the one: a constant, or an input of the tail."""
        if value not in others and value.producer is None and value.spec.is_known:
            others[value] = Value(value.spec)
        elif value not in others:
            self.fed.append(value)
            others[value] = self._graph.add_input(value.spec.named(f"x{len(self.fed)}"))
        return others[value]
