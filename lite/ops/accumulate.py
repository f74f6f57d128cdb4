"""Running sums and products along an axis: y[i] = x[0] + ... + x[i], or x[0] * ... * x[i].

exclusive leaves x[i] out; reverse starts from the end. Integers wrap around.
"""
from __future__ import annotations

import numpy as np

from lite.ops.checks import NUMBERS, check_dtype
from lite.ops.numerics import in_float32, wide
from lite.ops.registry import Attributes, op
from lite.ops.shapes import known_integer, normalize_axis
from lite.records import dataclass
from lite.types import Array, TensorSpec


@dataclass(frozen=True, slots=True)
class CumProd(Attributes):
    """exclusive, reverse: see above."""

    exclusive: bool = False
    reverse: bool = False


@op(CumProd)
def infer_product(attrs: CumProd, x: TensorSpec, axis: TensorSpec) -> TensorSpec:
    """x of any number type, axis one int32 or int64 -> the shape of x."""
    return _infer(attrs.op, x, axis)


@infer_product.reference
@in_float32
def product(attrs: CumProd, x: Array, axis: Array) -> Array:
    return _accumulate(attrs, np.multiply, x, axis.item())


@dataclass(frozen=True, slots=True)
class CumSum(Attributes):
    """exclusive, reverse: see above."""

    exclusive: bool = False
    reverse: bool = False


@op(CumSum)
def infer_sum(attrs: CumSum, x: TensorSpec, axis: TensorSpec) -> TensorSpec:
    """x of any number type, axis one int32 or int64 -> the shape of x."""
    return _infer(attrs.op, x, axis)


@infer_sum.reference
@in_float32
def total(attrs: CumSum, x: Array, axis: Array) -> Array:
    return _accumulate(attrs, np.add, x, axis.item())


def _infer(op_name: str, x: TensorSpec, axis: TensorSpec) -> TensorSpec:
    check_dtype(op_name, x, NUMBERS)
    where = known_integer(op_name, "axis", axis)
    if where is not None:
        normalize_axis(op_name, where, x.rank, x)
    return x.like()


def _accumulate(attrs: CumProd | CumSum, function: np.ufunc, x: Array, axis: int) -> Array:
    values = np.flip(wide(x), axis) if attrs.reverse else wide(x)
    y = function.accumulate(values, axis=axis, dtype=values.dtype)
    if attrs.exclusive and y.shape[axis]:
        first = np.full_like(y.take([0], axis), function.identity)
        y = np.concatenate([first, y.take(range(y.shape[axis] - 1), axis)], axis)
    return (np.flip(y, axis) if attrs.reverse else y).astype(x.dtype)
