"""What depends on the values of tensors: where they are true, which are different, in which order they are."""
from __future__ import annotations

import numpy as np

from converter.ir.graph import Value
from converter.mindir.lowering import Lowering
from converter.mindir.operands import Operand
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
