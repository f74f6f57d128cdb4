"""Rules that control flow keeps: every call fits whatever it may call.

PartialFusion makes a closure, a subgraph with its first arguments; Switch and SwitchLayer choose one of several; Call
runs one with the rest of its arguments. Nothing else reads or writes closures.
"""
from __future__ import annotations

from collections.abc import Iterable

from lite.errors import InvalidModelError
from lite.model.contents import CONTROL, Model, node_label, tensor_label

_MOST_BRANCHES = 256  # of one choice

Callee = tuple[int, int]  # a subgraph, and how many of its arguments are bound
Closures = dict[int, frozenset[Callee]]  # tensor -> what it may stand for


def check_closures(model: Model) -> None:
    """Raises InvalidModelError where a rule is broken."""
    for graph in model.subgraphs:
        closures: Closures = {}
        for index in graph.nodes:
            node = model.nodes[index]
            where = node_label(model, index)
            tensors = node.inputs
            if node.op in CONTROL:
                callees = _callees(model, index, closures)
                if node.op == "Call":
                    _check_call(model, index, callees)
                elif len(node.outputs) == 1:
                    closures[node.outputs[0]] = callees
                else:
                    raise InvalidModelError(f"{where}: expected one output, found {len(node.outputs)}")
                tensors = {"Call": node.inputs[1:], "PartialFusion": node.inputs}.get(node.op, node.inputs[:1])
            _check_tensors(model, where, tensors, closures)
        _check_tensors(model, f"subgraph {graph.name!r} outputs", graph.outputs, closures)


def _callees(model: Model, index: int, closures: Closures) -> frozenset[Callee]:
    """What the closure that a node makes, chooses or calls may stand for."""
    node, where = model.nodes[index], node_label(model, index)
    if node.op == "PartialFusion":
        called, count = node.fields["sub_graph_index"], len(model.subgraphs)
        if not isinstance(called, int) or not 0 <= called < count:
            raise InvalidModelError(f"{where} sub_graph_index: expected one of {count} subgraphs, found {called}")
        return frozenset({(called, len(node.inputs))})
    read = node.inputs[:1] if node.op == "Call" else node.inputs[1:]
    if not read or not all(i in closures for i in read) or (node.op == "Switch" and len(read) != 2):
        wanted = {"Call": "a subgraph", "Switch": "two subgraphs to choose from"}
        expected = wanted.get(node.op, "subgraphs to choose from")
        raise InvalidModelError(f"{where}: expected {expected}, found tensors {list(read)}")
    callees = frozenset[Callee]().union(*(closures[i] for i in read))
    if len(callees) > _MOST_BRANCHES:
        raise InvalidModelError(f"{where}: chooses among {len(callees)} subgraphs, {_MOST_BRANCHES} at most")
    return callees


def _check_call(model: Model, index: int, callees: Iterable[Callee]) -> None:
    node = model.nodes[index]
    given = len(node.inputs) - 1, len(node.outputs)
    for subgraph, bound in callees:
        graph = model.subgraphs[subgraph]
        expected = len(graph.inputs) - bound, len(graph.outputs)
        if given != expected:
            raise InvalidModelError(
                f"{node_label(model, index)}: expected {max(expected[0], 0)} arguments and {expected[1]} results for "
                f"subgraph {graph.name!r}, found {given[0]} and {given[1]}"
            )


def _check_tensors(model: Model, where: str, indices: Iterable[int], closures: Closures) -> None:
    for index in indices:
        if index in closures:
            called = f"the subgraph that {tensor_label(model, index)} stands for"
            raise InvalidModelError(f"{where}: expected tensors, found {called}")
