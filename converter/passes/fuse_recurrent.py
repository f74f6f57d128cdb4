"""Roll recurrent layers up again that were exported step by step.

    h_1 = cell(x[0], h_0), h_2 = cell(x[1], h_1), ..., y = stack(h_1, h_2, ...)   ->   y, h_n = GRULayer(x, h_0, ...)

and RNNLayer and LSTM alike; `_cells` has the cells. Steps belong together where they have the same weights and each
reads the state of the one before. Sequence lengths are recognized as nn.GRU and nn.RNN write them: a state becomes
Select(length > t, h_t, the state before), and an output Select(length > t, h_t, 0). An LSTM has no lengths: it goes
through all steps, and its y is chosen from behind them. States that are read one by one are sliced from y. A step whose
input is no element of a sequence is a layer of one step.

Declines where steps branch; an LSTM's c is read between steps, or after the last with sequence lengths, or its weights
are not constant, or its batch is open with sequence lengths; an RNN has one step. It is to run first: what is known of
the first step would be folded away.
"""
from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from converter.ir.edit import Editor, Patch
from converter.ir.graph import Graph, Node, Value, make_node
from converter.passes._cells import Cell, match
from converter.passes._manager import whole_graph
from converter.passes._steps import Element, element
from lite.ops.binary import Greater, Minimum, SubFusion
from lite.ops.concat import Stack
from lite.ops.gather import GatherNd
from lite.ops.lstm import LSTM
from lite.ops.recurrent import GRULayer, RNNLayer
from lite.ops.registry import Attributes
from lite.ops.reshape import Squeeze, Unsqueeze
from lite.ops.reverse import ReverseV2
from lite.ops.select import Select
from lite.ops.strided_slice import StridedSlice
from lite.ops.transpose import Transpose
from lite.types import Array


@dataclass(frozen=True, slots=True)
class Step:
    """A cell, what the next step reads and what is stacked: the values that are its state, and its y, afterwards.

    memory: the LSTM's c afterwards. lengths: of the sequences, where they end early; then time counts from 0, and extra
    are the nodes that choose.
    """

    cell: Cell
    states: tuple[Value, ...]
    ys: tuple[Value, ...]
    memory: Value | None = None
    lengths: Value | None = None
    time: int = 0
    extra: tuple[Node, ...] = ()

    @property
    def nodes(self) -> frozenset[Node]:
        return self.cell.nodes.union(self.extra)


@whole_graph
def fuse_recurrent(graph: Graph) -> int:
    """Every run of steps, in the order of the graph: later layers read elements of what earlier ones became."""
    public = frozenset(graph.outputs)
    cells = [cell for node in graph.nodes if (cell := match(node, public)) is not None]
    count = 0
    now: dict[Value, Value] = {}
    with Editor(graph) as editor:
        for chain in _chains(_oriented(cells), public):
            for run in _runs(chain):
                patch = _patch(run, public, now)
                if patch is not None and editor.accepts(patch):
                    editor.apply(patch)
                    now.update(patch.replace)
                    count += 1
    return count


def _oriented(cells: Sequence[Cell]) -> list[Cell]:
    """The cells whose state is known from their input: by its width, or because another cell computes it."""
    groups: dict[tuple[object, ...], list[Cell]] = {}
    for cell in cells:
        groups.setdefault(_kind(cell), []).append(cell)
    oriented = {}
    for group in groups.values():
        computed = {value for cell in group for value in (cell.out, *_selected(cell.out))}
        for cell in group:
            found = [pair for pair in _orders(cell) if _may_recur(pair[1], cell.out)]
            if len(found) == 2:
                weights = {node.inputs[1] for other in group for node in other.products if node.inputs[0] in computed}
                found = [pair for pair in found if pair[1].inputs[1] in weights]
            if len(found) == 1:
                oriented[cell.out] = replace(cell, products=found[0], ordered=True)
    return [oriented[cell.out] for cell in cells if cell.out in oriented]


def _kind(cell: Cell) -> tuple[object, ...]:
    """What is the same for all steps of a layer."""
    return cell.layer, cell.activation, frozenset(node.inputs[1] for node in cell.products), cell.biases


def _orders(cell: Cell) -> list[tuple[Node, Node]]:
    a, b = cell.products
    return [(a, b)] if cell.ordered else [(a, b), (b, a)]


def _may_recur(product: Node, state: Value) -> bool:
    return product.inputs[0].spec.shape == state.spec.shape


def _selected(value: Value) -> Iterator[Value]:
    return (node.outputs[0] for node in value.users if node.op == "Select" and node.inputs[1] is value)


def _step(cell: Cell, public: Collection[Value]) -> Step:
    """The cell with the choices behind it that sequence lengths make, if that is all that reads its state."""
    plain = Step(cell, (cell.out,), (cell.out,), cell.memory[1] if cell.memory else None)
    before = cell.products[1].inputs[0]
    states, ys, extra = [], [], list(cell.out.users)
    conditions = set()
    for node in cell.out.users:
        if node.op != "Select" or node.inputs[1] is not cell.out or node.inputs[0] is cell.out:
            return plain
        conditions.add(node.inputs[0])
        kept = node.inputs[2]
        if kept is not before and not _is_zero(kept):
            return plain
        if kept is before:
            states.append(node.outputs[0])
        if _is_zero(kept):
            ys.append(node.outputs[0])
    memory = None
    if cell.memory is not None:
        kept_memory = [node for node in cell.memory[1].users if node not in cell.nodes]
        if len(kept_memory) != 1 or cell.memory[1] in public or not _keeps(kept_memory[0], *cell.memory):
            return plain
        memory = kept_memory[0].outputs[0]
        conditions.add(kept_memory[0].inputs[0])
        extra.append(kept_memory[0])
    limit = _length_limit(conditions.pop()) if len(conditions) == 1 else None
    if limit is None or cell.out in public:
        return plain
    return Step(cell, tuple(states), tuple(ys), memory, *limit, tuple(extra))


def _keeps(node: Node, before: Value, after: Value) -> bool:
    """Whether it chooses between a state after a step and the one before."""
    return node.op == "Select" and node.inputs[1] is after and node.inputs[2] is before


def _is_zero(value: Value) -> bool:
    if value.data is not None:
        return not value.data.any()
    return value.producer is not None and value.producer.op == "ZerosLike"


def _length_limit(condition: Value) -> tuple[Value, int] | None:
    """(lengths [N], t) where the condition is lengths > t, repeated for all of a state: through float32 and back."""
    node = condition.producer
    time = node.inputs[1].data if node is not None and node.op == "Greater" else None
    if node is None or time is None or time.size != 1:
        return None
    value = node.inputs[0]
    for op in ("Transpose", "Cast", "BroadcastTo", "Cast"):
        if value.producer is None or value.producer.op != op:
            return None
        value = value.producer.inputs[0]
    return (value, int(time.reshape(-1)[0])) if value.spec.rank == 1 else None


def _chains(cells: Sequence[Cell], public: Collection[Value]) -> list[list[Step]]:
    """Steps that follow each other, in the order of their first cells."""
    steps = [_step(cell, public) for cell in cells]
    readers: dict[Value, list[Step]] = {}
    for step in steps:
        readers.setdefault(step.cell.products[1].inputs[0], []).append(step)
    following: dict[Value, Step] = {}
    follows = set()
    for step in steps:
        nexts = [later for state in step.states for later in readers.get(state, ())]
        if len(nexts) == 1 and _continues(step, nexts[0]):
            following[step.cell.out] = nexts[0]
            follows.add(nexts[0].cell.out)
    chains = []
    for step in steps:
        if step.cell.out not in follows:
            chain = [step]
            while chain[-1].cell.out in following:
                chain.append(following[chain[-1].cell.out])
            chains.append(chain)
    return chains


def _continues(step: Step, later: Step) -> bool:
    a, b = step.cell, later.cell
    if _kind(a) != _kind(b) or a.products[1].inputs[1] is not b.products[1].inputs[1]:
        return False
    if b.memory is not None and step.memory is not b.memory[0]:
        return False
    return step.lengths is later.lengths and (step.lengths is None or later.time == step.time + 1)


def _runs(chain: Sequence[Step]) -> Iterator[list[tuple[Step, Element | None]]]:
    """The chain in parts whose inputs are elements of one sequence, one after the other, forwards or backwards."""
    run: list[tuple[Step, Element | None]] = []
    stride = 0
    for step in chain:
        found = element(step.cell.products[0].inputs[0])
        if found is not None and (found.sequence.spec.rank != 3 or found.axis > 1):
            found = None
        last = run[-1][1] if run else None
        move = 0
        if found is not None and last is not None and (found.sequence, found.axis) == (last.sequence, last.axis):
            move = found.index - last.index
        if run and not (abs(move) == 1 and (len(run) == 1 or move == stride)):
            yield run
            run = []
        run.append((step, found))
        stride = move
    yield run


def _patch(
    run: Sequence[tuple[Step, Element | None]], public: Collection[Value], now: Mapping[Value, Value]
) -> Patch | None:
    steps = [step for step, _ in run]
    first, last = steps[0], steps[-1]
    cell = first.cell
    if (cell.layer == "RNNLayer" and len(run) == 1) or (first.lengths is not None and first.time != 0):
        return None
    if cell.memory is not None and first.lengths is not None and cell.out.spec.shape[0] < 0:
        return None
    removed = {node for step in steps for node in step.nodes}

    def is_read(value: Value) -> bool:
        return value in public or not removed.issuperset(value.users)

    memories = [step.memory for step in steps if step.memory is not None]
    hidden = [value for step in steps[:-1] for value in step.states if value not in step.ys]
    if any(is_read(value) for value in (*(memories[:-1] if first.lengths is None else memories), *hidden)):
        return None
    made = _Maker(cell.products[0])
    if cell.memory is None:
        y, state = _layer(made, run)
    else:
        found = _lstm(made, run, now.get(cell.memory[0], cell.memory[0]))
        if found is None:
            return None
        y, state, memory = found
        if first.lengths is None:
            state = made.node(Squeeze(axis=(0,)), state)[0]
        else:
            y, state = _shortened(made, y, cell.products[1].inputs[0], first.lengths)
    new = {}
    for stack in _stacks(steps):
        axes = stack.attrs.axis  # type: ignore[attr-defined]
        backwards = stack.inputs[0] not in first.ys
        removed.add(stack)
        whole = made.node(ReverseV2(axis=(0,)), y)[0] if backwards else y
        new[stack.outputs[0]] = made.transposed(whole) if axes % 3 else whole
    for index, step in enumerate(steps):
        for value in dict.fromkeys((*step.states, *step.ys)):
            if is_read(value):
                new[value] = state if step is last and value in step.states else made.element(y, index)
    if memories and is_read(memories[-1]):
        new[memories[-1]] = made.node(Squeeze(axis=(0,)), memory)[0]
    return Patch(remove=list(removed), add=made.nodes, replace=new)


class _Maker:
    """Makes nodes with the name and origin of another."""

    def __init__(self, like: Node) -> None:
        self.nodes: list[Node] = []
        self._like = like

    def node(self, attrs: Attributes, *inputs: Value) -> list[Value]:
        """The outputs of a new node."""
        self.nodes.append(make_node(attrs, inputs, self._like.name, self._like.origin))
        return self.nodes[-1].outputs

    def ints(self, *values: int) -> Value:
        return Value.constant(np.array(values, np.int32), self._like.name)

    def transposed(self, x: Value) -> Value:
        """Time and batch of [T, N, C] exchanged."""
        return self.node(Transpose(), x, self.ints(1, 0, 2))[0]

    def element(self, x: Value, index: int) -> Value:
        """x[index]"""
        begin, end = self.ints(index), self.ints(index + 1)
        return self.node(StridedSlice(shrink_axis_mask=1), x, begin, end, self.ints(1))[0]


def _sequence(made: _Maker, run: Sequence[tuple[Step, Element | None]]) -> Value:
    """What the steps read, [T, N, C]."""
    step, found = run[0]
    if found is None:
        return made.node(Unsqueeze(axis=(0,)), step.cell.products[0].inputs[0])[0]
    at = [element.index for _, element in run if element is not None]
    low, high = min(at), max(at) + 1
    x = made.transposed(found.sequence) if found.axis else found.sequence
    if high - low != x.spec.shape[0]:
        x = made.node(StridedSlice(), x, made.ints(low), made.ints(high), made.ints(1))[0]
    return made.node(ReverseV2(axis=(0,)), x)[0] if at[0] > at[-1] else x


def _layer(made: _Maker, run: Sequence[tuple[Step, Element | None]]) -> tuple[Value, Value]:
    """y [T, N, H] and the last state [N, H]."""
    step = run[0][0]
    cell = step.cell
    given, recurrent = cell.products
    weights = [node.inputs[1] for node in cell.products]
    rows = weights[0].spec
    zeros = Value.constant(np.zeros(rows.shape[:1], rows.dtype.dtype), f"{given.name}/bias")
    biases = (*cell.biases, zeros, zeros)[:2]
    lengths = () if step.lengths is None else (step.lengths,)
    attrs = GRULayer() if cell.layer == "GRULayer" else RNNLayer(activation_type=cell.activation)
    y, state = made.node(attrs, _sequence(made, run), recurrent.inputs[0], *weights, *biases, *lengths)
    return y, state


def _lstm(made: _Maker, run: Sequence[tuple[Step, Element | None]], c: Value) -> tuple[Value, Value, Value] | None:
    """y [T, N, H], the last state and c [1, N, H]; None where weights are not constant."""
    cell = run[0][0].cell
    weights = [value.data for value in (*(node.inputs[1] for node in cell.products), *cell.biases)]
    known = [data for data in weights if data is not None]
    if len(known) < len(weights) or not all(data.size for data in known):
        return None
    w_x, w_h, *biases = known
    bias = np.sum(biases, axis=0, dtype=np.float64).astype(w_x.dtype) if biases else np.zeros(0, w_x.dtype)
    flat = np.concatenate([w_x.ravel(), w_h.ravel(), bias])
    sizes = {"input_size": w_x.shape[1], "hidden_size": w_h.shape[1], "num_layers": 1, "num_directions": 1}
    attrs = LSTM(has_bias=bool(biases), **sizes)
    before = [made.node(Unsqueeze(axis=(0,)), value)[0] for value in (cell.products[1].inputs[0], c)]
    weights_value = Value.constant(flat, cell.products[0].inputs[1].name)
    y, state, memory = made.node(attrs, _sequence(made, run), *before, weights_value)
    return y, state, memory


def _shortened(made: _Maker, y: Value, h: Value, lengths: Value) -> tuple[Value, Value]:
    """y [T, N, H] with zeros behind each sequence's end, and the state [N, H] there: h where it has no step."""
    steps, batch, _ = y.spec.shape
    dtype = lengths.spec.dtype.dtype

    def constant(data: Array) -> Value:
        return Value.constant(data, h.name)

    column = made.node(Unsqueeze(axis=(1,)), lengths)[0]
    going = made.node(Greater(), column, constant(np.arange(steps, dtype=dtype).reshape(-1, 1, 1)))[0]
    zero = constant(np.zeros((), y.spec.dtype.dtype))
    taken = made.node(Minimum(), lengths, constant(np.array(steps, dtype)))[0]
    last = made.node(SubFusion(), taken, constant(np.array(1, dtype)))[0]
    place = made.node(Stack(axis=-1), last, constant(np.arange(batch, dtype=dtype)))[0]
    ended = made.node(GatherNd(), y, place)[0]
    started = made.node(Greater(), column, constant(np.array(0, dtype)))[0]
    return made.node(Select(), going, y, zero)[0], made.node(Select(), started, ended, h)[0]


def _stacks(steps: Sequence[Step]) -> list[Node]:
    """The nodes that stack what all the steps give, in their order or backwards, along time or batch first."""
    found = []
    for node in dict.fromkeys(user for value in steps[0].ys for user in value.users):
        if not isinstance(node.attrs, Stack) or len(node.inputs) != len(steps) or node.attrs.axis % 3 > 1:
            continue
        for order in (steps, steps[::-1]):
            if all(value in step.ys for value, step in zip(node.inputs, order, strict=True)):
                found.append(node)
                break
    return found
