"""Elements put at indices: where those are, the schema's operators have it as MindSpore."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from converter.ir.graph import Value
from converter.mindir.lowering import Ints, Lower, Lowering, Scalar, Unsupported
from converter.mindir.operands import Operand


def scatter_nd(op: Lowering, indices: Value, updates: Value, shape: Ints) -> Operand:
    """Zeros of a shape, with the updates added at their indices."""
    return op.emit("ScatterNd", indices, updates, op.ints(shape, "shape"))


def scattered(name: str) -> Lower:
    """x with the updates at their indices, by this operator."""

    def lower(op: Lowering, x: Value, indices: Value, updates: Value) -> Operand:
        return op.emit(name, x, indices, updates)

    return lower


def scattered_negative(op: Lowering, x: Value, indices: Value, updates: Value) -> Operand:
    """x with the updates taken away at their indices."""
    return op.emit("TensorScatterAdd", x, indices, op.emit("Neg", updates, label="negative"))


def scatter_elements(
    op: Lowering, x: Value, indices: Value, updates: Value, axis: int = 0, reduction: int | str = "none"
) -> Operand:
    """x with updates in the place of elements, whose index along `axis` is given; or added to them."""
    if reduction in ("none", 0):
        return op.emit("ScatterElements", x, indices, updates, axis=axis)
    if reduction not in ("add", 1):
        raise Unsupported(f"combines elements by {reduction}: only replacing and adding them is supported")
    return op.emit("TensorScatterAdd", x, _everywhere(op, indices, axis % max(x.spec.rank, 1)), updates)


def _everywhere(op: Lowering, indices: Value, axis: int) -> Value:
    """Indices along an axis, as places in the whole tensor: one dimension more."""
    if not indices.spec.is_static:
        raise Unsupported(f"adds at {indices.spec.like()}: give it a shape that is known")
    places = np.indices(indices.spec.shape).astype(indices.spec.dtype.dtype)
    own = (op.constant(np.ascontiguousarray(place), f"place{i}") for i, place in enumerate(places))
    parts = [indices if i == axis else place for i, place in enumerate(own)]
    return op.emit("Stack", *parts, axis=-1, label="places")


def scatter_along(
    op: Lowering, x: Value, dim: int, index: Value, src: Value | Scalar, reduce: int | str = "none"
) -> Operand:
    """The same in another order of operands; src may be larger than the indices, or a number."""
    if not isinstance(src, Value):
        src = op.constant(np.full(index.spec.shape, src, x.spec.dtype.dtype), "src")
    if src.spec.shape != index.spec.shape:
        zeros = op.ints((0,) * src.spec.rank, "begin")
        part = op.ints(index.spec.shape, "size")
        src = op.emit("SliceFusion", src, zeros, part, axes=tuple(range(src.spec.rank)), label="part")
    return scatter_elements(op, x, index, src, dim, reduce)


def segments(schema_op: str, neutral: Callable[[np.dtype[Any]], float]) -> Lower:
    """What x has in each segment, combined: `neutral` where there is none; negative segments are left out."""

    def lower(op: Lowering, x: Value, ids: Value, count: int) -> Operand:
        outside = op.emit("Less", *op.operands(ids, 0), label="negative")
        kept = op.emit("Select", outside, *op.operands(count, ids), label="kept")
        index = op.emit("ExpandDims", kept, op.constant(np.array(-1, np.int32), "axis"), label="indices")
        shape = (count, *x.spec.shape[ids.spec.rank :])
        if schema_op == "ScatterNd":
            return op.emit("ScatterNd", index, x, op.ints(shape, "shape"))
        dtype = x.spec.dtype.dtype
        start = op.emit(
            "Fill", op.constant(np.array(neutral(dtype), dtype), "neutral"), op.ints(shape, "shape"), label="start"
        )
        return op.emit(schema_op, start, index, x)

    return lower


def least(dtype: np.dtype[Any]) -> float:
    """Of a type."""
    return float(np.finfo(dtype).min) if dtype.kind == "f" else int(np.iinfo(dtype).min)


def most(dtype: np.dtype[Any]) -> float:
    """Of a type."""
    return float(np.finfo(dtype).max) if dtype.kind == "f" else int(np.iinfo(dtype).max)


def index_fill(op: Lowering, x: Value, dim: int, index: Value, value: Value) -> Operand:
    """x with one number where the indices are along a dimension."""
    rank = x.spec.rank
    place = dim % rank
    indices = op.emit("ExpandDims", index, op.constant(np.array(-1, np.int32), "axis"), label="indices")
    swap = list(range(rank))
    swap[0], swap[place] = place, 0
    rows = op.transpose(x, swap, "rows") if place else x
    shape = (*index.spec.shape, *rows.spec.shape[1:])
    filled = op.emit(
        "BroadcastTo", op.cast(value, x.spec.dtype), op.ints(shape, "shape"), shape=shape, label="updates"
    )
    y = op.emit("ScatterNdUpdate", rows, indices, filled, label="filled" if place else "")
    return op.transpose(y, swap, "back") if place else y
