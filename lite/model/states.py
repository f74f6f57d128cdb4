"""States: what a model keeps from run to run.

In a file a state is a variable that has data, what it holds before the first run, and an Assign among the last nodes
of the main subgraph, which writes to it what it holds after a run. Only the main subgraph reads it. Here the variable
is one more input of that subgraph, what is assigned one more output, and the Assign is gone. An Assign elsewhere, or to
what the file says is a constant, as training graphs have it, stays a node, which nothing runs.
"""
from __future__ import annotations

from collections.abc import Sequence

from lite.errors import InvalidModelError
from lite.model.contents import Model, Node, State, node_label, tensor_label
from lite.records import replace

_CONSTANT = 0  # Tensor.kind


def with_states(model: Model) -> Model:
    """The model with its states as inputs and outputs. Raises InvalidModelError for an Assign to what cannot be one."""
    main = model.subgraphs[0]
    first = len(main.nodes)
    while first and _assigns(model, model.nodes[main.nodes[first - 1]]):
        first -= 1
    assigns = main.nodes[first:]
    states: dict[int, State] = {}
    for index in assigns:
        state = _state(model, index)
        if state.tensor in states:
            where, tensor = node_label(model, index), tensor_label(model, state.tensor)
            raise InvalidModelError(f"{where}: {tensor} is assigned by another node too")
        states[state.tensor] = state
    _check_readers(model, assigns, states)
    tensors = list(model.tensors)
    for i in states:
        tensors[i] = replace(tensors[i], spec=tensors[i].spec.like().named(tensors[i].spec.name))
    inputs = (*model.inputs, *states)
    outputs = (*model.outputs, *(state.next for state in states.values()))
    main = replace(main, inputs=inputs, outputs=outputs, nodes=main.nodes[:first])
    return replace(
        model, tensors=tuple(tensors), subgraphs=(main, *model.subgraphs[1:]), states=tuple(states.values())
    )


def _assigns(model: Model, node: Node) -> bool:
    return node.op == "Assign" and node.inputs[:1] != () and model.tensors[node.inputs[0]].kind != _CONSTANT


def _state(model: Model, index: int) -> State:
    """The state that an Assign writes to."""
    node, where = model.nodes[index], node_label(model, index)
    if len(node.inputs) != 2:
        raise InvalidModelError(f"{where}: expected a variable and what to assign to it, found {list(node.inputs)}")
    target, source = node.inputs
    tensor, becomes = model.tensors[target], model.tensors[source]
    initial = tensor.spec.value
    if initial is None:
        raise InvalidModelError(f"{where}: expected {tensor_label(model, target)} to have data at first, found none")
    a, b = tensor.spec, becomes.spec
    if a.dtype != b.dtype or a.rank != b.rank or any(0 <= d != n for d, n in zip(b.shape, a.shape, strict=True)):
        raise InvalidModelError(f"{where}: expected {a.like()} for {tensor_label(model, target)}, found {b}")
    return State(target, source, initial)


def _check_readers(model: Model, assigns: Sequence[int], states: dict[int, State]) -> None:
    """Nothing reads the output of an Assign; only nodes of the main subgraph, before all Assigns, read a state."""
    given = {i for index in assigns for i in model.nodes[index].outputs}
    for index in assigns:
        source = model.nodes[index].inputs[1]
        if source in states or source in given:
            raise InvalidModelError(f"{node_label(model, index)}: assigns another state, {tensor_label(model, source)}")
    for graph in model.subgraphs[1:]:
        read = set(graph.outputs).union(*(model.nodes[index].inputs for index in graph.nodes))
        for i in read & states.keys():
            raise InvalidModelError(f"subgraph {graph.name!r}: reads {tensor_label(model, i)}, a state of another one")
    for i in given.intersection(model.outputs):
        raise InvalidModelError(f"outputs: {tensor_label(model, i)} is what an Assign gives: output what it assigns")
