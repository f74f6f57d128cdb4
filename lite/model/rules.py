"""Rules that the graph of a model keeps, beyond those of the file that holds it.

Indices are in range. A tensor has at most one writer; constants and inputs have none. A node belongs to one subgraph
and comes after the nodes whose results it reads. Outputs are written by a node, or are inputs or constants.
Calls fit what they call: see closures.py.
"""
from __future__ import annotations

from collections.abc import Iterable, Sequence

from lite.errors import InvalidModelError
from lite.model.contents import CONTROL, Model, node_label, tensor_label


def check_graph(model: Model) -> None:
    """Raises InvalidModelError where a rule is broken."""
    _check_indices("inputIndex", model.inputs, len(model.tensors), "tensors")
    _check_indices("outputIndex", model.outputs, len(model.tensors), "tensors")
    for i, node in enumerate(model.nodes):
        _check_indices(f"{node_label(model, i)} inputIndex", node.inputs, len(model.tensors), "tensors")
        _check_indices(f"{node_label(model, i)} outputIndex", node.outputs, len(model.tensors), "tensors")
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
    if any(node.op in CONTROL for node in model.nodes):
        from lite.model.closures import check_closures

        check_closures(model)
    _check_main(model)


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
        if model.tensors[index].spec.is_known:
            raise InvalidModelError(f"{tensor_label(model, index)}: expected an input without data, found a constant")
    writer: dict[int, int] = {}
    for i, node in enumerate(model.nodes):
        if not node.outputs:
            raise InvalidModelError(f"{node_label(model, i)}: expected an output or more, found none")
        for index in node.outputs:
            where, tensor = node_label(model, i), tensor_label(model, index)
            if index in writer:
                raise InvalidModelError(f"{where}: {tensor} is already written by {node_label(model, writer[index])}")
            if index in inputs:
                raise InvalidModelError(f"{where}: writes {tensor}, which is a graph input")
            if model.tensors[index].spec.is_known:
                raise InvalidModelError(f"{where}: writes {tensor}, which is a constant")
            writer[index] = i


def _check_membership(model: Model) -> None:
    """Every node belongs to one subgraph."""
    owner: dict[int, str] = {}
    for graph in model.subgraphs:
        for index in graph.nodes:
            if index in owner:
                raise InvalidModelError(
                    f"subgraph {graph.name!r}: {node_label(model, index)} already belongs to subgraph {owner[index]!r}"
                )
            owner[index] = graph.name
    if len(owner) < len(model.nodes):
        orphan = next(i for i in range(len(model.nodes)) if i not in owner)
        raise InvalidModelError(f"{node_label(model, orphan)}: expected it in a subgraph, found it in none")


def _check_order(model: Model, subgraph: int) -> None:
    """Nodes come after those whose results they read."""
    graph = model.subgraphs[subgraph]
    known = set(graph.inputs)
    for index in graph.nodes:
        node = model.nodes[index]
        _check_known(model, node_label(model, index), node.inputs, known)
        known.update(node.outputs)
    _check_known(model, f"subgraph {graph.name!r} outputs", graph.outputs, known)


def _check_known(model: Model, where: str, indices: Iterable[int], known: set[int]) -> None:
    for index in indices:
        if index not in known and not model.tensors[index].spec.is_known:
            raise InvalidModelError(f"{where}: reads {tensor_label(model, index)} before any node has written it")


def _check_main(model: Model) -> None:
    """The model's inputs and outputs are those of its main subgraph, in any order."""
    main = model.subgraphs[0]
    for what, declared, own in (("input", model.inputs, main.inputs), ("output", model.outputs, main.outputs)):
        if set(declared) != set(own):
            raise InvalidModelError(
                f"{what}Index: expected the {what}s of subgraph {main.name!r}, {list(own)}, found {list(declared)}"
            )
