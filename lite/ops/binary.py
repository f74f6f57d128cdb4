"""Element-wise functions of two tensors that broadcast against each other as numpy does: one row an operator.

Both inputs have one dtype. Arithmetic keeps it, comparisons and logic give bool. Integers wrap around; an integer
division by zero gives 0. The operators with a fused activation apply it last.
"""
from __future__ import annotations

from collections.abc import Callable, Collection
from typing import cast

import numpy as np

from lite.ops.activation import apply
from lite.ops.checks import BOOLS, FLOATS, INTEGERS, NUMBERS, check_dtype, check_fused_activation, check_same_dtype
from lite.ops.enums import ActivationType
from lite.ops.numerics import in_float32
from lite.ops.registry import Attributes, NoAttributes, op
from lite.ops.shapes import broadcast
from lite.records import dataclass
from lite.types import Array, DType, TensorSpec

Function = Callable[[Array, Array], Array]


@dataclass(frozen=True, slots=True)
class FusedBinary(Attributes):
    """A function of two tensors. activation_type: applied to the result, RELU, RELU6 or none."""

    activation_type: ActivationType = ActivationType.NO_ACTIVATION

    def __post_init__(self) -> None:
        check_fused_activation(self)


def _divide(x: Array, y: Array) -> Array:
    """IEEE division; integers round towards zero."""
    if x.dtype.kind == "f":
        quotient: Array = np.true_divide(x, y)
        return quotient
    floor = np.floor_divide(x, y)
    toward_zero: Array = floor + ((floor * y != x) & ((x < 0) != (y < 0)) & (y != 0)).astype(x.dtype)
    return toward_zero


def _squared_difference(x: Array, y: Array) -> Array:
    square: Array = np.square(x - y)
    return square


def _define(
    name: str, doc: str, function: Function, base: type[Attributes], dtypes: Collection[DType], result: DType | None
) -> type[Attributes]:
    cls = type(name, (base,), {"__slots__": (), "__doc__": doc, "__module__": __name__})

    def infer(attrs: Attributes, x: TensorSpec, y: TensorSpec) -> TensorSpec:
        check_dtype(name, x, dtypes)
        check_same_dtype(name, x, y)
        return x.like(broadcast(name, x, y), result)

    def reference(attrs: Attributes, x: Array, y: Array) -> Array:
        return apply(getattr(attrs, "activation_type", ActivationType.NO_ACTIVATION), function(x, y))

    op(cls)(infer).reference(in_float32(reference))
    return cls


def _fused(name: str, doc: str, function: Function) -> type[FusedBinary]:
    return cast("type[FusedBinary]", _define(name, doc, function, FusedBinary, NUMBERS, None))


def _arithmetic(name: str, doc: str, function: Function) -> type[NoAttributes]:
    return cast("type[NoAttributes]", _define(name, doc, function, NoAttributes, NUMBERS, None))


def _comparison(name: str, doc: str, function: Function) -> type[NoAttributes]:
    return cast("type[NoAttributes]", _define(name, doc, function, NoAttributes, NUMBERS | BOOLS, DType.BOOL))


def _angle(name: str, doc: str, function: Function) -> type[NoAttributes]:
    return cast("type[NoAttributes]", _define(name, doc, function, NoAttributes, FLOATS, None))


def _bitwise(name: str, doc: str, function: Function) -> type[NoAttributes]:
    return cast("type[NoAttributes]", _define(name, doc, function, NoAttributes, INTEGERS | BOOLS, None))


def _logical(name: str, doc: str, function: Function) -> type[NoAttributes]:
    return cast("type[NoAttributes]", _define(name, doc, function, NoAttributes, BOOLS, DType.BOOL))


AddFusion = _fused("AddFusion", "x + y", np.add)
SubFusion = _fused("SubFusion", "x - y", np.subtract)
MulFusion = _fused("MulFusion", "x * y", np.multiply)
DivFusion = _fused("DivFusion", "x / y; integers round towards zero", _divide)

RealDiv = _arithmetic("RealDiv", "x / y; integers round towards zero", _divide)
FloorDiv = _arithmetic("FloorDiv", "floor(x / y)", np.floor_divide)
FloorMod = _arithmetic("FloorMod", "x - y * floor(x / y): the sign of y", np.mod)
Mod = _arithmetic("Mod", "x - y * trunc(x / y): the sign of x", np.fmod)
Maximum = _arithmetic("Maximum", "the larger of x and y; NaN where either is", np.maximum)
Minimum = _arithmetic("Minimum", "the smaller of x and y; NaN where either is", np.minimum)
SquaredDifference = _arithmetic("SquaredDifference", "(x - y)^2", _squared_difference)

Equal = _comparison("Equal", "x == y", np.equal)
NotEqual = _comparison("NotEqual", "x != y", np.not_equal)
Greater = _comparison("Greater", "x > y", np.greater)
GreaterEqual = _comparison("GreaterEqual", "x >= y", np.greater_equal)
Less = _comparison("Less", "x < y", np.less)
LessEqual = _comparison("LessEqual", "x <= y", np.less_equal)

Atan2 = _angle("Atan2", "the angle of the point (y, x), x the first input, in (-pi, pi]", np.arctan2)

BitwiseAnd = _bitwise("BitwiseAnd", "the bits that both have", np.bitwise_and)
BitwiseOr = _bitwise("BitwiseOr", "the bits that either has", np.bitwise_or)
BitwiseXor = _bitwise("BitwiseXor", "the bits that one of them has", np.bitwise_xor)

LogicalAnd = _logical("LogicalAnd", "x and y", np.logical_and)
LogicalOr = _logical("LogicalOr", "x or y", np.logical_or)
