"""One step of a recurrent cell as MindSpore writes it: what nn.GRU, nn.RNN and the cells of nn unroll into.

    GRU    new = tanh(n + sigmoid(r + r') * n'),  h' = new + sigmoid(z + z') * (h - new)
           r, z, n = split(x W_x^T + b_x),  r', z', n' = split(h W_h^T + b_h)
    RNN    h' = activation(x W_x^T + h W_h^T + biases)
    LSTM   i, f, g, o = split(x W_x^T + h W_h^T + biases)
           c' = sigmoid(f) c + sigmoid(i) tanh(g),  h' = sigmoid(o) tanh(c')

Sums and products match in any order. A step declines where a value inside it is used outside.
"""
from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from converter.ir.graph import Node, Value
from lite.ops.activation import Activation
from lite.ops.enums import ActivationType
from lite.ops.matmul import MatMulFusion
from lite.ops.split import Split

_MOST_ADDENDS = 4


@dataclass(frozen=True, slots=True)
class Cell:
    """layer: the operator for many steps. products: x's and the state's, or where they are not `ordered` the reverse.

    biases: what is added to each product, or to their sum. out: the new state. memory: the LSTM's c and its new one.
    activation: the RNN's.
    """

    layer: str
    products: tuple[Node, Node]
    biases: tuple[Value, ...]
    out: Value
    nodes: frozenset[Node]
    ordered: bool = False
    memory: tuple[Value, Value] | None = None
    activation: ActivationType = ActivationType.TANH


def match(node: Node, public: Collection[Value]) -> Cell | None:
    """The step whose last activation is `node`, or None. public: the graph's outputs."""
    kind = _kind(node)
    if kind == ActivationType.TANH:
        cell = _gru(node) or _lstm(node) or _rnn(node, kind)
    elif kind == ActivationType.RELU:
        cell = _rnn(node, kind)
    else:
        return None
    return cell if cell is not None and _is_closed(cell, public) else None


def _gru(tanh: Node) -> Cell | None:
    new = tanh.outputs[0]
    for total, i_n, gated in _operands(tanh.inputs[0], "AddFusion"):
        for reset, opened, h_n in _operands(gated, "MulFusion"):
            of_x, of_h = _split(i_n, 2, 3), _split(h_n, 2, 3)
            if of_x is None or of_h is None or of_x is of_h:
                continue
            r = _gate(opened, of_x.outputs[0], of_h.outputs[0])
            update = _update(new)
            if r is None or update is None:
                continue
            z, h, out, blend = update
            z_nodes = _gate(z, of_x.outputs[1], of_h.outputs[1])
            given, state = _products(of_x.inputs[0], 1), _products(of_h.inputs[0], 1)
            if z_nodes is None or given is None or state is None or state[0][0].inputs[0] is not h:
                continue
            nodes = {tanh, total, reset, of_x, of_h, *r, *z_nodes, *blend, *given[2], *state[2]}
            if len(given[1]) != len(state[1]) or len(given[1]) > 1:
                continue
            biases = (*given[1], *state[1])
            return Cell("GRULayer", (given[0][0], state[0][0]), biases, out, frozenset(nodes), ordered=True)
    return None


def _update(new: Value) -> tuple[Value, Value, Value, tuple[Node, ...]] | None:
    """(z, h, h', the nodes) of h' = new + z * (h - new)."""
    for sub in new.users:
        if sub.op != "SubFusion" or not _is_plain(sub) or sub.inputs[1] is not new:
            continue
        difference = sub.outputs[0]
        if len(difference.users) != 1:
            return None
        mul = difference.users[0]
        for scaled, z, other in _operands(mul.outputs[0], "MulFusion"):
            if other is not difference or len(scaled.outputs[0].users) != 1:
                continue
            add = scaled.outputs[0].users[0]
            for last, a, b in _operands(add.outputs[0], "AddFusion"):
                if a is new and b is scaled.outputs[0]:
                    return z, sub.inputs[0], last.outputs[0], (sub, scaled, last)
    return None


def _lstm(tanh: Node) -> Cell | None:
    for total, kept, added in _operands(tanh.inputs[0], "AddFusion"):
        for keep, forget, c in _operands(kept, "MulFusion"):
            for write, enter, candidate in _operands(added, "MulFusion"):
                readers = tanh.outputs[0].users
                for last, opened, shown in _operands(readers[0].outputs[0], "MulFusion") if len(readers) == 1 else ():
                    gates = [value.producer for value in (enter, forget, candidate, opened)]
                    found = _lstm_gates([gate for gate in gates if gate is not None])
                    if shown is tanh.outputs[0] and found is not None:
                        products, biases, nodes = found
                        every = frozenset({tanh, total, keep, write, last, *nodes})
                        pair = (products[0], products[1])
                        return Cell("LSTM", pair, biases, last.outputs[0], every, memory=(c, tanh.inputs[0]))
    return None


def _lstm_gates(gates: Sequence[Node]) -> tuple[list[Node], tuple[Value, ...], list[Node]] | None:
    """As _products, where the nodes are the activations of the four gates i, f, g, o."""
    sigmoid = ActivationType.SIGMOID
    if [_kind(gate) for gate in gates] != [sigmoid, sigmoid, ActivationType.TANH, sigmoid]:
        return None
    split = _split(gates[0].inputs[0], 0, 4)
    if split is None or any(gate.inputs[0] is not v for gate, v in zip(gates, split.outputs, strict=True)):
        return None
    found = _products(split.inputs[0], 2)
    return None if found is None else (found[0], found[1], [split, *gates, *found[2]])


def _rnn(node: Node, kind: ActivationType) -> Cell | None:
    found = _products(node.inputs[0], 2)
    if found is None:
        return None
    products, biases, nodes = found
    every = frozenset({node, *nodes})
    return Cell("RNNLayer", (products[0], products[1]), biases, node.outputs[0], every, activation=kind)


def _gate(value: Value, *addends: Value) -> tuple[Node, Node] | None:
    """The nodes of sigmoid(a + b), or None where `value` is not that."""
    node = value.producer
    if node is None or _kind(node) != ActivationType.SIGMOID:
        return None
    for add, a, b in _operands(node.inputs[0], "AddFusion"):
        if (a, b) == addends:
            return node, add
    return None


def _products(value: Value, count: int) -> tuple[list[Node], tuple[Value, ...], list[Node]] | None:
    """(products of rows with transposed weights, vectors, all nodes) whose sum `value` is, with as many products."""
    products: list[Node] = []
    vectors: list[Value] = []
    nodes: list[Node] = []
    waiting = [value]
    while waiting:
        addend = waiting.pop()
        node = addend.producer
        if node is not None and node.op in ("AddFusion", "BiasAdd") and _is_plain(node):
            waiting += reversed(node.inputs)
            nodes.append(node)
        elif node is not None and isinstance(node.attrs, MatMulFusion) and _is_plain(node):
            if node.attrs.transpose_a or not node.attrs.transpose_b or any(v.spec.rank != 2 for v in node.inputs[:2]):
                return None
            if addend.spec.shape != value.spec.shape:
                return None
            products.append(node)
            vectors += node.inputs[2:]
            nodes.append(node)
        elif addend.spec.rank == 1 and addend.spec.shape == value.spec.shape[-1:]:
            vectors.append(addend)
        else:
            return None
        if len(nodes) > 2 * _MOST_ADDENDS:
            return None
    found = len(products) == count and len(vectors) <= 2
    return (products, tuple(vectors), nodes) if found else None


def _split(value: Value, index: int, count: int) -> Node | None:
    """The node that cuts the rows of a matrix into `count` equal gates, of which `value` is number `index`."""
    node = value.producer
    if node is None or not isinstance(node.attrs, Split) or len(node.outputs) != count or value.spec.rank != 2:
        return None
    same = all(output.spec.shape[1] == value.spec.shape[1] >= 0 for output in node.outputs)
    return node if same and node.attrs.axis in (1, -1) and node.outputs[index] is value else None


def _operands(value: Value, op: str) -> Iterator[tuple[Node, Value, Value]]:
    """(node, a, b) and (node, b, a) where `value` is a op b of operands of its own shape, without an activation."""
    node = value.producer
    if node is None or node.op != op or len(node.inputs) != 2 or not _is_plain(node):
        return
    a, b = node.inputs
    if a.spec.shape == b.spec.shape:
        yield node, a, b
        yield node, b, a


def _is_plain(node: Node) -> bool:
    return getattr(node.attrs, "activation_type", ActivationType.NO_ACTIVATION) == ActivationType.NO_ACTIVATION


def _kind(node: Node) -> ActivationType:
    return node.attrs.activation_type if isinstance(node.attrs, Activation) else ActivationType.NO_ACTIVATION


def _is_closed(cell: Cell, public: Collection[Value]) -> bool:
    """True where the step's values but its results are read by its own nodes only."""
    results = (cell.out,) if cell.memory is None else (cell.out, cell.memory[1])
    inner = [value for node in cell.nodes for value in node.outputs if value not in results]
    return all(value not in public and cell.nodes.issuperset(value.users) for value in inner)
