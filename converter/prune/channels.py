"""Which channels can only be removed together.

    x ─ conv a ─┬─ conv b ─ add ─ conv d        the channels of a and b are tied by the addition, one to one: channel 3
                └───────────┘                   of both is removed with d's weights for it, or none

Every channel of what a product computes is given a number. A walk over the graph says which numbers lie along which
axis of every tensor: elementwise operators, pools and normalization pass them on, concatenation joins them, additions,
grouped convolutions and norms of groups tie them, reshapes repeat them. Where an operator looks at channels in another
way, those that it reads, and all tied to them, stay.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from converter.ir.graph import Graph, Node, Value
from lite.ops.concat import Concat
from lite.ops.conv2d import Conv2DFusion
from lite.ops.conv2d_transpose import Conv2dTransposeFusion
from lite.ops.group_norm import GroupNormFusion
from lite.ops.matmul import MatMulFusion
from lite.ops.reduce import ReduceFusion, reduced_axes
from lite.ops.resize import Resize
from lite.types import Array, DType


@dataclass(frozen=True, slots=True)
class Along:
    """Numbers of the channels that lie along an axis of a tensor, one for each of its elements there."""

    axis: int
    numbers: Array


@dataclass(frozen=True, slots=True)
class Family:
    """Products whose channels are tied: where one loses some, all do. classes: what stands for those that may go."""

    producers: tuple[Node, ...]
    classes: tuple[int, ...]


class Channels:
    """The channels of a graph.

    along: of every tensor that has some; others' elements are not looked at by channel. readers: nodes that look at
    channels in a way of their own, so that those stay.
    """

    def __init__(self, graph: Graph, skip_nodes: Iterable[str] = ()) -> None:
        self.along: dict[Value, Along] = {}
        self.producers: dict[Node, Array] = {}  # products -> the numbers of the channels they compute
        self.readers: list[Node] = []
        self._parent: list[int] = []
        self._stay: set[int] = set()
        skipped = set(skip_nodes)
        for node in graph.nodes:
            rule = None if node.name in skipped else _RULES.get(node.op)
            if rule is None or _is_empty(node) or not rule(self, node):
                if any(value in self.along for value in node.inputs):
                    self.readers.append(node)
                self.keep(*node.inputs)
        self.keep(*graph.outputs)

    def root(self, number: int) -> int:
        """The number that stands for all that go together with this one."""
        while self._parent[number] != number:
            self._parent[number] = self._parent[self._parent[number]]
            number = self._parent[number]
        return number

    def classes(self, value: Value) -> Array:
        """For each element along the value's axis, what stands for its channel."""
        return np.array([self.root(n) for n in self.along[value].numbers], np.int64)

    def families(self) -> list[Family]:
        """All channels that may go, by products that are tied, in the order of the graph."""
        stay = {self.root(n) for n in self._stay}
        owner: dict[int, int] = {}  # class -> index of its family
        members: list[tuple[list[Node], dict[int, None]]] = []
        for node, numbers in self.producers.items():
            own = dict.fromkeys(self.root(int(n)) for n in numbers)
            touched = sorted({owner[c] for c in own if c in owner})
            into = touched[0] if touched else len(members)
            if not touched:
                members.append(([], {}))
            for other in touched[1:]:
                for c in members[other][1]:
                    owner[c] = into
                members[into][0].extend(members[other][0])
                members[into][1].update(members[other][1])
                members[other] = ([], {})
            members[into][0].append(node)
            members[into][1].update(own)
            owner.update(dict.fromkeys(own, into))
        found = [Family(tuple(nodes), tuple(c for c in own if c not in stay)) for nodes, own in members]
        return [family for family in found if family.classes]

    def fresh(self, node: Node, axis: int, period: int = 0) -> None:
        """Number the channels that a product computes; those `period` apart are tied, where it is given."""
        (y,) = node.outputs
        count = y.spec.shape[axis]
        numbers = np.arange(len(self._parent), len(self._parent) + count)
        self._parent.extend(numbers.tolist())
        self.along[y] = Along(axis, numbers)
        self.producers[node] = numbers
        if period:
            self.tie(*numbers.reshape(-1, period))

    def staying(self, count: int) -> Array:
        """Numbers for channels that no product computes: they stay."""
        numbers = np.arange(len(self._parent), len(self._parent) + count)
        self._parent.extend(numbers.tolist())
        self._stay.update(numbers.tolist())
        return numbers

    def tie(self, first: Array, *others: Array) -> None:
        """Tie each channel of the first tensor to the one at its place in each of the others."""
        for other in others:
            for a, b in zip(first.tolist(), other.tolist(), strict=True):
                self._parent[self.root(b)] = self.root(a)

    def keep(self, *values: Value) -> None:
        """Keep all channels of these tensors."""
        for value in values:
            if value in self.along:
                self._stay.update(self.along[value].numbers.tolist())

    def pass_on(self, node: Node, along: Along) -> bool:
        """The node's outputs have these channels."""
        self.along.update(dict.fromkeys(node.outputs, along))
        return True


def _is_empty(node: Node) -> bool:
    """Whether there is nothing that it reads first, or computes."""
    return any(0 in value.spec.shape for value in (*node.inputs[:1], *node.outputs))


Rule = Callable[[Channels, Node], bool]  # False: the operator looks at the channels of its inputs in a way of its own


def _product(channels: Channels, node: Node) -> bool:
    """Reads the channels along its last axis, and computes new ones."""
    x, w, *rest = node.inputs
    attrs, read = node.attrs, channels.along.get(x)
    if isinstance(attrs, MatMulFusion) and w.data is None and not rest:
        return _of_computed(channels, node, attrs)
    if x.spec.dtype != DType.FLOAT32 or any(v.data is None for v in (w, *rest)):
        return False
    if read is not None and read.axis != x.spec.rank - 1:
        return False
    if isinstance(attrs, MatMulFusion):
        if attrs.transpose_a or w.spec.rank != 2 or x.spec.rank < 2:
            return False
    elif isinstance(attrs, Conv2DFusion) and attrs.group > 1:
        return _grouped(channels, node, attrs.group, read)
    elif isinstance(attrs, Conv2dTransposeFusion) and attrs.group > 1:
        return False
    channels.fresh(node, node.outputs[0].spec.rank - 1)
    return True


def _of_computed(channels: Channels, node: Node, attrs: MatMulFusion) -> bool:
    """Of two computed matrices: the channels it sums over are tied; the columns of the second are passed on."""
    a, b = node.inputs
    rows, columns = channels.along.get(a), channels.along.get(b)
    if rows is None and columns is None:
        return True
    summed = a.spec.rank - 1 - attrs.transpose_a, b.spec.rank - 2 + attrs.transpose_b
    if rows is not None and columns is not None:
        if (rows.axis, columns.axis) != summed:
            return False
        channels.tie(rows.numbers, columns.numbers)
        return True
    if columns is None or columns.axis != b.spec.rank - 1 - attrs.transpose_b:
        return False
    return channels.pass_on(node, Along(node.outputs[0].spec.rank - 1, columns.numbers))


def _grouped(channels: Channels, node: Node, group: int, read: Along | None) -> bool:
    """One channel a group: it is passed on. More: as many have to go of each group."""
    (y,), outputs = node.outputs, node.outputs[0].spec.shape[3]
    if node.inputs[1].spec.shape[3] > 1:
        if read is not None:
            channels.tie(*read.numbers.reshape(group, -1))
        channels.fresh(node, 3, outputs // group)
    elif read is not None:
        channels.along[y] = Along(3, np.repeat(read.numbers, outputs // group))
    return True


def _same(channels: Channels, node: Node) -> bool:
    """Every channel of the first input becomes one of the output's; constants have an element for each, or one."""
    x, *rest = node.inputs
    if x not in channels.along or any(v in channels.along or v.data is None for v in rest):
        return not any(v in channels.along for v in node.inputs)
    along = channels.along[x]
    if isinstance(node.attrs, Resize) and along.axis != 3:
        return False
    if any(s not in (1, len(along.numbers)) for v in rest if v.spec.dtype == DType.FLOAT32 for s in v.spec.shape[-1:]):
        return False
    if rest and along.axis != x.spec.rank - 1:
        return False
    return channels.pass_on(node, along)


def _group_norm(channels: Channels, node: Node) -> bool:
    """The statistics of a group are of all its channels: whole groups go."""
    x, *factors = node.inputs
    if x not in channels.along:
        return not any(v in channels.along for v in factors)
    along = channels.along[x]
    assert isinstance(node.attrs, GroupNormFusion), "the operator's name is the class's"
    if along.axis != x.spec.rank - 1 or any(v.data is None for v in factors):
        return False
    channels.tie(*along.numbers.reshape(node.attrs.num_groups, -1).T)
    return channels.pass_on(node, along)


def _elementwise(channels: Channels, node: Node) -> bool:
    """Channels at one place of all operands go together; a constant has an element for each, or one for all."""
    rank = node.outputs[0].spec.rank
    found = [(channels.along[v].axis - v.spec.rank, channels.along[v]) for v in node.inputs if v in channels.along]
    if not found:
        return True
    axis = found[0][0]
    size = node.outputs[0].spec.shape[axis]
    wide = [v for v in node.inputs if v.spec.rank >= -axis and v.spec.shape[axis] != 1]
    if any(a != axis for a, _ in found) or any(v.data is None and v not in channels.along for v in wide):
        return False
    if any(len(along.numbers) != size for _, along in found):
        return False
    channels.tie(*(along.numbers for _, along in found))
    return channels.pass_on(node, Along(rank + axis, found[0][1].numbers))


def _concat(channels: Channels, node: Node) -> bool:
    """Along the channels' axis they follow one another; along another they go together."""
    assert isinstance(node.attrs, Concat), "the operator's name is the class's"
    along = [channels.along.get(v) for v in node.inputs]
    known = [a for a in along if a is not None]
    if not known:
        return True
    axis = node.attrs.axis % node.outputs[0].spec.rank
    if any(a.axis != known[0].axis for a in known):
        return False
    if known[0].axis != axis:
        if len(known) < len(along):
            return False
        channels.tie(*(a.numbers for a in known))
        return channels.pass_on(node, known[0])
    if any(v.data is not None for v in node.inputs):
        return False
    numbers = [
        channels.staying(v.spec.shape[axis]) if a is None else a.numbers
        for v, a in zip(node.inputs, along, strict=True)
    ]
    return channels.pass_on(node, Along(axis, np.concatenate(numbers)))


def _reshape(channels: Channels, node: Node) -> bool:
    """An axis of the result may have the channels, each once or, where they come with pixels, several times.

    Where they are split, as into heads, those at one place of the last axis that can have them go together.
    """
    x, (y,) = node.inputs[0], node.outputs
    if x not in channels.along:
        return True
    along = channels.along[x]
    if not (x.spec.is_static and y.spec.is_static) or any(v.data is None for v in node.inputs[1:]):
        return False
    shape = [1] * x.spec.rank
    shape[along.axis] = -1
    laid = np.broadcast_to(along.numbers.reshape(shape), x.spec.shape).reshape(y.spec.shape)
    for axis in reversed(range(y.spec.rank)):
        numbers = np.moveaxis(laid, axis, 0).reshape(y.spec.shape[axis], -1)
        if y.spec.shape[axis] > 1 and (numbers == numbers[:, :1]).all():
            return channels.pass_on(node, Along(axis, numbers[:, 0].copy()))
    for axis in reversed(range(y.spec.rank)):
        numbers = np.moveaxis(laid, axis, 0).reshape(y.spec.shape[axis], -1)
        rows = [np.unique(row) for row in numbers]
        if len({len(row) for row in rows}) == 1 < len(rows) and sum(map(len, rows)) == len(np.unique(along.numbers)):
            channels.tie(*np.stack(rows).T)
            return channels.pass_on(node, Along(axis, numbers[:, 0].copy()))
    return False


def _transpose(channels: Channels, node: Node) -> bool:
    """The channels' axis moves."""
    x, perm = node.inputs
    if x not in channels.along:
        return True
    if perm.data is None:
        return False
    along = channels.along[x]
    order = perm.data.tolist() or list(reversed(range(x.spec.rank)))
    return channels.pass_on(node, Along(order.index(along.axis), along.numbers))


def _reduce(channels: Channels, node: Node) -> bool:
    """Other axes than the channels' may be reduced."""
    x, *rest = node.inputs
    if x not in channels.along:
        return True
    along = channels.along[x]
    assert isinstance(node.attrs, ReduceFusion), "the operator's name is the class's"
    if any(v.data is None for v in rest):
        return False
    axes = reduced_axes(node.attrs, x.spec, tuple(rest[0].data.reshape(-1).tolist()) if rest else ())  # type: ignore[union-attr]
    if along.axis in axes:
        return False
    gone = 0 if node.attrs.keep_dims else sum(axis < along.axis for axis in axes)
    return channels.pass_on(node, Along(along.axis - gone, along.numbers))


def _pad(channels: Channels, node: Node) -> bool:
    """Other axes than the channels' may be padded."""
    x, *rest = node.inputs
    if x not in channels.along:
        return True
    pads = rest[0].data if rest else None
    if pads is None or pads.reshape(-1, 2)[channels.along[x].axis].any():
        return False
    return channels.pass_on(node, channels.along[x])


_RULES: dict[str, Rule] = {
    **dict.fromkeys(("Conv2DFusion", "Conv2dTransposeFusion", "MatMulFusion"), _product),
    **dict.fromkeys(
        (
            "Activation", "Abs", "AvgPoolFusion", "BatchNorm", "BiasAdd", "Clip", "Elu", "Erf", "ExpFusion",
            "FusedBatchNorm", "InstanceNorm", "LeakyRelu", "MaxPoolFusion", "Neg", "PReLUFusion", "Resize", "Rsqrt",
            "Sqrt", "Square",
        ),
        _same,
    ),
    **dict.fromkeys(
        ("AddFusion", "SubFusion", "MulFusion", "DivFusion", "Maximum", "Minimum", "SquaredDifference"), _elementwise
    ),
    "Concat": _concat,
    "Flatten": _reshape,
    "GroupNormFusion": _group_norm,
    "PadFusion": _pad,
    "ReduceFusion": _reduce,
    "Reshape": _reshape,
    "Transpose": _transpose,
}  # fmt: skip
