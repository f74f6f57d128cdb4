"""The graph that the importer builds, passes rewrite and the emitter writes.

Nodes are operators of the `.ms` schema, their attributes the dataclasses of `lite.ops`; layouts are the schema's (NHWC
for convolution and pooling). A value is a graph input, a constant (it has data), or one output of one node.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from lite import ops
from lite.ops.registry import Attributes
from lite.types import Array, TensorSpec


class Value:
    """A tensor in the graph: its spec, its producer (None for inputs and constants) and its users.

    users has one entry for each use, so a node that reads a value twice is in it twice.
    """

    __slots__ = ("producer", "spec", "users")

    def __init__(self, spec: TensorSpec, producer: Node | None = None) -> None:
        self.spec = spec
        self.producer = producer
        self.users: list[Node] = []

    @classmethod
    def constant(cls, data: Array, name: str = "") -> Value:
        """A value whose elements are known. The array must not be written to afterwards."""
        return cls(TensorSpec.of(data, name))

    @property
    def name(self) -> str:
        """Name of the tensor; unique in a graph once it is emitted, free text before."""
        return self.spec.name

    @property
    def data(self) -> Array | None:
        """The elements of a constant, else None."""
        return self.spec.value if self.producer is None else None

    def __repr__(self) -> str:
        return f"Value({self.spec})"


class Node:
    """One operator: attributes, inputs, outputs, and where it came from (a scope path, for messages)."""

    __slots__ = ("attrs", "inputs", "name", "origin", "outputs")

    def __init__(
        self, attrs: Attributes, inputs: Sequence[Value], outputs: Sequence[Value], name: str = "", origin: str = ""
    ) -> None:
        self.attrs = attrs
        self.inputs = list(inputs)
        self.outputs = list(outputs)
        self.name = name
        self.origin = origin

    @property
    def op(self) -> str:
        """The operator's schema name."""
        return self.attrs.op

    def __repr__(self) -> str:
        return f"Node({self.op} {self.name!r})"


def make_node(
    attrs: Attributes, inputs: Sequence[Value], name: str = "", origin: str = "", output_names: Sequence[str] = ()
) -> Node:
    """A node, not yet in any graph, whose output specs come from shape inference.

    Raises ShapeError or DTypeError where the inputs do not fit the operator.
    """
    specs = infer(attrs, [v.spec for v in inputs])
    node = Node(attrs, inputs, (), name, origin)
    names = list(output_names) or [name if i == 0 else f"{name}:{i}" for i in range(len(specs))]
    node.outputs = [Value(spec.named(label), node) for spec, label in zip(specs, names, strict=True)]
    return node


def infer(attrs: Attributes, inputs: Sequence[TensorSpec]) -> tuple[TensorSpec, ...]:
    """Specs of what a node computes. Raises ShapeError or DTypeError where the inputs do not fit."""
    own: Callable[[Sequence[TensorSpec]], tuple[TensorSpec, ...]] | None = getattr(attrs, "infer", None)
    return ops.infer(attrs, inputs) if own is None else own(inputs)


class Graph:
    """Inputs, outputs and nodes; `nodes` is kept in topological order.

    outputs may name one value twice, an input or a constant: `.ms` readers are given copies by the emitter. functions:
    what nodes of control flow run, by name; only the main graph has them (see converter.ir.invoke). Graphs share no
    values.

    states: what the main graph keeps from run to run. The last inputs, as many, are what they hold when a run begins,
    the last outputs, in the same order, what they hold when it ends, and here is what they hold before the first run.
    To passes they are inputs and outputs as all others.
    """

    def __init__(self, name: str = "main") -> None:
        self.name = name
        self.inputs: list[Value] = []
        self.outputs: list[Value] = []
        self.nodes: list[Node] = []
        self.functions: dict[str, Graph] = {}
        self.states: list[Array] = []

    @property
    def fed(self) -> list[Value]:
        """The inputs that the network's user gives: all but the states."""
        return self.inputs[: len(self.inputs) - len(self.states)]

    @property
    def results(self) -> list[Value]:
        """The outputs that the network's user gets."""
        return self.outputs[: len(self.outputs) - len(self.states)]

    @property
    def kept(self) -> list[tuple[Value, Value]]:
        """For each state, what it holds when a run begins and when it ends."""
        begin, end = self.inputs[len(self.fed) :], self.outputs[len(self.results) :]
        return list(zip(begin, end, strict=True))

    def add_input(self, spec: TensorSpec) -> Value:
        """Append a graph input."""
        self.inputs.append(Value(spec))
        return self.inputs[-1]

    def add(
        self,
        attrs: Attributes,
        inputs: Sequence[Value],
        name: str = "",
        origin: str = "",
        output_names: Sequence[str] = (),
    ) -> tuple[Value, ...]:
        """Append a node and return its outputs; their specs come from shape inference."""
        node = make_node(attrs, inputs, name, origin, output_names)
        self.insert(len(self.nodes), [node])
        return tuple(node.outputs)

    def insert(self, index: int, nodes: Iterable[Node]) -> None:
        """Insert nodes before position `index` and register them as users of their inputs."""
        block = list(nodes)
        self.nodes[index:index] = block
        for node in block:
            for value in node.inputs:
                value.users.append(node)

    def is_output(self, value: Value) -> bool:
        """True where the value is one of the graph's outputs."""
        return any(value is output for output in self.outputs)

    def all_nodes(self) -> list[Node]:
        """The graph's nodes, then those of its functions."""
        return [*self.nodes, *(node for part in self.functions.values() for node in part.nodes)]

    def constants(self) -> list[Value]:
        """Constants in use, each once, in order of first use."""
        used = [v for node in self.nodes for v in node.inputs] + self.outputs
        return list({id(v): v for v in used if v.producer is None and v.spec.is_known}.values())

    def parameter_bytes(self) -> int:
        """Bytes of all constants in use, as they are stored."""
        return sum(v.spec.data.nbytes for v in self.constants() if v.spec.data is not None)
