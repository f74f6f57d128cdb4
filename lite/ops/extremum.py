"""Find the largest or smallest elements; of equal ones, the first wins.

    ArgMaxFusion, ArgMinFusion  their indices along `axis` (int32), or their values where out_max_value
    TopKFusion                  the k largest (or smallest) along `axis`, best first: values and indices (int32)
"""
from __future__ import annotations

import numpy as np

from lite.errors import ShapeError
from lite.ops.checks import NUMBERS, check_dtype, check_range
from lite.ops.registry import Attributes, op
from lite.ops.shapes import known_integer, normalize_axis
from lite.records import dataclass
from lite.types import Array, DType, TensorSpec


@dataclass(frozen=True, slots=True)
class ArgMaxFusion(Attributes):
    """top_k: how many along the axis. keep_dims: for top_k = 1, the axis stays, as 1. out_max_value: values instead."""

    axis: int = 0
    top_k: int = 1
    keep_dims: bool = False
    out_max_value: bool = False

    def __post_init__(self) -> None:
        check_range(self, "top_k", 1)


@dataclass(frozen=True, slots=True)
class ArgMinFusion(Attributes):
    """top_k: how many along the axis; 0 means 1. keep_dims, out_max_value: as ArgMaxFusion."""

    axis: int = 0
    top_k: int = 0
    keep_dims: bool = False
    out_max_value: bool = False

    def __post_init__(self) -> None:
        check_range(self, "top_k", 0)


@op(ArgMaxFusion)
def infer_arg_max(attrs: ArgMaxFusion, x: TensorSpec) -> TensorSpec:
    """x of any number type -> int32, or x's dtype for values."""
    return _infer(attrs, x)


@op(ArgMinFusion)
def infer_arg_min(attrs: ArgMinFusion, x: TensorSpec) -> TensorSpec:
    """x of any number type -> int32, or x's dtype for values."""
    return _infer(attrs, x)


def _infer(attrs: ArgMaxFusion | ArgMinFusion, x: TensorSpec) -> TensorSpec:
    check_dtype(attrs.op, x, NUMBERS)
    axis = normalize_axis(attrs.op, attrs.axis, x.rank, x)
    count = max(attrs.top_k, 1)
    if 0 <= x.shape[axis] < count:
        raise ShapeError(f"{attrs.op} cannot find {count} elements along axis {axis} of {x}")
    kept = (count,) if count > 1 or attrs.keep_dims else ()
    return x.like((*x.shape[:axis], *kept, *x.shape[axis + 1 :]), x.dtype if attrs.out_max_value else DType.INT32)


@infer_arg_max.reference
def arg_max(attrs: ArgMaxFusion, x: Array) -> Array:
    return _arg(attrs, x, True)


@infer_arg_min.reference
def arg_min(attrs: ArgMinFusion, x: Array) -> Array:
    return _arg(attrs, x, False)


def _arg(attrs: ArgMaxFusion | ArgMinFusion, x: Array, largest: bool) -> Array:
    count = max(attrs.top_k, 1)
    values, indices = _best(x, attrs.axis, count, largest)
    y = values if attrs.out_max_value else indices
    return y if count > 1 or attrs.keep_dims else y.squeeze(attrs.axis)


@dataclass(frozen=True, slots=True)
class TopKFusion(Attributes):
    """largest: 0 for the smallest. sorted: False lets other engines order the result otherwise; here it is sorted."""

    ignored = ("sorted",)

    axis: int = 0
    largest: int = 0


@op(TopKFusion)
def infer_top_k(attrs: TopKFusion, x: TensorSpec, k: TensorSpec) -> tuple[TensorSpec, TensorSpec]:
    """x of any number type, k one int32 or int64 -> values in x's dtype and indices in int32."""
    check_dtype(attrs.op, x, NUMBERS)
    axis = normalize_axis(attrs.op, attrs.axis, x.rank, x)
    count = known_integer(attrs.op, "k", k)
    if count is not None and (count < 0 or 0 <= x.shape[axis] < count):
        raise ShapeError(f"{attrs.op} cannot find {count} elements along axis {axis} of {x}")
    shape = (*x.shape[:axis], -1 if count is None else count, *x.shape[axis + 1 :])
    return x.like(shape), x.like(shape, DType.INT32)


@infer_top_k.reference
def top_k(attrs: TopKFusion, x: Array, k: Array) -> tuple[Array, Array]:
    return _best(x, attrs.axis, k.item(), attrs.largest != 0)


def _best(x: Array, axis: int, count: int, largest: bool) -> tuple[Array, Array]:
    """Values and int32 indices of the `count` best along the axis, best first, equal ones by index."""
    if largest:  # a stable sort of the reversed axis, read backwards, puts equal elements in order of their index
        order = x.shape[axis] - 1 - np.flip(np.argsort(np.flip(x, axis), axis=axis, kind="stable"), axis)
    else:
        order = np.argsort(x, axis=axis, kind="stable")
    index = np.take(order, range(count), axis=axis)
    return np.take_along_axis(x, index, axis=axis), index.astype(np.int32)
