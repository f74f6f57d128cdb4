"""Functions of each element that the schema says with several of its operators."""
from __future__ import annotations

import math

import numpy as np

from converter.ir.graph import Value
from converter.mindir.lowering import Lower, Lowering, Scalar, Unsupported
from converter.mindir.operands import Missing, Operand
from converter.mindir.primitives.elementwise import clamp
from lite.ops.enums import ActivationType
from lite.types import DType


def _is_float(x: Value) -> bool:
    return x.spec.dtype.dtype.kind == "f"


def _with(op: Lowering, schema_op: str, x: Value | Scalar, y: Value | Scalar, label: str) -> Value:
    """A step of a function: an operator of two tensors, or of a tensor and a number."""
    return op.emit(schema_op, *op.operands(x, y), label=label)


def sign(op: Lowering, x: Value) -> Operand:
    """-1, 0 or 1"""
    if _is_float(x):
        return op.emit("Activation", x, activation_type=ActivationType.SIGN)
    return clamp(op, x, None if x.spec.dtype.dtype.kind == "u" else -1, 1)


def trunc(op: Lowering, x: Value) -> Operand:
    """The integer part; integers are themselves."""
    return op.emit("Trunc", x) if _is_float(x) else x


def is_nan(op: Lowering, x: Value) -> Operand:
    """What differs from itself."""
    return op.emit("NotEqual", x, x)


def is_inf(op: Lowering, x: Value) -> Operand:
    """Infinity of either sign; no integer is."""
    if not _is_float(x):
        return op.emit("NotEqual", x, x)
    return op.emit("Equal", *op.operands(op.emit("Abs", x, label="size"), math.inf))


def nan_to_num(
    op: Lowering, x: Value, nan: float | None = None, posinf: float | None = None, neginf: float | None = None
) -> Operand:
    """Numbers in the place of NaN and infinities: 0, the largest and the least of the type, where none are given."""
    if not _is_float(x):
        return x
    limits = np.finfo(x.spec.dtype.dtype)
    high = float(limits.max) if posinf is None else posinf
    low = float(limits.min) if neginf is None else neginf
    y = x
    for label, value, number in (("infinity", math.inf, high), ("negative", -math.inf, low)):
        y = op.emit("Select", _with(op, "Equal", x, value, f"is_{label}"), *op.operands(number, y), label=label)
    return op.emit("Select", op.emit("NotEqual", x, x, label="is_nan"), *op.operands(nan or 0.0, y))


def hard_shrink(op: Lowering, x: Value, lambd: float = 0.5) -> Operand:
    """x, but 0 within lambd"""
    beyond = _with(op, "Greater", op.emit("Abs", x, label="size"), lambd, "beyond")
    return op.emit("Select", beyond, *op.operands(x, 0.0))


def soft_shrink(op: Lowering, x: Value, lambd: float = 0.5) -> Operand:
    """x, nearer to 0 by lambd, or 0"""
    low = _with(op, "Maximum", x, -lambd, "low")
    return op.emit("SubFusion", x, _with(op, "Minimum", low, lambd, "inside"))


def celu(op: Lowering, x: Value, alpha: float = 1.0) -> Operand:
    """x > 0 ? x : alpha * (exp(x / alpha) - 1)"""
    if alpha == 1:
        return op.emit("Activation", x, activation_type=ActivationType.ELU, alpha=1.0)
    part = _with(op, "DivFusion", x, alpha, "part")
    y = op.emit("Activation", part, label="elu", activation_type=ActivationType.ELU, alpha=1.0)
    return op.emit("MulFusion", *op.operands(y, alpha))


def logit(op: Lowering, x: Value, eps: float = -1.0) -> Operand:
    """log(x / (1 - x)), x at least eps from 0 and 1 where that is not negative"""
    if eps >= 0:
        x = _with(op, "Minimum", _with(op, "Maximum", x, eps, "low"), 1 - eps, "high")
    odds = op.emit("DivFusion", x, _with(op, "SubFusion", 1.0, x, "other"), label="odds")
    return op.emit("Log", odds)


def sinc(op: Lowering, x: Value) -> Operand:
    """sin(pi x) / (pi x), 1 at 0"""
    angle = _with(op, "MulFusion", x, math.pi, "angle")
    quotient = op.emit("DivFusion", op.emit("Sin", angle, label="sin"), angle, label="quotient")
    return op.emit("Select", _with(op, "Equal", x, 0.0, "zero"), *op.operands(1.0, quotient))


def invert(op: Lowering, x: Value) -> Operand:
    """Every bit the other."""
    if x.spec.dtype == DType.BOOL:
        return op.emit("LogicalNot", x)
    return op.emit("BitwiseXor", x, op.constant(~np.zeros((), x.spec.dtype.dtype), "bits"))


def bitwise(schema_op: str, logical: str) -> Lower:
    """An operator on the bits of integers, of booleans a logical one."""

    def lower(op: Lowering, x: Value | Scalar, y: Value | Scalar) -> Operand:
        left, right = op.operands(x, y)
        return op.emit(logical if left.spec.dtype == DType.BOOL else schema_op, left, right)

    return lower


def shift(left: bool) -> Lower:
    """x times, or divided by, a power of two that is a constant."""

    def lower(op: Lowering, x: Value, y: Value) -> Operand:
        if y.data is None or x.spec.dtype.dtype.kind not in "iu":
            raise Unsupported("shifts by what the network computes: make it a constant")
        most = 8 * x.spec.dtype.itemsize - 1
        if y.data.size and not 0 <= int(y.data.min()) <= int(y.data.max()) < most:
            raise Unsupported(f"shifts {x.spec.dtype} by {y.data.min()} to {y.data.max()} bits: only 0 to {most - 1}")
        power = op.constant(np.left_shift(1, y.data.astype(np.int64)).astype(x.spec.dtype.dtype), "power")
        return op.emit("MulFusion" if left else "FloorDiv", x, power)

    return lower


def div_mod(op: Lowering, x: Value | Scalar, y: Value | Scalar, rounding_mode: int | str | None = None) -> Operand:
    """x / y, rounded down or towards zero where that is said; else the quotient of integers is float32."""
    left, right = op.operands(x, y)
    if rounding_mode is None:
        if not _is_float(left):
            left, right = op.cast(left, DType.FLOAT32), op.cast(right, DType.FLOAT32)
        return op.emit("DivFusion", left, right)
    if rounding_mode in ("trunc", _TRUNC):
        return truncate_div(op, left, right)
    if rounding_mode not in ("floor", _FLOOR):
        raise Unsupported(f"rounds by {rounding_mode!r}: only 'floor' and 'trunc' are supported")
    return op.emit("FloorDiv", left, right)


_TRUNC, _FLOOR = 1, 2  # how MindIR numbers them


def truncate_div(op: Lowering, x: Value | Scalar, y: Value | Scalar) -> Operand:
    """x / y towards zero"""
    left, right = op.operands(x, y)
    if not _is_float(left):
        return op.emit("RealDiv", left, right)
    return op.emit("Trunc", op.emit("RealDiv", left, right, label="quotient"))


def times_or_zero(schema_op: str, function: str = "") -> Lower:
    """x times, or over, y, or a function of it: 0 where x is, whatever y is."""

    def lower(op: Lowering, x: Value | Scalar, y: Value | Scalar) -> Operand:
        left, right = op.operands(x, y)
        other = op.emit(function, right, label="function") if function else right
        return op.emit(
            "Select",
            _with(op, "Equal", left, 0, "zero"),
            *op.operands(0, op.emit(schema_op, left, other, label="other")),
        )

    return lower


def hypot(op: Lowering, x: Value, y: Value) -> Operand:
    """sqrt(x^2 + y^2), whose squares have to be finite"""
    left, right = op.operands(x, y)
    squares = op.emit("Square", left, label="x"), op.emit("Square", right, label="y")
    return op.emit("Sqrt", op.emit("AddFusion", *squares, label="sum"))


def heaviside(op: Lowering, x: Value, values: Value) -> Operand:
    """0 below 0, `values` at 0, 1 above"""
    left, right = op.operands(x, values)
    above = op.cast(_with(op, "Greater", left, 0, "above"), left.spec.dtype, "one")
    return op.emit("Select", _with(op, "Equal", left, 0, "at"), right, above)


def fmax(op: Lowering, x: Value, y: Value) -> Operand:
    """The larger of two, of which one may be NaN."""
    left, right = op.operands(x, y)
    if not _is_float(left):
        return op.emit("Maximum", left, right)
    z = op.emit("Maximum", left, right, label="both")
    z = op.emit("Select", op.emit("NotEqual", right, right, label="y_nan"), left, z, label="x")
    return op.emit("Select", op.emit("NotEqual", left, left, label="x_nan"), right, z)


def is_close(
    op: Lowering, x: Value, y: Value, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Operand:
    """Equal, or |x - y| <= atol + rtol |y| with y finite; and NaN with NaN where equal_nan."""
    left, right = op.operands(x, y)
    if not _is_float(left):
        left, right = op.cast(left, DType.FLOAT32, "x"), op.cast(right, DType.FLOAT32, "y")
    size = op.emit("Abs", right, label="size")
    allowed = _with(op, "AddFusion", _with(op, "MulFusion", size, rtol, "relative"), atol, "allowed")
    difference = op.emit("Abs", op.emit("SubFusion", left, right, label="difference"), label="error")
    near = op.emit("LessEqual", difference, allowed, label="near")
    near = op.emit("LogicalAnd", near, op.emit("IsFinite", right, label="finite"), label="close")
    if equal_nan:
        nans = [op.emit("NotEqual", v, v, label=f"{name}_nan") for v, name in ((left, "x"), (right, "y"))]
        near = op.emit("LogicalOr", near, op.emit("LogicalAnd", *nans, label="nan"), label="or_nan")
    return op.emit("LogicalOr", near, op.emit("Equal", left, right, label="equal"))


def lerp(op: Lowering, x: Value, end: Value, weight: Value | Scalar) -> Operand:
    """x + weight * (end - x), of halves rounded at the end alone."""
    dtype = x.spec.dtype
    if dtype == DType.FLOAT16:
        x, end = op.cast(x, DType.FLOAT32, "x"), op.cast(end, DType.FLOAT32, "end")
    part = op.emit("MulFusion", *op.operands(op.emit("SubFusion", end, x, label="way"), weight), label="part")
    y = op.emit("AddFusion", x, part, label="sum" if dtype == DType.FLOAT16 else "")
    return op.cast(y, dtype, "y")


def add_product(op: Lowering, x: Value, a: Value, b: Value, value: Value | Scalar = 1) -> Operand:
    """x + value * (a * b)"""
    both = op.emit("MulFusion", *op.operands(a, b), label="both")
    return op.emit("AddFusion", *op.operands(x, _scaled(op, both, value)))


def add_quotient(op: Lowering, x: Value, a: Value, b: Value, value: Value | Scalar = 1) -> Operand:
    """x + (value * a) / b: in this order, which halves show."""
    scaled = _scaled(op, a, value)
    return op.emit("AddFusion", *op.operands(x, op.emit("DivFusion", *op.operands(scaled, b), label="quotient")))


def _scaled(op: Lowering, x: Value, value: Value | Scalar) -> Value:
    """x times a factor, in x's own type."""
    factor = op.cast(value, x.spec.dtype, "value") if isinstance(value, Value) else value
    return op.emit("MulFusion", *op.operands(x, factor), label="scaled")


def clamp_tensor(op: Lowering, x: Value, low: Value | None = None, high: Value | None = None) -> Operand:
    """x, but at least `low` and at most `high`, which are tensors; in the type that all fit."""
    given = [value.spec.dtype.dtype for value in (x, low, high) if value is not None]
    wanted = DType.of(np.result_type(*given))
    x = op.cast(x, wanted, "x")
    if low is not None:
        x = op.emit("Maximum", x, op.cast(low, wanted, "least"), label="low" if high is not None else "")
    return x if high is None else op.emit("Minimum", x, op.cast(high, wanted, "most"))


def fraction(op: Lowering, x: Value) -> Operand:
    """x - trunc(x)"""
    return op.emit("SubFusion", x, op.emit("Trunc", x, label="whole"))


def is_negative_infinity(op: Lowering, x: Value) -> Operand:
    """-inf; no integer is."""
    if not _is_float(x):
        return op.emit("NotEqual", x, x)
    return op.emit("Equal", *op.operands(x, -math.inf))


def power_of(base: float) -> Lower:
    """base ** x"""

    def lower(op: Lowering, x: Value) -> Operand:
        return op.emit("ExpFusion", _floats(op, x), base=base, scale=1.0, shift=0.0)

    return lower


def logarithm(base: float) -> Lower:
    """The logarithm to a base."""

    def lower(op: Lowering, x: Value) -> Operand:
        natural = op.emit("Log", _floats(op, x), label="natural")
        return op.emit("MulFusion", *op.operands(natural, 1 / math.log(base)))

    return lower


def _floats(op: Lowering, x: Value) -> Value:
    return x if _is_float(x) else op.cast(x, DType.FLOAT32, "float")


def log_add_exp(base: float) -> Lower:
    """log(base^x + base^y) to that base, which is max + log(1 + base^-|x - y|): no power is beyond 1."""
    scale = math.log(base)

    def lower(op: Lowering, x: Value, y: Value) -> Operand:
        left, right = op.operands(x, y)
        apart = op.emit("Abs", op.emit("SubFusion", left, right, label="difference"), label="apart")
        other = op.emit("ExpFusion", apart, base=-1.0, scale=-scale, shift=0.0, label="power")
        rest = op.emit("Log1p", other, label="log")
        if base != math.e:
            rest = _with(op, "MulFusion", rest, 1 / scale, "rest")
        return op.emit("AddFusion", op.emit("Maximum", left, right, label="most"), rest)

    return lower


def threshold(op: Lowering, x: Value, least: Scalar, value: Scalar) -> Operand:
    """x > least ? x : value"""
    return op.emit("Select", _with(op, "Greater", x, least, "above"), *op.operands(x, value))


def log_sigmoid(op: Lowering, x: Value) -> Operand:
    """log(1 / (1 + exp -x)); a second result is for training alone."""
    softplus = op.emit("Activation", op.emit("Neg", x, label="minus"), activation_type=_SOFTPLUS, label="softplus")
    return (op.emit("Neg", softplus), Missing("uses a result of LogSigmoid that only training needs"))


_SOFTPLUS = ActivationType.SOFTPLUS
