"""Sums, means and extremes over dimensions, and where the extremes are."""
from __future__ import annotations

import math

import numpy as np

from converter.ir.graph import Value
from converter.mindir.lowering import Ints, Lower, Lowering, Unsupported
from converter.mindir.operands import Operand
from converter.mindir.primitives import selection
from converter.mindir.primitives.construction import norm_of
from converter.mindir.primitives.elementwise import summed_as
from lite.ops.reduce import ReduceMode
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
        return _reduce(op, op.cast(x, summed_as(x, dtype)), mode, axis, keep_dims)

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


def reduce_all(op: Lowering, x: Value, axis: Ints | None = (), keep_dims: bool = False) -> Operand:
    """Whether all elements hold."""
    return _reduce(op, op.cast(x, DType.BOOL), ReduceMode.ReduceAll, axis, keep_dims)


def reduce_any(op: Lowering, x: Value, axis: Ints | None = (), keep_dims: bool = False) -> Operand:
    """Whether any element holds: not all of them do not."""
    opposite = op.emit("LogicalNot", op.cast(x, DType.BOOL), label="not")
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


def arg_extreme_along(schema_op: str) -> Lower:
    """Index of the first extreme element along a dimension, or of all elements."""

    def lower(op: Lowering, x: Value, dim: int | None = None, keepdim: bool = False) -> Operand:
        if dim is None:
            x, dim = op.emit("Reshape", x, op.ints((-1,), "flat/shape"), label="flat"), 0
        index = op.emit(schema_op, x, label="index", axis=dim, top_k=1, keep_dims=keepdim)
        return op.cast(index, DType.INT64, label="")

    return lower


def standard_deviation(
    op: Lowering, x: Value, axis: Ints = (), unbiased: bool = True, keep_dims: bool = False
) -> Operand:
    """(standard deviation, mean); unbiased: of one element less."""
    return spread(root=True, with_mean=True)(op, x, axis, int(unbiased), keep_dims)


def spread(*, root: bool, with_mean: bool) -> Lower:
    """The variance over dimensions, of `correction` elements less, or its root; and the mean."""

    def lower(
        op: Lowering, x: Value, dim: Ints | None = None, correction: int = 1, keepdim: bool = False
    ) -> Operand:
        given = x.spec.dtype if x.spec.dtype.dtype.kind == "f" else DType.FLOAT32
        if given.itemsize < 4 or given != x.spec.dtype:
            x = op.cast(x, DType.FLOAT32, "wide")  # squares of halves are beyond them, means of integers are none
        axes = op.ints(dim or range(x.spec.rank), "axes")
        fields = {"mode": ReduceMode.ReduceMean}
        kept = op.emit("ReduceFusion", x, axes, keep_dims=True, label="mean_kept", **fields)
        squares = op.emit("SquaredDifference", x, kept, label="squares")
        y = op.emit("ReduceFusion", squares, axes, keep_dims=keepdim, label="variance", **fields)
        if correction:
            if not x.spec.is_static:
                raise Unsupported(f"takes the deviation of {x.spec.like()}: give it a shape that is known")
            count = math.prod(x.spec.shape[a] for a in dim or range(x.spec.rank))
            scale = count / (count - correction) if count > correction else math.nan
            y = op.emit("MulFusion", *op.operands(y, scale), label="unbiased")
        y = op.cast(op.emit("Sqrt", y) if root else y, given, "narrow")
        if not with_mean:
            return y
        mean_of = op.emit("ReduceFusion", x, axes, keep_dims=keepdim, label="mean", **fields)
        return y, op.cast(mean_of, given, "mean/narrow")

    return lower


def log_sum_exp(op: Lowering, x: Value, dim: Ints | None = None, keepdim: bool = False) -> Operand:
    """log(sum of exp x), by the largest element: no power is beyond 1."""
    axes = op.ints(dim or range(x.spec.rank), "axes")
    largest = op.emit("ReduceFusion", x, axes, mode=ReduceMode.ReduceMax, keep_dims=True, label="largest")
    powers = op.emit("ExpFusion", op.emit("SubFusion", x, largest, label="less"), base=-1.0, scale=1.0, shift=0.0)
    total = op.emit("ReduceFusion", powers, axes, mode=ReduceMode.ReduceSum, keep_dims=True, label="sum")
    y = op.emit("AddFusion", op.emit("Log", total, label="log"), largest, label="kept")
    return y if keepdim else op.emit("Squeeze", y, axis=dim or tuple(range(x.spec.rank)))


def vector_norm(
    op: Lowering, x: Value, ord: float = 2.0, dim: Ints | None = None, keepdim: bool = False, dtype: int | None = None
) -> Operand:
    """The norm of that order over dimensions."""
    return norm_of(op, op.cast(x, summed_as(x, dtype)), dim or (), ord, keepdim)


def count_non_zero(op: Lowering, x: Value, dim: Ints | None = None) -> Operand:
    """How many elements are not 0: int64."""
    ones = op.cast(op.cast(x, DType.BOOL, "bool"), DType.INT32, "ones")
    return op.cast(_reduce(op, ones, ReduceMode.ReduceSum, dim, False), DType.INT64, "count")


def sum_of_numbers(
    op: Lowering, x: Value, dim: Ints | None = None, keepdim: bool = False, dtype: int | None = None
) -> Operand:
    """The sum of what is not NaN."""
    numbers = op.emit("Select", op.emit("NotEqual", x, x, label="nan"), *op.operands(0, x), label="numbers")
    return reduce_as(ReduceMode.ReduceSum)(op, numbers, dim, keepdim, dtype)


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
    return _median(op, x, axis, global_median, keep_dims)


def _median(op: Lowering, x: Value, axis: int, global_median: bool, keep_dims: bool) -> tuple[Value, Value]:
    if global_median:
        x, axis, keep_dims = op.emit("Reshape", x, op.ints((-1,), "flat/shape"), label="flat"), 0, False
    ordered, places = selection.sort(op, x, axis)
    middle = (ordered.spec.shape[axis] - 1) // 2
    where = op.constant(np.array(axis, np.int32), "axis")
    place = op.ints((middle,), "middle") if keep_dims else op.constant(np.array(middle, np.int32), "middle")
    value, index = (op.emit("Gather", found, place, where) for found in (ordered, places))
    if x.spec.dtype.dtype.kind == "f":  # NaN, where there is one
        nan = op.cast(op.emit("NotEqual", x, x, label="nan"), DType.INT32, "nans")
        first = op.emit("ArgMaxFusion", nan, axis=axis, top_k=1, keep_dims=keep_dims, label="first_nan")
        fields = {"mode": ReduceMode.ReduceMax, "keep_dims": keep_dims}
        has = op.cast(op.emit("ReduceFusion", nan, op.ints((axis,), "axes"), label="any", **fields), DType.BOOL, "has")
        value = op.emit("Select", has, *op.operands(math.nan, value), label="value")
        index = op.emit("Select", has, first, index, label="index")
    return value, op.cast(index, DType.INT64)


def top_k(op: Lowering, x: Value, k: int) -> Operand:
    """(values, indices) of the k largest along the last axis, largest first."""
    count = op.constant(np.array(k, np.int32), "k")
    return op.emit_all("TopKFusion", x, count, axis=-1, largest=1)


def top_k_along(
    op: Lowering, x: Value, k: int, dim: int = -1, largest: bool = True, sorted: bool = True
) -> Operand:
    """(values, indices) of the k largest or smallest along a dimension, best first."""
    rank = x.spec.rank
    last = list(range(rank))
    last[dim], last[-1] = last[-1], last[dim]
    moved = dim % rank != rank - 1
    y = op.transpose(x, last, "last") if moved else x
    count = op.constant(np.array(k, np.int32), "k")
    values, indices = op.emit_all("TopKFusion", y, count, axis=-1, largest=int(largest))
    if moved:
        values, indices = op.transpose(values, last, "values"), op.transpose(indices, last, "places")
    return values, op.cast(indices, DType.INT64)


def median_of_all(op: Lowering, x: Value) -> Operand:
    """The middle element in order, of two the lesser."""
    return _median(op, x, 0, True, False)[0]


def median_along(op: Lowering, x: Value, dim: int = -1, keepdim: bool = False) -> Operand:
    """(the middle element in order along a dimension, of two the lesser, its index)."""
    return _median(op, x, dim, False, keepdim)
