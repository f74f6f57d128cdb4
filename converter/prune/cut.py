"""The graph without some channels: constants sliced, attributes that count channels corrected."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from converter.ir.graph import Graph, Node, Value
from converter.prune.channels import Along, Channels
from lite.ops.conv2d import Conv2DFusion
from lite.ops.conv2d_transpose import Conv2dTransposeFusion
from lite.ops.group_norm import GroupNormFusion
from lite.ops.matmul import MatMulFusion
from lite.ops.registry import Attributes
from lite.types import Array


def cut(graph: Graph, channels: Channels, gone: set[int]) -> tuple[Graph, dict[Node, Node]]:
    """A new graph without the channels of these classes, and its node for each of the old ones."""
    new = Graph(graph.name)
    new.functions, new.states = graph.functions, graph.states
    values = {value: new.add_input(value.spec) for value in graph.inputs}
    nodes: dict[Node, Node] = {}
    left = _Left(channels, gone)

    def of(value: Value) -> Value:
        if value not in values:
            values[value] = Value(value.spec)  # a constant; its users are those of this graph
        return values[value]

    for node in graph.nodes:
        attrs, constants = _RULES.get(node.op, _as_it_was)(node, left)
        inputs = [
            Value.constant(constants[i], value.name) if i in constants else of(value)
            for i, value in enumerate(node.inputs)
        ]
        outputs = new.add(attrs, inputs, node.name, node.origin, [v.name for v in node.outputs])
        values.update(zip(node.outputs, outputs, strict=True))
        nodes[node] = new.nodes[-1]
    new.outputs = [of(value) for value in graph.outputs]
    return new, nodes


class _Left:
    """Which elements of an axis are left."""

    def __init__(self, channels: Channels, gone: set[int]) -> None:
        self._channels, self._gone = channels, gone

    def along(self, value: Value) -> tuple[Along, Array] | None:
        """The axis that loses elements and which it keeps, as truth values; None where all stay."""
        if value not in self._channels.along:
            return None
        kept = np.array([c not in self._gone for c in self._channels.classes(value).tolist()])
        return None if kept.all() else (self._channels.along[value], kept)

    def mask(self, value: Value) -> Array | slice:
        """Which elements along its axis are left."""
        found = self.along(value)
        return slice(None) if found is None else found[1]


Cut = tuple[Attributes, dict[int, Array]]  # attributes, and inputs that are other constants
_Rule = Callable[[Node, _Left], Cut]


def _as_it_was(node: Node, left: _Left) -> Cut:
    return node.attrs, {}


def _product(node: Node, left: _Left) -> Cut:
    attrs, (x, w, *bias) = node.attrs, node.inputs
    reads, writes = left.mask(x), left.mask(node.outputs[0])
    data = w.data
    if data is None or (isinstance(reads, slice) and isinstance(writes, slice)):
        return attrs, {}
    if isinstance(attrs, MatMulFusion):
        small = data[writes][:, reads] if attrs.transpose_b else data[reads][:, writes]
    elif isinstance(attrs, Conv2dTransposeFusion):
        small = data[reads][..., writes]
        attrs = replace(attrs, in_channel=small.shape[0], out_channel=small.shape[3])
    else:
        assert isinstance(attrs, Conv2DFusion), "the table has no other products"
        small = data[writes]
        inputs = x.spec.shape[3] if isinstance(reads, slice) else int(reads.sum())
        if attrs.group == 1:
            small = small[..., reads]
        elif data.shape[3] > 1 and not isinstance(reads, slice):
            small = small[..., reads[: data.shape[3]]]  # as many of each group, at the same places
        group = inputs // small.shape[3]
        attrs = replace(attrs, group=group, in_channel=inputs, out_channel=small.shape[0])
    constants = {1: np.ascontiguousarray(small)}
    for b in bias:
        if b.data is not None:
            constants[2] = b.data.reshape(-1)[writes].copy()
    return attrs, constants


def _constants(node: Node, left: _Left) -> Cut:
    """Constants that have an element for each channel, counted from the last axis."""
    (y,) = node.outputs
    found = left.along(y)
    if found is None:
        return node.attrs, {}
    along, kept = found
    axis = along.axis - y.spec.rank
    constants = {}
    for i, value in enumerate(node.inputs):
        data = value.data
        if data is not None and data.dtype == np.float32 and data.ndim >= -axis and data.shape[axis] == len(kept):
            constants[i] = np.ascontiguousarray(np.compress(kept, data, axis=axis))
    return node.attrs, constants


def _group_norm(node: Node, left: _Left) -> Cut:
    """Whole groups are left."""
    attrs, constants = _constants(node, left)
    found = left.along(node.outputs[0])
    if found is None:
        return attrs, constants
    assert isinstance(attrs, GroupNormFusion), "the operator's name is the class's"
    _, kept = found
    return replace(attrs, num_groups=attrs.num_groups * int(kept.sum()) // len(kept)), constants


def _reshape(node: Node, left: _Left) -> Cut:
    """The shape has what is left of the axis."""
    found = left.along(node.outputs[0])
    if found is None or len(node.inputs) < 2:
        return node.attrs, {}
    along, kept = found
    shape = node.inputs[1].data
    assert shape is not None, "the walk has looked"
    shape = shape.copy()
    shape.reshape(-1)[:] = node.outputs[0].spec.shape
    shape.reshape(-1)[along.axis] = kept.sum()
    return node.attrs, {1: shape}


_RULES: dict[str, _Rule] = {
    **dict.fromkeys(("Conv2DFusion", "Conv2dTransposeFusion", "MatMulFusion"), _product),
    **dict.fromkeys(
        (
            "AddFusion", "BatchNorm", "BiasAdd", "DivFusion", "FusedBatchNorm", "InstanceNorm", "Maximum", "Minimum",
            "MulFusion", "PReLUFusion", "SquaredDifference", "SubFusion",
        ),
        _constants,
    ),
    "GroupNormFusion": _group_norm,
    "Reshape": _reshape,
}  # fmt: skip
