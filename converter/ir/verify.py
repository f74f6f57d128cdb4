"""The rules a graph keeps. Checked around every pass, so that a mistake is found where it was made.

    definition   a value is a graph input, a constant, or one output of one node; nothing is defined twice
    order        a node reads graph inputs, constants and outputs of nodes before it
    users        value.users holds the node once for each of its uses, and nothing else
    spec         shape inference accepts the inputs and gives the outputs' number, dtypes and shapes; a constant's are
                 those of its data
    output       graph outputs are defined in the graph
    state        one of the last inputs and one of the last outputs of the main graph, of the type and shape of its data
    name         inputs have names, no two the same; so have outputs, unless they are the same value
"""
from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np

from converter.errors import GraphError
from converter.ir.graph import Graph, Node, Value, infer
from lite.errors import LiteError
from lite.types import Array, DType, Stored, TensorSpec

_Fact = tuple[DType, tuple[int, ...], "weakref.ref[Array] | Stored | None"]


def verify(graph: Graph) -> None:
    """Raises GraphError, which says the node and the rule, where the graph breaks a rule."""
    Verifier().check(graph)


class Verifier:
    """Checks one graph again and again: shapes are inferred anew only where a node's inputs have changed."""

    def __init__(self) -> None:
        self._inferred: dict[Node, tuple[_Fact, ...]] = {}

    def check(self, graph: Graph) -> None:
        """Raises GraphError, which says the node and the rule, where the graph breaks a rule."""
        defined = self._check_nodes(graph)
        self._inferred = {node: self._inferred[node] for node in graph.nodes}  # others are not kept alive
        _check_users(graph)
        for value in graph.outputs:
            if value.data is not None:
                _check_constant(value)
            elif value not in defined:
                raise GraphError(f"output: graph output {value} is not defined in the graph")
        _check_states(graph)
        _check_names("input", graph.inputs)
        _check_names("output", dict.fromkeys(graph.outputs))

    def _check_nodes(self, graph: Graph) -> set[Value]:
        defined: set[Value] = set()
        for value in graph.inputs:
            if value in defined or value.producer is not None or value.data is not None:
                raise GraphError(f"definition: graph input {value} has another definition")
            defined.add(value)
        produced = {value for node in graph.nodes for value in node.outputs}
        constants: set[Value] = set()
        for node in graph.nodes:
            for value in node.inputs:
                if value in defined or value in constants:
                    continue
                if value.data is None:
                    late = "later in the graph" if value in produced else "nowhere in the graph"
                    raise GraphError(f"order: {node} reads {value}, which is defined {late}")
                _check_constant(value)
                constants.add(value)
            for value in node.outputs:
                if value in defined or value.producer is not node:
                    raise GraphError(f"definition: output {value} of {node} has another definition")
                defined.add(value)
            self._check_specs(node)
        return defined

    def _check_specs(self, node: Node) -> None:
        facts = tuple(_fact(v.spec) for v in (*node.inputs, *node.outputs))
        if _same(self._inferred.get(node, ()), facts):
            return
        try:
            specs = infer(node.attrs, [v.spec for v in node.inputs])
        except LiteError as error:
            raise GraphError(f"spec: {node} does not take its inputs: {error}") from error
        if len(specs) != len(node.outputs):
            raise GraphError(f"spec: {node} has {len(node.outputs)} outputs, the operator gives {len(specs)}")
        for value, spec in zip(node.outputs, specs, strict=True):
            if (value.spec.dtype, value.spec.shape) != (spec.dtype, spec.shape):
                raise GraphError(f"spec: output {value} of {node} should be {spec}")
        self._inferred[node] = facts


def _fact(spec: TensorSpec) -> _Fact:
    """What shape inference depends on; elements count by their identity, and are not kept alive."""
    data = spec.data
    return spec.dtype, spec.shape, weakref.ref(data) if isinstance(data, np.ndarray) else data


def _same(known: Sequence[_Fact], facts: Sequence[_Fact]) -> bool:
    """References are compared as they are: `==` would compare the elements. An array has one as long as one is kept."""
    if len(known) != len(facts):
        return False
    return all(a[:2] == b[:2] and a[2] is b[2] for a, b in zip(known, facts, strict=True))


def _check_constant(value: Value) -> None:
    data, spec = value.data, value.spec
    if data is not None and (data.dtype, data.shape) != (spec.dtype.dtype, spec.shape):
        raise GraphError(f"spec: constant {value} holds {data.dtype}{list(data.shape)}")


def _check_states(graph: Graph) -> None:
    if len(graph.states) > min(len(graph.inputs), len(graph.outputs)):
        raise GraphError(f"state: {len(graph.states)} states, but {graph.inputs} -> {graph.outputs}")
    for (begin, end), data in zip(graph.kept, graph.states, strict=True):
        wanted = begin.spec.dtype, begin.spec.shape
        fits = end.spec.dtype == wanted[0] and end.spec.rank == len(wanted[1])
        if wanted != (DType.of(data.dtype), data.shape) or not fits:
            raise GraphError(f"state: {begin} holds {data.dtype}{list(data.shape)} at first, and {end} after a run")


def _check_users(graph: Graph) -> None:
    uses = Counter((value, node) for node in graph.nodes for value in node.inputs)
    values = dict.fromkeys(chain(graph.inputs, graph.outputs, *((*n.inputs, *n.outputs) for n in graph.nodes)))
    for value in values:
        for node, count in Counter(value.users).items():
            if uses.pop((value, node), 0) != count:
                raise GraphError(f"users: {value} lists {node} {count} times among its users")
    for (value, node), count in uses.items():
        raise GraphError(f"users: {node} reads {value} {count} times and is not among its users")


def _check_names(kind: str, values: Iterable[Value]) -> None:
    seen: set[str] = set()
    for value in values:
        if not value.name:
            raise GraphError(f"name: graph {kind} {value} has no name")
        if value.name in seen:
            raise GraphError(f"name: two graph {kind}s are named {value.name!r}")
        seen.add(value.name)
