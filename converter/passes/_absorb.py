"""Rules, one an operator, for working on the base of a transposed value: how, and which view the outputs then are."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from converter.ir.graph import Node, Value
from converter.passes._absorb_reshape import absorb_reshape
from converter.passes._layout import Permutation, identity, inverse, permuted
from converter.passes._view import Bench, Rule, View, views
from lite.ops.concat import Concat
from lite.ops.extremum import ArgMaxFusion, ArgMinFusion
from lite.ops.layer_norm import LayerNormFusion
from lite.ops.matmul import MatMulFusion
from lite.ops.normalize import L2NormalizeFusion
from lite.ops.pad import PadFusion
from lite.ops.per_channel import ScaleFusion
from lite.ops.reduce import ReduceFusion, reduced_axes
from lite.ops.reverse import ReverseV2
from lite.ops.slice import SliceFusion
from lite.ops.softmax import LogSoftmax, Softmax
from lite.ops.split import Split
from lite.ops.strided_slice import StridedSlice
from lite.ops.tile import TileFusion


def _elementwise(bench: Bench, node: Node) -> list[View] | None:
    """All operands broadcast against each other: work in the order that moves the fewest elements."""
    rank = node.outputs[0].spec.rank
    short = [v for v in node.inputs if v.data is None and v.spec.rank < rank]
    perm = _cheapest(bench, [v for v in node.inputs if v.spec.rank == rank])
    if perm is None or any(d != 1 for v in short for d in v.spec.shape):
        return None
    operands = [v if v in short else bench.aligned(v, perm) for v in node.inputs]
    return views(bench.add(node, node.attrs, operands), perm)


def _cheapest(bench: Bench, values: Sequence[Value]) -> Permutation | None:
    """The permutation to work under, or None where it costs less to have all values as they are."""
    perms = dict.fromkeys(bench.view(v).perm for v in values if not bench.view(v).is_plain)
    if not perms:
        return None
    costs = {perm: sum(bench.cost(v, perm) for v in values) for perm in perms}
    best = min(costs, key=costs.__getitem__)
    return best if costs[best] <= sum(bench.cost(v, identity(len(best))) for v in values) else None


def _first_operand(bench: Bench, node: Node) -> list[View] | None:
    """Element-wise in the first operand; the others are settings."""
    base, perm = bench.view(node.inputs[0])
    return views(bench.add(node, node.attrs, [base, *node.inputs[1:]]), perm)


def _concat(bench: Bench, node: Node) -> list[View] | None:
    assert isinstance(node.attrs, Concat)
    perm = _cheapest(bench, node.inputs)
    if perm is None:
        return None
    attrs = replace(node.attrs, axis=perm[node.attrs.axis])
    return views(bench.add(node, attrs, [bench.aligned(v, perm) for v in node.inputs]), perm)


def _along_axis(bench: Bench, node: Node) -> list[View] | None:
    """Along one axis, an attribute; every dimension stays where it is."""
    assert isinstance(node.attrs, (LogSoftmax, Split))
    base, perm = bench.view(node.inputs[0])
    attrs = replace(node.attrs, axis=perm[node.attrs.axis])
    return views(bench.add(node, attrs, [base]), perm)


def _along_axes(bench: Bench, node: Node) -> list[View] | None:
    """The same, where the attribute holds any number of axes."""
    assert isinstance(node.attrs, (L2NormalizeFusion, ReverseV2, Softmax))
    base, perm = bench.view(node.inputs[0])
    attrs = replace(node.attrs, axis=permuted(perm, node.attrs.axis))
    return views(bench.add(node, attrs, [base]), perm)


def _reduce(bench: Bench, node: Node) -> list[View] | None:
    assert isinstance(node.attrs, ReduceFusion)
    base, perm = bench.view(node.inputs[0])
    given = node.inputs[1].data if len(node.inputs) == 2 else np.zeros(0, np.int32)
    if given is None or node.attrs.reduce_to_end:
        return None
    axes = reduced_axes(node.attrs, node.inputs[0].spec, tuple(int(axis) for axis in given.ravel()))
    operand = Value.constant(np.array(sorted(permuted(perm, axes)), np.int32))
    outputs = bench.add(node, node.attrs, [base, operand])
    return views(outputs, perm if node.attrs.keep_dims else _without(perm, axes))


def _extremum(bench: Bench, node: Node) -> list[View] | None:
    """Indices along the axis; where several are asked for the result has another rank."""
    assert isinstance(node.attrs, (ArgMaxFusion, ArgMinFusion))
    base, perm = bench.view(node.inputs[0])
    if node.attrs.top_k > 1:
        return None
    axis = node.attrs.axis % len(perm)
    outputs = bench.add(node, replace(node.attrs, axis=perm[axis]), [base])
    return views(outputs, perm if node.attrs.keep_dims else _without(perm, (axis,)))


def _without(perm: Permutation, axes: Sequence[int]) -> Permutation:
    """The view of what is left once these dimensions are dropped: in the base, too, the others keep their order."""
    left = [perm[i] for i in range(len(perm)) if i not in axes]
    return tuple(sorted(left).index(i) for i in left)


def _tile(bench: Bench, node: Node) -> list[View] | None:
    """A multiple for each dimension, in the second operand or the attributes."""
    attrs = node.attrs
    assert isinstance(attrs, TileFusion)
    base, perm = bench.view(node.inputs[0])
    multiples = np.array(attrs.dims, np.int32) if len(node.inputs) == 1 else node.inputs[1].data
    if multiples is None or multiples.size != len(perm):
        return None
    moved = Value.constant(multiples.ravel()[list(inverse(perm))])
    return views(bench.add(node, TileFusion(), [base, moved]), perm)


def _pad(bench: Bench, node: Node) -> list[View] | None:
    """A pair of numbers for each dimension, in the second operand or the attributes."""
    attrs = node.attrs
    assert isinstance(attrs, PadFusion)
    base, perm = bench.view(node.inputs[0])
    if len(node.inputs) == 1:
        attrs = replace(attrs, paddings=tuple(attrs.paddings[i] for i in inverse(perm)))
        return views(bench.add(node, attrs, [base]), perm)
    pairs = node.inputs[1].data
    if pairs is None:
        return None
    moved = pairs.reshape(-1, 2)[list(inverse(perm))].reshape(pairs.shape)
    return views(bench.add(node, attrs, [base, Value.constant(moved)]), perm)


def _slice(bench: Bench, node: Node) -> list[View] | None:
    attrs = node.attrs
    assert isinstance(attrs, SliceFusion)
    base, perm = bench.view(node.inputs[0])
    begin = node.inputs[1].data
    if begin is None:
        return None
    axes = attrs.axes or identity(begin.size)
    return views(bench.add(node, replace(attrs, axes=permuted(perm, axes)), [base, *node.inputs[1:]]), perm)


def _strided_slice(bench: Bench, node: Node) -> list[View] | None:
    """Only slices that keep every dimension, and name the first ones in order."""
    attrs = node.attrs
    assert isinstance(attrs, StridedSlice)
    base, perm = bench.view(node.inputs[0])
    entries = [v.data.ravel() for v in node.inputs[1:] if v.data is not None]
    changes_rank = attrs.ellipsis_mask or attrs.new_axis_mask or attrs.shrink_axis_mask
    if len(node.inputs) != 4 or len(entries) != 3 or changes_rank:
        return None
    rank, named = len(perm), entries[0].size
    whole = -1 << named  # dimensions that are not named are taken whole
    begin_mask, end_mask = (
        sum(1 << perm[i] for i in range(rank) if (mask | whole) >> i & 1) for mask in (attrs.begin_mask, attrs.end_mask)
    )
    settings = []
    for data, fill in zip(entries, (0, 0, 1), strict=True):
        full = np.append(data, np.full(rank - named, fill)).astype(np.int32)
        settings.append(Value.constant(full[list(inverse(perm))]))
    moved = replace(attrs, begin_mask=begin_mask, end_mask=end_mask)
    return views(bench.add(node, moved, [base, *settings]), perm)


def _scale(bench: Bench, node: Node) -> list[View] | None:
    """One factor a channel follows its axis; factors over several axes do not."""
    assert isinstance(node.attrs, ScaleFusion)
    base, perm = bench.view(node.inputs[0])
    if any(v.spec.rank != 1 for v in node.inputs[1:]):
        return None
    attrs = replace(node.attrs, axis=perm[node.attrs.axis])
    return views(bench.add(node, attrs, [base, *node.inputs[1:]]), perm)


def _last_axis(bench: Bench, node: Node) -> list[View] | None:
    """One factor a channel, in the last axis: where that stays in place, the others may be in any order."""
    perm = bench.view(node.inputs[0]).perm
    return _first_operand(bench, node) if perm[-1] == len(perm) - 1 else None


def _layer_norm(bench: Bench, node: Node) -> list[View] | None:
    """The axes that are normalized, or have factors, must stay in place."""
    assert isinstance(node.attrs, LayerNormFusion)
    perm = bench.view(node.inputs[0]).perm
    first = min(node.attrs.begin_norm_axis % len(perm), node.attrs.begin_params_axis % len(perm))
    return _first_operand(bench, node) if perm[first:] == identity(len(perm))[first:] else None


def _matmul(bench: Bench, node: Node) -> list[View] | None:
    """Swapping the last two axes of an operand is what transpose_a and transpose_b are for."""
    attrs = node.attrs
    assert isinstance(attrs, MatMulFusion)
    perms = [bench.view(v).perm for v in node.inputs[:2]]
    swaps = [_is_better_swapped(perm) for perm in perms]
    if not any(swaps):
        return None
    attrs = replace(attrs, transpose_a=attrs.transpose_a ^ swaps[0], transpose_b=attrs.transpose_b ^ swaps[1])
    operands = []
    for value, swap in zip(node.inputs[:2], swaps, strict=True):
        plain = identity(value.spec.rank)
        operands.append(bench.aligned(value, _swapped(plain) if swap else plain))
    outputs = bench.add(node, attrs, [*operands, *node.inputs[2:]])
    return views(outputs, identity(node.outputs[0].spec.rank))


def _swapped(perm: Permutation) -> Permutation:
    return (*perm[:-2], perm[-1], perm[-2])


def _is_better_swapped(perm: Permutation) -> bool:
    """True where swapping the last two axes leaves nothing to move, or whole rows to move instead of elements."""
    return _swapped(perm) == identity(len(perm)) or perm[-2] == len(perm) - 1


# Every operand broadcasts against the others.
_BROADCASTING = (
    "AddFusion", "AddN", "DivFusion", "Eltwise", "Equal", "FloorDiv", "FloorMod", "Greater", "GreaterEqual", "Less",
    "LessEqual", "LogicalAnd", "LogicalOr", "Maximum", "Minimum", "Mod", "MulFusion", "NotEqual", "PowFusion",
    "RealDiv", "Select", "SquaredDifference", "SubFusion",
)  # fmt: skip

# Element-wise in the first operand.
UNARY = (
    "Abs", "Activation", "Cast", "Ceil", "Clip", "Cos", "Elu", "Erf", "ExpFusion", "Floor", "IsFinite", "LeakyRelu",
    "Log", "Log1p", "LogicalNot", "Neg", "OnesLike", "Reciprocal", "Round", "Rsqrt", "Sin", "Sqrt", "Square",
    "ZerosLike",
)  # fmt: skip

RULES: dict[str, Rule] = {
    **dict.fromkeys(_BROADCASTING, _elementwise),
    **dict.fromkeys(UNARY, _first_operand),
    **dict.fromkeys(("ArgMaxFusion", "ArgMinFusion"), _extremum),
    **dict.fromkeys(("BiasAdd", "FusedBatchNorm", "PReLUFusion"), _last_axis),
    **dict.fromkeys(("ExpandDims", "Flatten", "Reshape", "Squeeze", "Unsqueeze"), absorb_reshape),
    **dict.fromkeys(("L2NormalizeFusion", "ReverseV2", "Softmax"), _along_axes),
    **dict.fromkeys(("LogSoftmax", "Split"), _along_axis),
    "Concat": _concat,
    "LayerNormFusion": _layer_norm,
    "MatMulFusion": _matmul,
    "PadFusion": _pad,
    "ReduceFusion": _reduce,
    "ScaleFusion": _scale,
    "SliceFusion": _slice,
    "StridedSlice": _strided_slice,
    "TileFusion": _tile,
}
