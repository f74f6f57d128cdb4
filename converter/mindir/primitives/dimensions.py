"""Dimensions as values: what is computed from them, as Python has it, and tensors made to a shape.

Dimensions that are not known yet are tensors that the plan computes.
"""
from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from converter.errors import ParseError
from converter.ir.graph import Value
from converter.mindir.lowering import SCALAR_DTYPES, Dims, Lower, Lowering, Scalar, Unsupported
from converter.mindir.operands import Operand
from lite.types import Array, DType


def shape_of(op: Lowering, x: Value) -> Dims:
    """The dimensions of x, as a tuple. Those that are not known yet are tensors that the plan computes."""
    if x.spec.is_static:
        return x.spec.shape
    known = op.emit("Shape", x)
    return tuple(
        op.emit("Gather", known, op.constant(np.array(i, np.int32), f"{i}/index"), _zero(op), label=f"{i}")
        if d < 0
        else d
        for i, d in enumerate(x.spec.shape)
    )


def product(op: Lowering, dims: Dims) -> int | Value:
    """As many elements as there are in a tensor of these dimensions."""
    total: int | Value = math.prod(d for d in dims if not isinstance(d, Value))
    for factor in (d for d in dims if isinstance(d, Value)):
        total = factor if total == 1 else op.emit("MulFusion", *op.operands(total, factor), label="elements")
    return total


def shape_tensor(op: Lowering, x: Value) -> Operand:
    """The dimensions of x, as a tensor."""
    return op.cast(op.emit("Shape", x), DType.INT64)


def _zero(op: Lowering) -> Value:
    return op.constant(np.array(0, np.int32), "axis")


def scalar(operator: str, compute: Callable[[Any, Any], Any]) -> Lower:
    """Arithmetic on Python numbers, some of which may be dimensions that are not known yet."""

    def lower(op: Lowering, x: Value | Scalar, y: Value | Scalar) -> Operand:
        if isinstance(x, Value) or isinstance(y, Value):
            return op.emit(operator, *op.operands(x, y))
        result: int | float = compute(x, y)
        if not -(2**63) <= result < 2**63:
            raise ParseError(f"{op.name}: {x} and {y} give a number beyond 64 bits")
        return result

    return lower


def not_(op: Lowering, x: Value | Scalar) -> Operand:
    """Whether what was asked of Python numbers is not so."""
    return op.emit("LogicalNot", op.cast(x, DType.BOOL)) if isinstance(x, Value) else not x


def scalar_to_tensor(op: Lowering, x: Value | Scalar, dtype: int | None = None) -> Operand:
    """A Python number, or a dimension that is not known yet, as a tensor."""
    if isinstance(x, Value):
        return op.cast(x, _number_type(dtype, x.spec.dtype), label="")
    return op.constant(np.array(x, _number_type(dtype, SCALAR_DTYPES[type(x)]).dtype), "scalar")


def tuple_to_tensor(op: Lowering, xs: Dims, dtype: int | None = None) -> Operand:
    """Dimensions as a vector."""
    return op.cast(op.dims(xs, "tuple"), _number_type(dtype, DType.INT64))


def tensor_to_tuple(op: Lowering, x: Value) -> Operand:
    """The elements of a vector of a known length, each as a dimension."""
    if x.spec.rank != 1 or x.spec.shape[0] < 0:
        raise Unsupported(f"makes a tuple of {x.spec.like()}: only vectors of a known length are supported")
    if x.data is not None:
        return tuple(x.data.tolist())
    return tuple(
        op.emit("Gather", x, op.constant(np.array(i, np.int32), f"{i}/index"), _zero(op), label=f"{i}")
        for i in range(x.spec.shape[0])
    )


def tensor_to_scalar(op: Lowering, x: Value | Scalar) -> Operand:
    """The number in a tensor of one element: here the same."""
    return x


def range_of(
    op: Lowering, start: Value | Scalar, limit: Value | Scalar, delta: Value | Scalar, maxlen: int | None = None
) -> Operand:
    """start, start + delta, ... up to but without limit; beyond maxlen numbers MindSpore fails."""
    known = next((v.spec.dtype for v in (start, limit, delta) if isinstance(v, Value)), None)
    if known is None:
        raise Unsupported("computes with Python numbers only: do that outside construct")
    bounds = ((start, "start"), (limit, "limit"), (delta, "delta"))
    parts = [
        op.cast(v, known, label) if isinstance(v, Value) else op.constant(np.array(v, known.dtype), label)
        for v, label in bounds
    ]
    return op.emit("Range", *parts)


def filled(number: int) -> Lower:
    """A tensor of a shape, with one number everywhere."""

    def lower(op: Lowering, shape: Dims, dtype: int | None = None) -> Operand:
        return _fill(op, np.array(number, _number_type(dtype, DType.FLOAT32).dtype), shape)

    return lower


def filled_like(number: int) -> Lower:
    """A tensor of a shape, with one number everywhere, in x's type where no other is given."""

    def lower(op: Lowering, x: Value, shape: Dims, dtype: int | None = None) -> Operand:
        return _fill(op, np.array(number, _number_type(dtype, x.spec.dtype).dtype), shape)

    return lower


def number_like(number: int) -> Lower:
    """A tensor of x's shape, with one number everywhere, in x's type where no other is given."""

    def lower(op: Lowering, x: Value, dtype: int | None = None) -> Operand:
        return filled_like(number)(op, x, shape_of(op, x), dtype)

    return lower


def full_like(op: Lowering, x: Value, value: Scalar, dtype: int | None = None) -> Operand:
    """A tensor of x's shape, with this number everywhere, in x's type where no other is given."""
    return _fill(op, np.array(value, _number_type(dtype, x.spec.dtype).dtype), shape_of(op, x))


def fill_with(op: Lowering, shape: Dims, value: Value) -> Operand:
    """A tensor of a shape, with the element of a tensor everywhere."""
    return op.emit("Fill", value, op.dims(shape, "shape"))


def fill_scalar(op: Lowering, shape: Dims, value: Scalar, dtype: int | None = None) -> Operand:
    """A tensor of a shape, with one number everywhere, in the number's own type where none is given."""
    return _fill(op, np.array(value, _number_type(dtype, SCALAR_DTYPES[type(value)]).dtype), shape)


def _fill(op: Lowering, number: Array, shape: Dims) -> Operand:
    return op.emit("Fill", op.constant(number, "value"), op.dims(shape, "shape"))


def _number_type(given: int | None, otherwise: DType) -> DType:
    if given is not None and given not in list(DType):
        raise Unsupported(f"makes elements of the type {given}: no operator here computes with it")
    return otherwise if given is None else DType(given)
