"""Choose by a condition, and list where a condition holds.

    Select, Where with three inputs   y = condition ? a : b, element-wise, broadcasting
    Where with one input              indices of the true elements, [count, rank], in row-major order
    NonZero                           the same transposed, [rank, count], for any dtype
"""
from __future__ import annotations

import numpy as np

from lite.errors import ShapeError
from lite.ops.checks import BOOLS, NUMBERS, check_dtype, check_same_dtype
from lite.ops.registry import NoAttributes, op
from lite.ops.shapes import broadcast
from lite.types import Array, DType, TensorSpec


class Select(NoAttributes):
    """No attributes."""

    __slots__ = ()


@op(Select)
def infer_select(attrs: Select, condition: TensorSpec, a: TensorSpec, b: TensorSpec) -> TensorSpec:
    """condition of bool, a and b of one dtype -> their broadcast shape."""
    return _choose(attrs.op, condition, a, b)


@infer_select.reference
def select(attrs: Select, condition: Array, a: Array, b: Array) -> Array:
    return np.where(condition, a, b)


class Where(NoAttributes):
    """No attributes."""

    __slots__ = ()


@op(Where)
def infer_where(
    attrs: Where, condition: TensorSpec, a: TensorSpec | None = None, b: TensorSpec | None = None
) -> TensorSpec:
    """condition of bool alone -> int32 [-1, rank]; with a and b of one dtype -> their broadcast shape."""
    if a is None:
        check_dtype(attrs.op, condition, BOOLS)
        return TensorSpec(DType.INT32, (-1, condition.rank))
    if b is None:
        raise ShapeError(f"{attrs.op} expects one or three inputs, got {condition} and {a}")
    return _choose(attrs.op, condition, a, b)


@infer_where.reference
def where(attrs: Where, condition: Array, a: Array | None = None, b: Array | None = None) -> Array:
    return np.argwhere(condition).astype(np.int32) if a is None or b is None else np.where(condition, a, b)


class NonZero(NoAttributes):
    """No attributes."""

    __slots__ = ()


@op(NonZero)
def infer_non_zero(attrs: NonZero, x: TensorSpec) -> TensorSpec:
    """x of any number type or bool, rank 1 or more -> int32 [rank, -1]."""
    check_dtype(attrs.op, x, NUMBERS | BOOLS)
    if x.rank == 0:
        raise ShapeError(f"{attrs.op} expects rank 1 or more, got {x}")
    return TensorSpec(DType.INT32, (x.rank, -1))


@infer_non_zero.reference
def non_zero(attrs: NonZero, x: Array) -> Array:
    return np.argwhere(x).T.astype(np.int32)


def _choose(op_name: str, condition: TensorSpec, a: TensorSpec, b: TensorSpec) -> TensorSpec:
    check_dtype(op_name, condition, BOOLS)
    check_same_dtype(op_name, a, b)
    return a.like(broadcast(op_name, condition, a, b))
