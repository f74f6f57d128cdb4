"""Small models for the tests of plans and sessions, written by name: no file, no schema."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lite import ops
from lite.model import Model, Node, Subgraph, Tensor
from lite.ops.registry import Attributes
from lite.types import Array, DType, TensorSpec

# attributes, names of the inputs, names of the outputs
Row = tuple[Attributes, Sequence[str], Sequence[str]]

# name, inputs, nodes, outputs of a subgraph. A node of control flow has in place of attributes the name of the subgraph
# that it binds, or "Switch", "SwitchLayer" or "Call".
AnyRow = tuple[Attributes | str, Sequence[str], Sequence[str]]
Routine = tuple[str, Sequence[TensorSpec], Sequence[AnyRow], Sequence[str]]


def make_model(
    inputs: Sequence[TensorSpec],
    nodes: Sequence[Row],
    outputs: Sequence[str],
    constants: Mapping[str, Array] | None = None,
) -> Model:
    """A model of one subgraph. Specs of what nodes compute are left unknown, as some files leave them."""
    specs = {spec.name: spec for spec in inputs}
    specs |= {name: TensorSpec.of(value, name) for name, value in (constants or {}).items()}
    for _, _, names in nodes:
        specs |= {name: TensorSpec(inputs[0].dtype, (), name) for name in names}
    number = {name: i for i, name in enumerate(specs)}
    rows = tuple(
        Node(f"{attrs.op}-{i}", attrs.op, attrs, {}, tuple(number[n] for n in reads), tuple(number[n] for n in writes))
        for i, (attrs, reads, writes) in enumerate(nodes)
    )
    ends = tuple(number[spec.name] for spec in inputs), tuple(number[name] for name in outputs)
    main = Subgraph("main", *ends, tuple(range(len(rows))))
    return Model("model", "2.7.0", tuple(map(Tensor, specs.values())), rows, (main,), *ends, nbytes=0)


def make_program(routines: Sequence[Routine], constants: Mapping[str, Array] | None = None) -> Model:
    """A model of several subgraphs, whose tensors are named `<subgraph>.<tensor>`; constants belong to all."""
    specs = {name: TensorSpec.of(value, name) for name, value in (constants or {}).items()}
    names = [name for name, *_ in routines]
    nodes: list[Node] = []
    graphs = []
    for routine, inputs, rows, outputs in routines:
        specs |= {f"{routine}.{spec.name}": spec.named(f"{routine}.{spec.name}") for spec in inputs}
        for _, _, writes in rows:
            specs |= {f"{routine}.{name}": TensorSpec(DType.FLOAT32, (), f"{routine}.{name}") for name in writes}
        number = {name: i for i, name in enumerate(specs)}

        def find(tensors: Sequence[str], routine: str = routine, number: Mapping[str, int] = number) -> tuple[int, ...]:
            return tuple(number[n] if n in number else number[f"{routine}.{n}"] for n in tensors)

        first = len(nodes)
        for attrs, reads, writes in rows:
            known = None if isinstance(attrs, str) else attrs
            op = known.op if known else "PartialFusion" if attrs in names else str(attrs)
            fields = {"sub_graph_index": names.index(str(attrs))} if op == "PartialFusion" else {}
            nodes.append(Node(f"{op}-{len(nodes)}", op, known, fields, find(reads), find(writes)))
        ends = find([spec.name for spec in inputs]), find(outputs)
        graphs.append(Subgraph(routine, *ends, tuple(range(first, len(nodes)))))
    main = graphs[0]
    tensors = tuple(map(Tensor, specs.values()))
    return Model("model", "2.7.0", tensors, tuple(nodes), tuple(graphs), main.inputs, main.outputs, nbytes=0)


def evaluate(model: Model, inputs: Sequence[Array]) -> list[Array]:
    """The outputs, node by node, without any plan."""
    values = {i: tensor.spec.value for i, tensor in enumerate(model.tensors) if tensor.spec.value is not None}
    values |= dict(zip(model.inputs, inputs, strict=True))
    for node in model.nodes:
        assert node.attrs is not None
        results = ops.evaluate(node.attrs, [values[i] for i in node.inputs])
        values |= dict(zip(node.outputs, results, strict=True))
    return [np.array(values[i]) for i in model.outputs]
