"""What a model consists of: tensors, nodes that refer to them by index, and the subgraphs that the nodes form."""
from __future__ import annotations

from collections.abc import Mapping

from lite.ops.registry import Attributes
from lite.records import dataclass
from lite.types import Array, QuantParams, Stored, TensorSpec

# Operators that say which subgraph is computed, with what. What they write, but for Call, is no tensor.
CONTROL = frozenset({"Call", "PartialFusion", "Switch", "SwitchLayer"})


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of the model.

    spec: name, dtype and shape (-1: not known); value is a read-only array for a constant, else None. quant: how stored
    numbers map to real ones. kind: 0 constant, 1 parameter, 2 variable, as the
    file says. packed: the packed form of codes that were unpacked to compute with them.
    """

    spec: TensorSpec
    quant: QuantParams | None = None
    kind: int = 2
    packed: Stored | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """An operator. inputs, outputs: indices of tensors.

    op: its schema name; for a Custom of lite.ops.custom, that name. attrs: its attributes, None where lite.ops does
    not know the operator. fields: all its schema fields, None where one is absent; nested lists are tuples, attributes
    of another Custom (name, bytes) pairs.
    """

    name: str
    op: str
    attrs: Attributes | None
    fields: Mapping[str, object]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    quant_type: int = 0


@dataclass(frozen=True, slots=True)
class Subgraph:
    """A function of the model. inputs, outputs: indices of tensors; nodes: indices of nodes, in topological order."""

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    nodes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class State:
    """What a model keeps from run to run. tensor: holds it while a run begins; next: what it is after the run.

    initial: what it holds before the first run, read-only.
    """

    tensor: int
    next: int
    initial: Array


@dataclass(frozen=True, slots=True)
class Model:
    """A verified model. subgraphs: one or more, the first is the entry. nbytes: size of the file and those
    beside it.

    name: for messages. version: of the file format, such as "2.7.0". inputs, outputs: indices of tensors. The entry's
    own inputs and outputs are these, in this order, and after them those of the states.
    """

    name: str
    version: str
    tensors: tuple[Tensor, ...]
    nodes: tuple[Node, ...]
    subgraphs: tuple[Subgraph, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    nbytes: int
    states: tuple[State, ...] = ()


def node_label(model: Model, index: int) -> str:
    """A node, for messages."""
    node = model.nodes[index]
    return f"node {index} {node.name!r} ({node.op})"


def tensor_label(model: Model, index: int) -> str:
    """A tensor, for messages."""
    return f"tensor {index} {model.tensors[index].spec}"
