"""Functions of each element: arithmetic, comparisons, activations, casts."""
from __future__ import annotations

from typing import Any

import numpy as np

from converter.ir.graph import Value
from converter.mindir.lowering import Lower, Lowering, Scalar, Unsupported
from converter.mindir.operands import Operand
from lite.ops.enums import ActivationType
from lite.types import DType


def unary(schema_op: str, **fields: Any) -> Lower:
    """The schema's operator of one tensor, with these fields."""

    def lower(op: Lowering, x: Value) -> Operand:
        return op.emit(schema_op, x, **fields)

    return lower


def binary(schema_op: str) -> Lower:
    """The schema's operator of two tensors that broadcast; either may be a Python number."""

    def lower(op: Lowering, x: Value | Scalar, y: Value | Scalar) -> Operand:
        return op.emit(schema_op, *op.operands(x, y))

    return lower


def add_scaled(schema_op: str) -> Lower:
    """x + alpha * y, or x - alpha * y."""

    def lower(op: Lowering, x: Value | Scalar, y: Value | Scalar, alpha: float = 1.0) -> Operand:
        left, right = op.operands(x, y)
        if alpha != 1:
            right = op.cast(op.emit("MulFusion", *op.operands(right, alpha), label="alpha"), left.spec.dtype)
        return op.emit(schema_op, left, right)

    return lower


def divide(op: Lowering, x: Value | Scalar, y: Value | Scalar) -> Operand:
    """x / y; the quotient of integers is float32."""
    left, right = op.operands(x, y)
    if left.spec.dtype.dtype.kind != "f":
        left, right = op.cast(left, DType.FLOAT32), op.cast(right, DType.FLOAT32)
    return op.emit("DivFusion", left, right)


def activation(kind: ActivationType, **fields: Any) -> Lower:
    """A function of the Activation family."""
    return unary("Activation", activation_type=kind, **fields)


def relu(op: Lowering, x: Value) -> Operand:
    """max(x, 0), of integers too, which the schema's activations do not take."""
    if x.spec.dtype.dtype.kind != "f":
        return op.emit("Maximum", *op.operands(x, 0))
    return op.emit("Activation", x, activation_type=ActivationType.RELU)


def elu(op: Lowering, x: Value, alpha: float = 1.0) -> Operand:
    """x > 0 ? x : alpha * (exp x - 1)"""
    return op.emit("Activation", x, activation_type=ActivationType.ELU, alpha=alpha)


def softplus(op: Lowering, x: Value, beta: float = 1.0, threshold: float = 20.0) -> Operand:
    """log(1 + exp(beta x)) / beta, x itself where beta x is above a threshold."""
    scaled = x if beta == 1 else op.emit("MulFusion", *op.operands(x, beta), label="scaled")
    y = op.emit("Activation", scaled, label="softplus", activation_type=ActivationType.SOFTPLUS)
    y = y if beta == 1 else op.emit("DivFusion", *op.operands(y, beta), label="soft")
    return op.emit("Select", op.emit("Greater", *op.operands(scaled, threshold), label="far"), x, y)


def gated(op: Lowering, x: Value, axis: int = -1) -> Operand:
    """The first half of x along an axis, times the sigmoid of the second."""
    part, gate = op.emit_all("Split", x, label="halves", axis=axis, output_num=2)
    return op.emit("MulFusion", part, op.emit("Activation", gate, label="gate", activation_type=ActivationType.SIGMOID))


def mish(op: Lowering, x: Value) -> Operand:
    """x * tanh(log(1 + exp x))"""
    softplus = op.emit("Activation", x, label="softplus", activation_type=ActivationType.SOFTPLUS)
    gate = op.emit("Activation", softplus, label="tanh", activation_type=ActivationType.TANH)
    return op.emit("MulFusion", x, gate)


def power(op: Lowering, x: Value | Scalar, y: Value | Scalar) -> Operand:
    """x ** y; of integers by multiplying, where y is a small constant."""
    left, right = op.operands(x, y)
    if left.spec.dtype.dtype.kind == "f":
        return op.emit("PowFusion", left, right, scale=1.0, shift=0.0)
    exponent = 0 if right.data is None or right.spec.shape not in ((), (1,)) else int(right.data.item())
    if not 1 <= exponent <= _MOST_FACTORS or right.spec.rank > left.spec.rank:
        raise Unsupported(f"raises integers to a power: only to a constant from 1 to {_MOST_FACTORS}")
    result = left
    for step in range(2, exponent + 1):
        result = op.emit("MulFusion", result, left, label="" if step == exponent else f"power{step}")
    return result


_MOST_FACTORS = 8


def of_floats(schema_op: str) -> Lower:
    """The schema's operator of one tensor of floating-point numbers; others become float32."""

    def lower(op: Lowering, x: Value) -> Operand:
        return op.emit(schema_op, x if x.spec.dtype.dtype.kind == "f" else op.cast(x, DType.FLOAT32))

    return lower


def logical_not(op: Lowering, x: Value) -> Operand:
    """Whether an element is 0."""
    return op.emit("LogicalNot", op.cast(x, DType.BOOL))


def exponential(op: Lowering, x: Value) -> Operand:
    """e ** x: the schema's base of -1 stands for e."""
    return op.emit("ExpFusion", x, base=-1.0, scale=1.0, shift=0.0)


def round_half_even(op: Lowering, x: Value, decimals: int = 0) -> Operand:
    """To the nearest integer, halves to the even one; integers are themselves."""
    if decimals:
        raise Unsupported(f"rounds to {decimals} decimals: only whole numbers are supported")
    return op.emit("Round", x) if x.spec.dtype.dtype.kind == "f" else x


def cast(op: Lowering, x: Value, dtype: int | str) -> Operand:
    """x as the element type of that id."""
    if dtype not in list(DType):
        raise Unsupported(f"casts to the type {dtype}: no operator here computes with it")
    return op.cast(x, DType(int(dtype)), label="")


def add_n(op: Lowering, xs: tuple[Value, ...]) -> Operand:
    """The sum of all inputs."""
    return op.emit("AddN", *xs) if len(xs) > 1 else xs[0]


def select(op: Lowering, condition: Value, x: Value | Scalar, y: Value | Scalar) -> Operand:
    """Elements of x where the condition holds, of y elsewhere."""
    return op.emit("Select", condition, *op.operands(x, y))


def masked_fill(op: Lowering, x: Value, mask: Value, value: Value | Scalar) -> Operand:
    """`value`, as an element of x, where the mask holds, elements of x elsewhere."""
    dtype = x.spec.dtype
    filled = op.cast(value, dtype) if isinstance(value, Value) else op.constant(np.array(value, dtype.dtype), "scalar")
    return op.emit("Select", mask, filled, x)


def clamp(op: Lowering, x: Value, low: Scalar | None = None, high: Scalar | None = None) -> Operand:
    """x, but at least `low` and at most `high`."""
    if low is not None:
        left, right = op.operands(x, low)
        x = op.emit("Maximum", left, right, label="low" if high is not None else "")
    return x if high is None else op.emit("Minimum", *op.operands(x, high))


def prelu(op: Lowering, x: Value, slope: Value) -> Operand:
    """x > 0 ? x : slope * x, with one slope, or one a channel: dimension 1."""
    if slope.spec.shape == (1,) or x.spec.rank <= 2:
        return op.emit("PReLUFusion", x, slope, channel_shared=slope.spec.shape == (1,))
    return op.to_first(op.emit("PReLUFusion", op.to_last(x), slope, label="prelu"))


def accumulate(schema_op: str) -> Lower:
    """Running sums or products along an axis."""

    def lower(op: Lowering, x: Value, axis: int, exclusive: bool = False, reverse: bool = False) -> Operand:
        where = op.constant(np.array(axis, np.int32), "axis")
        return op.emit(schema_op, x, where, exclusive=exclusive, reverse=reverse)

    return lower


def leaky_relu(op: Lowering, x: Value, negative_slope: float = 0.01) -> Operand:
    """x > 0 ? x : slope * x"""
    return op.emit("Activation", x, activation_type=ActivationType.LEAKY_RELU, alpha=negative_slope)


def swish_gated(op: Lowering, x: Value, dim: int = -1) -> Operand:
    """The swish of the first half of x along a dimension, times the second."""
    gate, part = op.emit_all("Split", x, label="halves", axis=dim, output_num=2)
    return op.emit("MulFusion", op.emit("Activation", gate, label="gate", activation_type=ActivationType.SWISH), part)


def accumulate_as(op: Lowering, x: Value, dim: int, dtype: int | None = None) -> Operand:
    """Running sums along a dimension; without a dtype, integers and booleans are added as int64."""
    wanted = summed_as(x, dtype)
    return op.emit("CumSum", op.cast(x, wanted), op.constant(np.array(dim, np.int32), "dim"))


def summed_as(x: Value, dtype: int | None) -> DType:
    """The type in which elements are added: int64 for integers and booleans, where no other is asked for."""
    if dtype is None:
        return x.spec.dtype if x.spec.dtype.dtype.kind == "f" else DType.INT64
    if dtype not in list(DType):
        raise Unsupported(f"adds as the type {dtype}: no operator here computes with it")
    return DType(dtype)


def gelu(op: Lowering, x: Value, approximate: int | str = 0) -> Operand:
    """GELU by erf, or by tanh."""
    by_tanh = approximate in (1, "tanh")
    return op.emit("Activation", x, activation_type=ActivationType.GELU, approximate=by_tanh)


def same(op: Lowering, x: Value) -> Operand:
    """x itself: only its place in memory is asked for."""
    return x
