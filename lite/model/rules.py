"""Rules that the graph of a model keeps, beyond those of the file that holds it.

Indices are in range. A tensor has at most one writer; constants and inputs have none. A node belongs to one subgraph
and comes after the nodes whose results it reads. Outputs are written by a node, or are inputs or constants.
"""
from __future__ import annotations

from collections.abc import Iterable, Sequence

from lite.errors import InvalidModelError
from lite.model.contents import Model, Node


def check_graph(model: Model) -> None:
    """Raises InvalidModelError where a rule is broken."""
    _check_indices("inputIndex", model.inputs, len(model.tensors), "tensors")
    _check_indices("outputIndex", model.outputs, len(model.tensors), "tensors")
    for i, node in enumerate(model.nodes):
        _check_indices(f"{_node(model, i)} inputIndex", node.inputs, len(model.tensors), "tensors")
        _check_indices(f"{_node(model, i)} outputIndex", node.outputs, len(model.tensors), "tensors")
    for graph in model.subgraphs:
        _check_indices(f"subgraph {graph.name!r} inputIndices", graph.inputs, len(model.tensors), "tensors")
        _check_indices(f"subgraph {graph.name!r} outputIndices", graph.outputs, len(model.tensors), "tensors")
        _check_indices(f"subgraph {graph.name!r} nodeIndices", graph.nodes, len(model.nodes), "nodes")
    if not model.outputs:
        raise InvalidModelError("outputIndex: expected an output or more, found none")
    _check_unique("inputIndex", model.inputs)
    _check_writers(model)
    _check_membership(model)
    for index in range(len(model.subgraphs)):
        _check_order(model, index)
    _check_main(model)


def _node(model: Model, index: int) -> str:
    node = model.nodes[index]
    return f"node {index} {node.name!r} ({node.op})"


def _tensor(model: Model, index: int) -> str:
    return f"tensor {index} {model.tensors[index].spec}"


def _check_indices(where: str, indices: Sequence[int], count: int, what: str) -> None:
    if indices and max(indices) >= count:
        raise InvalidModelError(f"{where}: expected indices into {count} {what}, found {max(indices)}")


def _check_unique(where: str, indices: Sequence[int]) -> None:
    if len(set(indices)) != len(indices):
        twice = next(i for i in indices if indices.count(i) > 1)
        raise InvalidModelError(f"{where}: expected distinct indices, found {twice} more than once")


def _check_writers(model: Model) -> None:
    """Every tensor has at most one writer; constants and inputs have none."""
    inputs = set(model.inputs).union(*(graph.inputs for graph in model.subgraphs))
    for index in inputs:
        if model.tensors[index].spec.value is not None:
            raise InvalidModelError(f"{_tensor(model, index)}: expected an input without data, found a constant")
    writer: dict[int, int] = {}
    for i, node in enumerate(model.nodes):
        if not node.outputs:
            raise InvalidModelError(f"{_node(model, i)}: expected an output or more, found none")
        for index in node.outputs:
            if index in writer:
                other = _node(model, writer[index])
                raise InvalidModelError(f"{_node(model, i)}: {_tensor(model, index)} is already written by {other}")
            if index in inputs:
                raise InvalidModelError(f"{_node(model, i)}: writes {_tensor(model, index)}, which is a graph input")
            if model.tensors[index].spec.value is not None:
                raise InvalidModelError(f"{_node(model, i)}: writes {_tensor(model, index)}, which is a constant")
            writer[index] = i


def _check_membership(model: Model) -> None:
    """Every node belongs to one subgraph."""
    owner: dict[int, str] = {}
    for graph in model.subgraphs:
        for index in graph.nodes:
            if index in owner:
                raise InvalidModelError(
                    f"subgraph {graph.name!r}: {_node(model, index)} already belongs to subgraph {owner[index]!r}"
                )
            owner[index] = graph.name
    if len(owner) < len(model.nodes):
        orphan = next(i for i in range(len(model.nodes)) if i not in owner)
        raise InvalidModelError(f"{_node(model, orphan)}: expected it in a subgraph, found it in none")


def _check_order(model: Model, subgraph: int) -> None:
    """Nodes come after those whose results they read, and call only other subgraphs that exist."""
    graph = model.subgraphs[subgraph]
    known = set(graph.inputs)
    for index in graph.nodes:
        node = model.nodes[index]
        _check_known(model, _node(model, index), node.inputs, known)
        known.update(node.outputs)
        if node.op == "PartialFusion":
            _check_call(model, index, node, subgraph)
    _check_known(model, f"subgraph {graph.name!r} outputs", graph.outputs, known)


def _check_known(model: Model, where: str, indices: Iterable[int], known: set[int]) -> None:
    for index in indices:
        if index not in known and model.tensors[index].spec.value is None:
            raise InvalidModelError(f"{where}: reads {_tensor(model, index)} before any node has written it")


def _check_call(model: Model, index: int, node: Node, subgraph: int) -> None:
    called = node.fields["sub_graph_index"]
    if not isinstance(called, int) or not 0 <= called < len(model.subgraphs) or called == subgraph:
        raise InvalidModelError(
            f"{_node(model, index)} sub_graph_index: expected one of the {len(model.subgraphs)} subgraphs but its own, "
            f"{subgraph}, found {called}"
        )


def _check_main(model: Model) -> None:
    """The model's inputs and outputs are those of its main subgraph, in any order."""
    main = model.subgraphs[0]
    for what, declared, own in (("input", model.inputs, main.inputs), ("output", model.outputs, main.outputs)):
        if set(declared) != set(own):
            raise InvalidModelError(
                f"{what}Index: expected the {what}s of subgraph {main.name!r}, {list(own)}, found {list(declared)}"
            )
