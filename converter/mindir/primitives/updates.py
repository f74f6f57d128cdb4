"""Primitives that write to their first input, as rows that give what it becomes: see converter.mindir.effects."""
from __future__ import annotations

import numpy as np

from converter.ir.graph import Value
from converter.mindir.lowering import Ints, Lower, Lowering, Scalar, Unsupported
from converter.mindir.operands import Operand


def assign(op: Lowering, x: Value, value: Value | Scalar) -> Operand:
    """The value."""
    return op.operands(x, value)[1]


def copy(op: Lowering, x: Value, src: Value, non_blocking: bool = False) -> Operand:
    """src in the shape of x; whether anybody waits for it makes no difference."""
    if src.spec.shape == x.spec.shape:
        return src
    return op.emit("BroadcastTo", src, op.ints(x.spec.shape, "shape"), shape=x.spec.shape)


def move(op: Lowering, x: Value) -> Operand:
    """x as it is now."""
    return x


def scatter_rows(schema_op: str, sign: int = 1) -> Lower:
    """x with the updates at rows of it; indices [...], updates [..., row]."""

    def lower(op: Lowering, x: Value, indices: Value, updates: Value) -> Operand:
        depth = op.constant(np.array(-1, np.int32), "axis")
        index = op.emit("ExpandDims", indices, depth, label="indices")
        return op.emit(schema_op, x, index, _signed(op, updates, sign))

    return lower


def scatter_nd(schema_op: str, sign: int = 1) -> Lower:
    """x with the updates at places of it; indices [..., n], updates [..., rest of x]."""

    def lower(op: Lowering, x: Value, indices: Value, updates: Value) -> Operand:
        return op.emit(schema_op, x, indices, _signed(op, updates, sign))

    return lower


def _signed(op: Lowering, updates: Value, sign: int) -> Value:
    return updates if sign == 1 else op.emit("Neg", updates, label="negative")


def index_add(op: Lowering, x: Value, indices: Value, y: Value, *, axis: int) -> Operand:
    """x with y added where the indices are along the axis."""
    rank = x.spec.rank
    place = axis % rank
    index = op.emit("ExpandDims", indices, op.constant(np.array(-1, np.int32), "axis"), label="indices")
    if place == 0:
        return op.emit("TensorScatterAdd", x, index, y)
    swap = list(range(rank))
    swap[0], swap[place] = place, 0
    rows, updates = op.transpose(x, swap, "rows"), op.transpose(y, swap, "updates")
    return op.transpose(op.emit("TensorScatterAdd", rows, index, updates, label="sum"), swap, "back")


def copy_slices(op: Lowering, x: Value, value: Value, begin: Ints, end: Ints, strides: Ints) -> Operand:
    """x with the value in a part of it; dimensions that are not named are whole."""
    if not x.spec.is_static:
        raise Unsupported(f"writes to a slice of {x.spec.like()}: give it a shape that is known")
    named = zip(x.spec.shape, begin, end, strides, strict=False)
    ranges = [np.arange(size)[first:stop:step] for size, first, stop, step in named]
    shape = (*(len(r) for r in ranges), *x.spec.shape[len(ranges) :])
    index = np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).astype(np.int32)
    updates = op.emit("BroadcastTo", value, op.ints(shape, "shape"), shape=shape, label="updates")
    return op.emit("ScatterNdUpdate", x, op.constant(index, "indices"), updates)
