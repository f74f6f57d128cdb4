"""Functions of each element: arithmetic, comparisons, activations, casts."""
from __future__ import annotations

import functools
import math

from converter.exporters.onnx.builder import Op, Row
from converter.exporters.refusals import Unsupported
from lite.ops.enums import ActivationType
from lite.ops.nary import EltwiseMode
from lite.types import DType

_A = ActivationType


def plain(op_type: str) -> Row:
    """The operator of the same inputs, without attributes."""
    return lambda op: op.emit(op_type, *op.names)


def fused(op_type: str) -> Row:
    """The same, and its activation."""
    return lambda op: activated(op, op.emit(op_type, *op.names))


def activated(op: Op, y: str) -> str:
    """An activation that is fused into an operator: RELU, RELU6 or none."""
    kind = op.attrs.activation_type
    if kind == _A.RELU:
        return op.emit("Relu", y)
    return op.emit("Clip", y, op.number(0), op.number(6)) if kind == _A.RELU6 else y


def activation(op: Op) -> str:
    """One function of the family."""
    kind, a, x = op.attrs.activation_type, op.attrs, op.x()
    if kind == _A.NO_ACTIVATION:
        return x
    if kind in _SIMPLE:
        return op.emit(_SIMPLE[kind], x)
    if kind in (_A.ELU, _A.LEAKY_RELU, _A.THRESHOLDRELU):
        return op.emit({_A.ELU: "Elu", _A.LEAKY_RELU: "LeakyRelu"}.get(kind, "ThresholdedRelu"), x, alpha=a.alpha)
    if kind in (_A.RELU6, _A.RELU1, _A.HARD_TANH):
        low, high = {_A.RELU6: (0, 6), _A.RELU1: (-1, 1)}.get(kind, (a.min_val, a.max_val))
        return op.emit("Clip", x, op.number(low), op.number(high))
    if kind == _A.HSIGMOID:
        return op.emit("HardSigmoid", x, alpha=1 / 6, beta=0.5)
    if kind == _A.GELU:
        return op.emit("Gelu", x, approximate="tanh" if a.approximate else "none")
    if kind == _A.SWISH:
        return op.emit("Mul", x, op.emit("Sigmoid", x))
    if kind == _A.FAST_GELU:
        return op.emit("Mul", x, op.emit("Sigmoid", op.emit("Mul", x, op.number(1.702))))
    raise Unsupported(f"{kind.name} has no row")


_SIMPLE = {
    _A.RELU: "Relu", _A.SIGMOID: "Sigmoid", _A.ABS: "Abs", _A.SOFTSIGN: "Softsign", _A.SOFTPLUS: "Softplus",
    _A.TANH: "Tanh", _A.SELU: "Selu", _A.HSWISH: "HardSwish", _A.LINEAR: "Identity", _A.SIGN: "Sign",
}  # fmt: skip


def clip(op: Op) -> str:
    """Bounds as inputs or attributes."""
    if len(op.inputs) == 3:
        return op.emit("Clip", op.x(), op.reshaped(1, ()), op.reshaped(2, ()))
    return op.emit("Clip", op.x(), op.number(op.attrs.min), op.number(op.attrs.max))


def floor_divide(op: Op) -> str:
    """Integers are divided towards zero in ONNX, and made one less where that was up."""
    x, y = op.names
    quotient = op.emit("Div", x, y)
    if op.inputs[0].dtype.dtype.kind == "f":
        return op.emit("Floor", quotient)
    if op.inputs[0].dtype.dtype.kind == "u":
        return quotient
    zero = op.number(0)
    inexact = op.emit("Not", op.emit("Equal", op.emit("Mul", quotient, y), x))
    opposed = op.emit("Xor", op.emit("Less", x, zero), op.emit("Less", y, zero))
    less = op.cast(op.emit("And", inexact, opposed), op.inputs[0].dtype)
    return op.emit("Sub", quotient, less)


def floor_mod(op: Op) -> str:
    """x - y * floor(x / y)"""
    x, y = op.names
    if op.inputs[0].dtype.dtype.kind != "f":
        return op.emit("Mod", x, y)
    return op.emit("Sub", x, op.emit("Mul", y, op.emit("Floor", op.emit("Div", x, y))))


def squared_difference(op: Op) -> str:
    """(x - y)^2"""
    difference = op.emit("Sub", *op.names)
    return op.emit("Mul", difference, difference)


def chain(op_type: str) -> Row:
    """A function of two tensors, over any number of them."""
    return lambda op: functools.reduce(lambda a, b: op.emit(op_type, a, b), op.names)


def eltwise(op: Op) -> str:
    """Product, sum or maximum of any number of tensors."""
    kinds = {EltwiseMode.PROD: "Mul", EltwiseMode.SUM: "Add", EltwiseMode.MAXIMUM: "Max"}
    return str(chain(kinds[op.attrs.mode])(op))


def then(*op_types: str) -> Row:
    """Functions of one tensor, one after the other."""
    return lambda op: functools.reduce(lambda x, op_type: op.emit(op_type, x), op_types, op.x())


def negated(op_type: str) -> Row:
    """The opposite of a comparison."""
    return lambda op: op.emit("Not", op.emit(op_type, *op.names))


def square(op: Op) -> str:
    """x * x"""
    return op.emit("Mul", op.x(), op.x())


def log1p(op: Op) -> str:
    """log(1 + x)"""
    return op.emit("Log", op.emit("Add", op.x(), op.number(1)))


def is_finite(op: Op) -> str:
    """Neither NaN nor infinite: the difference with itself is 0."""
    return op.emit("Equal", op.emit("Sub", op.x(), op.x()), op.number(0))


def filled(value: int) -> Row:
    """One number everywhere, in the shape of x."""

    def row(op: Op) -> str:
        return op.emit("Expand", op.number(value), op.emit("Shape", op.x()))

    return row


def cast(op: Op) -> str:
    """To the output's type."""
    return op.cast(op.x(), op.out.dtype)


def exponential(op: Op) -> str:
    """base ^ (shift + scale x)"""
    a = op.attrs
    rate = 1.0 if a.base == -1 else math.log(a.base)
    return op.emit("Exp", _linear(op, rate * a.scale, rate * a.shift))


def power(op: Op) -> str:
    """(shift + scale x) ^ exponent"""
    return op.emit("Pow", _linear(op, op.attrs.scale, op.attrs.shift), op.x(1))


def _linear(op: Op, scale: float, shift: float) -> str:
    y = op.x() if scale == 1 else op.emit("Mul", op.x(), op.number(scale))
    return y if shift == 0 else op.emit("Add", y, op.number(shift))


def select(op: Op) -> str | list[str]:
    """condition ? a : b, or the indices of the true elements."""
    if len(op.inputs) == 3:
        return op.emit("Where", *op.names)
    return op.cast(op.emit("Transpose", op.emit("NonZero", op.x()), perm=(1, 0)), DType.INT32)


def negative(op: Op) -> str:
    """ONNX negates signed numbers alone; unsigned ones wrap around."""
    if op.out.dtype.dtype.kind != "u":
        return op.emit("Neg", op.x())
    return op.cast(op.emit("Neg", op.cast(op.x(), DType.INT64)), op.out.dtype)


def non_zero(op: Op) -> str:
    """Indices, [rank, count]."""
    return op.cast(op.emit("NonZero", op.x()), DType.INT32)


def bitwise(op_type: str, logical: str) -> Row:
    """On the bits of integers; of booleans a logical operator."""
    return lambda op: op.emit(logical if op.inputs[0].dtype == DType.BOOL else op_type, *op.names)


def erfc(op: Op) -> str:
    """1 - erf x"""
    return op.emit("Sub", op.number(1), op.emit("Erf", op.x()))


def expm1(op: Op) -> str:
    """exp x - 1 = tanh(x / 2) * (exp x + 1), accurate near 0 too"""
    half = op.emit("Tanh", op.emit("Mul", op.x(), op.number(0.5)))
    return op.emit("Mul", half, op.emit("Add", op.emit("Exp", op.x()), op.number(1)))


def trunc(op: Op) -> str:
    """The integer part: that of |x|, with the sign of x."""
    return op.emit("Mul", op.emit("Sign", op.x()), op.emit("Floor", op.emit("Abs", op.x())))
