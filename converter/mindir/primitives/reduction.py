"""Sums, means and extremes over dimensions, and where the extremes are."""
from __future__ import annotations

import math

import numpy as np

from converter.ir.graph import Value
from converter.mindir.lowering import Ints, Lower, Lowering, Unsupported
from converter.mindir.operands import Operand
from converter.mindir.primitives import selection
from lite.ops.enums import ReduceMode
from lite.types import DType


def reduce(mode: ReduceMode) -> Lower:
    """ReduceFusion over the axes given, or over all."""

    def lower(
        op: Lowering, x: Value, axis: Ints | None = (), keep_dims: bool = False, skip_mode: bool = False
    ) -> Operand:
        if not axis and skip_mode:
            return x
        return _reduce(op, x, mode, axis, keep_dims)

    return lower


def reduce_as(mode: ReduceMode) -> Lower:
    """A reduction that may name its dtype; without one, integers and booleans are reduced as int64."""

    def lower(
        op: Lowering, x: Value, axis: Ints | None = None, keep_dims: bool = False, dtype: int | None = None
    ) -> Operand:
        if dtype is None:
            wanted = x.spec.dtype if x.spec.dtype.dtype.kind == "f" else DType.INT64
        elif dtype in list(DType):
            wanted = DType(dtype)
        else:
            raise Unsupported(f"reduces as the type {dtype}: no operator here computes with it")
        return _reduce(op, op.cast(x, wanted), mode, axis, keep_dims)

    return lower


def mean(
    op: Lowering, x: Value, axis: Ints | None = None, keep_dims: bool = False, dtype: int | None = None
) -> Operand:
    """The mean of floating-point elements."""
    if dtype not in (None, x.spec.dtype):
        raise Unsupported("computes a mean in another type: cast the tensor before")
    return _reduce(op, x, ReduceMode.ReduceMean, axis, keep_dims)


def _reduce(op: Lowering, x: Value, mode: ReduceMode, axis: Ints | None, keep_dims: bool) -> Value:
    axes = op.ints(axis or range(x.spec.rank), "axes")
    return op.emit("ReduceFusion", x, axes, mode=mode, keep_dims=keep_dims)


def reduce_any(op: Lowering, x: Value, axis: Ints | None = (), keep_dims: bool = False) -> Operand:
    """Whether any element holds: not all of them do not."""
    opposite = op.emit("LogicalNot", x, label="not")
    axes = op.ints(axis or range(x.spec.rank), "axes")
    none = op.emit("ReduceFusion", opposite, axes, label="all", mode=ReduceMode.ReduceAll, keep_dims=keep_dims)
    return op.emit("LogicalNot", none)


def arg_extreme(schema_op: str) -> Lower:
    """Index of the first extreme element along an axis."""

    def lower(op: Lowering, x: Value, axis: int = -1, output_type: int = DType.INT64) -> Operand:
        if output_type == DType.INT32:
            return op.emit(schema_op, x, axis=axis, top_k=1)
        if output_type != DType.INT64:
            raise Unsupported(f"gives indices of the type {output_type}: only int32 and int64 are supported")
        index = op.emit(schema_op, x, label="index", axis=axis, top_k=1)
        return op.cast(index, DType.INT64, label="")

    return lower


def extreme_with_index(schema_op: str, mode: ReduceMode) -> Lower:
    """(index, value) of the first extreme element along an axis."""

    def lower(op: Lowering, x: Value, axis: int = 0, keep_dims: bool = False) -> Operand:
        return _extreme(op, x, schema_op, mode, axis, keep_dims)

    return lower


def _extreme(
    op: Lowering, x: Value, schema_op: str, mode: ReduceMode, axis: int, keep_dims: bool
) -> tuple[Value, Value]:
    index = op.emit(schema_op, x, label="index", axis=axis, top_k=1, keep_dims=keep_dims)
    value = op.emit("ReduceFusion", x, op.ints((axis,), "axes"), mode=mode, keep_dims=keep_dims)
    return op.cast(index, DType.INT64), value


def extreme_along(schema_op: str, mode: ReduceMode) -> Lower:
    """(value, index) of the first extreme element along a dimension."""

    def lower(op: Lowering, x: Value, dim: int, keepdim: bool = False) -> Operand:
        return _extreme(op, x, schema_op, mode, dim, keepdim)[::-1]

    return lower


def running(schema_op: str, indices: DType) -> Lower:
    """(the extreme of the elements up to each along an axis, its index: the last one of equals).

    schema_op: of a later and an earlier element, whether the later one is it. Spans that end at each element are
    doubled until they begin at the first.
    """

    def lower(op: Lowering, x: Value, axis: int) -> Operand:
        if not x.spec.is_static or not -x.spec.rank <= axis < x.spec.rank:
            raise Unsupported(f"compares along dimension {axis} of {x.spec.like()}: give it a shape that is known")
        axis, length = axis % x.spec.rank, x.spec.shape[axis]
        index = np.arange(length).reshape([-1 if d == axis else 1 for d in range(x.spec.rank)])
        places = op.constant(np.broadcast_to(index, x.spec.shape).astype(np.int32), "places")
        values, span = x, 1
        while span < length:

            def part(v: Value, first: int, count: int, label: str, at: int = span) -> Value:
                bounds = (op.ints((n,), f"{label}{at}/{n}") for n in (first, count))
                return op.emit("SliceFusion", v, *bounds, axes=(axis,), label=f"{label}{at}")

            late = part(values, span, length - span, "late")
            early = part(values, 0, length - span, "early")
            wins = op.emit(schema_op, late, early, label=f"wins{span}")
            if x.spec.dtype.dtype.kind == "f":
                wins = op.emit("LogicalOr", wins, op.emit("NotEqual", late, late, label=f"nan{span}"))
            values = op.emit(
                "Concat",
                part(values, 0, span, "first"),
                op.emit("Select", wins, late, early, label=f"values{span}"),
                axis=axis,
            )
            places = op.emit(
                "Concat",
                part(places, 0, span, "first_places"),
                op.emit(
                    "Select",
                    wins,
                    part(places, span, length - span, "late_places"),
                    part(places, 0, length - span, "early_places"),
                    label=f"places{span}",
                ),
                axis=axis,
            )
            span *= 2
        return values, op.cast(places, indices)

    return lower


def arg_max(op: Lowering, x: Value, dim: int | None = None, keepdim: bool = False) -> Operand:
    """Index of the first largest element along a dimension, or of all elements."""
    if dim is None:
        x, dim = op.emit("Reshape", x, op.ints((-1,), "flat/shape"), label="flat"), 0
    index = op.emit("ArgMaxFusion", x, label="index", axis=dim, top_k=1, keep_dims=keepdim)
    return op.cast(index, DType.INT64, label="")


def standard_deviation(
    op: Lowering, x: Value, axis: Ints = (), unbiased: bool = True, keep_dims: bool = False
) -> Operand:
    """(standard deviation, mean); unbiased: of one element less."""
    axes = op.ints(axis or range(x.spec.rank), "axes")
    kept = op.emit("ReduceFusion", x, axes, mode=ReduceMode.ReduceMean, keep_dims=True, label="mean_kept")
    squares = op.emit("SquaredDifference", x, kept, label="squares")
    variance = op.emit("ReduceFusion", squares, axes, mode=ReduceMode.ReduceMean, keep_dims=keep_dims, label="variance")
    if unbiased:
        if not x.spec.is_static:
            raise Unsupported(f"takes the deviation of {x.spec.like()}: give it a shape that is known")
        count = math.prod(x.spec.shape[a] for a in axis or range(x.spec.rank))
        scale = count / (count - 1) if count > 1 else math.nan
        variance = op.emit("MulFusion", *op.operands(variance, scale), label="unbiased")
    mean_of = op.emit("ReduceFusion", x, axes, mode=ReduceMode.ReduceMean, keep_dims=keep_dims, label="mean")
    return op.emit("Sqrt", variance), mean_of


def median(
    op: Lowering,
    x: Value,
    *,
    global_median: bool = False,
    axis: int = 0,
    keep_dims: bool = False,
    ignore_nan: bool = False,
) -> Operand:
    """(the middle element in order, of two the lesser, its index)."""
    if ignore_nan:
        raise Unsupported("leaves NaN out of a median: that is not supported")
    if global_median:
        x, axis, keep_dims = op.emit("Reshape", x, op.ints((-1,), "flat/shape"), label="flat"), 0, False
    ordered, places = selection.sort(op, x, axis)
    middle = (ordered.spec.shape[axis] - 1) // 2
    where = op.constant(np.array(axis, np.int32), "axis")
    place = op.ints((middle,), "middle") if keep_dims else op.constant(np.array(middle, np.int32), "middle")
    return op.emit("Gather", ordered, place, where), op.cast(op.emit("Gather", places, place, where), DType.INT64)


def top_k(op: Lowering, x: Value, k: int) -> Operand:
    """(values, indices) of the k largest along the last axis, largest first."""
    count = op.constant(np.array(k, np.int32), "k")
    return op.emit_all("TopKFusion", x, count, axis=-1, largest=1)
