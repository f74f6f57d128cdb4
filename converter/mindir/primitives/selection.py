"""What depends on the values of tensors: where they are true, which are different, in which order they are."""
from __future__ import annotations

import numpy as np

from converter.ir.graph import Value
from converter.mindir.lowering import Lowering, Unsupported
from converter.mindir.operands import Operand
from lite.ops.reduce import ReduceMode
from lite.types import DType


def non_zero(op: Lowering, x: Value) -> Operand:
    """int64 [count, rank]: the indices of the elements that are not zero."""
    return op.cast(_places(op, x), DType.INT64, "int64")


def masked_select(op: Lowering, x: Value, mask: Value) -> Operand:
    """The elements of x where the mask is true, both broadcast, as a vector."""
    if x.spec.shape != mask.spec.shape:
        shape = np.broadcast_shapes(x.spec.shape, mask.spec.shape)
        x, mask = (op.emit("BroadcastTo", v, shape=shape, label=label) for v, label in ((x, "x"), (mask, "mask")))
    return op.emit("GatherNd", x, _places(op, mask))


def histogram(op: Lowering, x: Value, *, bins: int = 100, min: float = 0.0, max: float = 0.0) -> Operand:
    """How many elements are in each of `bins` equal parts of [min, max], or of what x has where both are 0."""
    if not x.spec.is_static:
        raise Unsupported(f"counts the elements of {x.spec.like()}: give it a shape that is known")
    integers = x.spec.dtype == DType.INT32
    flat = op.emit("Reshape", op.cast(x, DType.FLOAT32), op.ints((-1,), "flat/shape"), label="flat")
    low, high = (op.constant(np.array(number, np.float32), name) for number, name in ((min, "min"), (max, "max")))
    if min == max:
        low, high = _ends(op, flat) if min == 0 else (low, high)
        width = op.cast(op.emit("Equal", low, high, label="alone"), DType.FLOAT32, "apart")
        low = op.emit("SubFusion", low, width, label="low")
        high = op.emit("AddFusion", high, width, label="high")
    above, below = op.emit("GreaterEqual", flat, low, label="above"), op.emit("LessEqual", flat, high, label="below")
    inside = op.emit("LogicalAnd", above, below, label="inside")
    way, whole = op.emit("SubFusion", flat, low, label="way"), op.emit("SubFusion", high, low, label="whole")
    share = op.emit("DivFusion", way, whole, label="share")
    part = op.emit("MulFusion", *op.operands(share, float(bins)), label="part")
    last = op.emit("Minimum", *op.operands(op.emit("Floor", part, label="number"), float(bins - 1)), label="last")
    place = op.cast(op.emit("Select", inside, *op.operands(last, float(bins)), label="place"), DType.INT32, "index")
    index = op.emit("ExpandDims", place, op.constant(np.array(-1, np.int32), "axis"), label="indices")
    ones = op.constant(np.ones(x.spec.size, np.int32 if integers else np.float32), "ones")
    counts = op.emit("ScatterNd", index, ones, op.ints((bins + 1,), "shape"), label="counts")
    return op.emit("SliceFusion", counts, op.ints((0,), "begin"), op.ints((bins,), "bins"), axes=(0,))


def _ends(op: Lowering, flat: Value) -> list[Value]:
    """The least and the largest element of a vector."""
    axes = op.ints((0,), "axes")
    kinds = ((ReduceMode.ReduceMin, "least"), (ReduceMode.ReduceMax, "largest"))
    return [op.emit("ReduceFusion", flat, axes, mode=mode, label=label) for mode, label in kinds]


def unique(op: Lowering, x: Value) -> Operand:
    """(The different elements of a vector in order of appearance, which of them each element is)."""
    flat = x if x.spec.rank == 1 else op.emit("Reshape", x, op.ints((-1,), "shape"), label="flat")
    values, places = op.emit_all("Unique", flat)
    return values, op.cast(places, DType.INT64) if x.spec.dtype == DType.INT64 else places


def sort(op: Lowering, x: Value, axis: int = -1, descending: bool = False) -> tuple[Value, Value]:
    """(The elements in order along an axis, their indices there); equal ones stay in their order.

    The largest come first in TopK, so an ascending order is that of the reversed elements, reversed.
    """
    rank = x.spec.rank
    last = [i for i in range(rank) if i != axis % rank] + [axis % rank]
    moved = axis % rank != rank - 1
    y = op.transpose(x, last, "last") if moved else x
    length = y.spec.shape[-1]
    if not descending:
        y = op.emit("ReverseV2", y, axis=(rank - 1,), label="reverse")
    count = op.constant(np.array(length, np.int32), "k")
    values, indices = op.emit_all("TopKFusion", y, count, axis=-1, largest=1)
    if not descending:
        values, indices = (op.emit("ReverseV2", v, axis=(rank - 1,), label="back") for v in (values, indices))
        indices = op.emit("SubFusion", op.constant(np.array(length - 1, np.int32), "end"), indices, label="indices")
    if moved:
        back = [last.index(i) for i in range(rank)]
        values, indices = op.transpose(values, back, "values"), op.transpose(indices, back, "places")
    return values, indices


def _places(op: Lowering, x: Value) -> Value:
    """int32 [count, rank]"""
    return op.emit("Where", op.cast(x, DType.BOOL, "bool"), label="places")


def sort_along(op: Lowering, x: Value, dim: int = -1, descending: bool = False, stable: bool = False) -> Operand:
    """(the elements in order along a dimension, their int64 indices there)"""
    values, indices = sort(op, x, dim, descending)
    return values, op.cast(indices, DType.INT64)


def order_along(op: Lowering, x: Value, dim: int = -1, descending: bool = False, stable: bool = False) -> Operand:
    """The int64 indices along a dimension that put its elements in order."""
    return op.cast(sort(op, x, dim, descending)[1], DType.INT64)


def of_rank(op: Lowering, x: Value, k: int, dim: int = -1, keepdim: bool = False) -> Operand:
    """(the k-th least element along a dimension, its int64 index there); k counts from 1."""
    length = x.spec.shape[dim]
    if not 1 <= k <= length:
        raise Unsupported(f"takes element {k} of {length} along dimension {dim} of {x.spec.like()}")
    values, indices = sort(op, x, dim)
    where = op.constant(np.array(dim, np.int32), "dim")
    at = op.ints((k - 1,), "at") if keepdim else op.constant(np.array(k - 1, np.int32), "at")
    return op.emit("Gather", values, at, where), op.cast(op.emit("Gather", indices, at, where), DType.INT64)
