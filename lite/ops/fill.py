"""Tensors made from numbers.

    Fill, FillV2      a shape filled with one value; inputs value, shape for Fill and shape, value for FillV2
    ConstantOfShape   the same, the value an attribute
    Range             start, start + delta, ... up to but without limit; inputs or attributes
    LinSpace          `count` evenly spaced numbers from start to stop, both included; inputs start, stop, count
"""
from __future__ import annotations

import math

import numpy as np

from lite.errors import DTypeError, ShapeError
from lite.ops.checks import BOOLS, FLOATS, NUMBERS, check_dtype, check_length, check_same_dtype, check_shape
from lite.ops.numerics import in_float32
from lite.ops.registry import Attributes, NoAttributes, op
from lite.ops.shapes import integers, known_integer, known_integers, product
from lite.records import dataclass
from lite.types import Array, DType, TensorSpec


class Fill(NoAttributes):
    """No attributes."""

    __slots__ = ()


@op(Fill)
def infer_fill(attrs: Fill, value: TensorSpec, shape: TensorSpec) -> TensorSpec:
    """value of one element, shape [rank] of int32 or int64 -> that shape in value's dtype."""
    _check_one(attrs.op, value)
    return value.like(_wanted(attrs.op, shape))


@infer_fill.reference
def fill(attrs: Fill, value: Array, shape: Array) -> Array:
    return np.full(integers(shape), value.reshape(()), value.dtype)


class FillV2(NoAttributes):
    """No attributes."""

    __slots__ = ()


@op(FillV2)
def infer_fill_v2(attrs: FillV2, shape: TensorSpec, value: TensorSpec) -> TensorSpec:
    """shape [rank] of int32 or int64, value of one element -> that shape in value's dtype."""
    _check_one(attrs.op, value)
    return value.like(_wanted(attrs.op, shape))


@infer_fill_v2.reference
def fill_v2(attrs: FillV2, shape: Array, value: Array) -> Array:
    return np.full(integers(shape), value.reshape(()), value.dtype)


@dataclass(frozen=True, slots=True)
class ConstantOfShape(Attributes):
    """data_type: the value of a DType, 0 for float32. value: one number; empty for 0."""

    data_type: int = 0
    value: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        check_length(self, "value", 0, 1)
        if self.data_type and self.data_type not in NUMBERS | BOOLS:
            raise ValueError(f"{self.op}.data_type is {self.data_type}: there is no number type of that id")


@op(ConstantOfShape)
def infer_constant_of_shape(attrs: ConstantOfShape, shape: TensorSpec) -> TensorSpec:
    """shape [rank] of int32 or int64 -> that shape."""
    return TensorSpec(DType(attrs.data_type or DType.FLOAT32), _wanted(attrs.op, shape))


@infer_constant_of_shape.reference
def constant_of_shape(attrs: ConstantOfShape, shape: Array) -> Array:
    dtype = DType(attrs.data_type or DType.FLOAT32).dtype
    return np.full(integers(shape), np.asarray((attrs.value or (0.0,))[0]).astype(dtype), dtype)


@dataclass(frozen=True, slots=True)
class Range(Attributes):
    """d_type: not used, as inputs have a dtype and attributes give int32. start, limit, delta: where not inputs."""

    ignored = ("d_type",)

    start: int = 0
    limit: int = 0
    delta: int = 1


@op(Range)
def infer_range(
    attrs: Range, start: TensorSpec | None = None, limit: TensorSpec | None = None, delta: TensorSpec | None = None
) -> TensorSpec:
    """No inputs, or start, limit and delta of one number type with one element each -> [count] of that type."""
    if start is None:
        count = _count(attrs.op, attrs.start, attrs.limit, attrs.delta)
        if not all(-(2**31) <= n < 2**31 for n in (attrs.start, attrs.limit)):
            raise ShapeError(f"{attrs.op} from {attrs.start} to {attrs.limit} does not fit int32")
        return TensorSpec(DType.INT32, (count,))
    if limit is None or delta is None:
        raise ShapeError(f"{attrs.op} expects no inputs or start, limit and delta, got {start} and {limit}")
    for bound in (start, limit, delta):
        _check_one(attrs.op, bound)
    check_same_dtype(attrs.op, start, limit, delta)
    if start.value is None or limit.value is None or delta.value is None:
        return start.like((-1,))
    return start.like((_count(attrs.op, start.value.item(), limit.value.item(), delta.value.item()),))


@infer_range.reference
@in_float32
def range_of(
    attrs: Range, start: Array | None = None, limit: Array | None = None, delta: Array | None = None
) -> Array:
    if start is None or limit is None or delta is None:
        count = _count(attrs.op, attrs.start, attrs.limit, attrs.delta)
        return np.asarray(attrs.start + attrs.delta * np.arange(count), np.int32)
    count = _count(attrs.op, start.item(), limit.item(), delta.item())
    return np.asarray(start.item() + delta.item() * np.arange(count), start.dtype)


def _count(op_name: str, start: float, limit: float, delta: float) -> int:
    if delta == 0 or not all(map(math.isfinite, (start, limit, delta))):
        raise ShapeError(f"{op_name} from {start} to {limit} by {delta} has no end")
    if isinstance(start, int) and isinstance(limit, int) and isinstance(delta, int):
        return max(-((start - limit) // delta), 0)
    steps = (limit - start) / delta
    if not steps < 2**62:
        raise ShapeError(f"{op_name} from {start} to {limit} by {delta} has too many elements")
    return max(math.ceil(steps), 0)


class LinSpace(NoAttributes):
    """No attributes."""

    __slots__ = ()


@op(LinSpace)
def infer_lin_space(attrs: LinSpace, start: TensorSpec, stop: TensorSpec, count: TensorSpec) -> TensorSpec:
    """start and stop of one floating-point type, count an int32 or int64, one element each -> [count]."""
    check_dtype(attrs.op, start, FLOATS)
    check_same_dtype(attrs.op, start, stop)
    for bound in (start, stop):
        _check_one(attrs.op, bound)
    number = known_integer(attrs.op, "count", count)
    if number is not None and number < 1:
        raise ShapeError(f"{attrs.op} expects a count of 1 or more, got {number}")
    return start.like((-1 if number is None else number,))


@infer_lin_space.reference
@in_float32
def lin_space(attrs: LinSpace, start: Array, stop: Array, count: Array) -> Array:
    return np.linspace(start.item(), stop.item(), count.item()).astype(start.dtype)


def _check_one(op_name: str, x: TensorSpec) -> None:
    if x.dtype not in NUMBERS | BOOLS:
        raise DTypeError(f"{op_name} expects a number, got {x}")
    check_shape(op_name, "one number", x, (1,) * min(x.rank, 1))


def _wanted(op_name: str, shape: TensorSpec) -> tuple[int, ...]:
    wanted = known_integers(op_name, shape)
    if wanted is None:
        if product(shape.shape) < 0:
            raise ShapeError(f"{op_name} cannot tell the rank of its result: the length of {shape} is unknown")
        return (-1,) * product(shape.shape)
    if min(wanted, default=0) < 0:
        raise ShapeError(f"{op_name} expects a shape >= 0, got {list(wanted)}")
    return wanted
