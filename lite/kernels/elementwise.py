"""Element-wise functions of float32 tensors: one kernel for all functions of one tensor, one for those of two.

The function is an argument (its index in codes.UNARY or codes.BINARY) and is chosen once per unit, outside the loop
over vectors. Broadcasting: the caller merges dimensions until rows are left in which each operand is contiguous or one
number. NaN in gives NaN out, max and min included. Errors are those of vmath.py; gelu is within 1.5e-6.
"""
from __future__ import annotations

from collections.abc import Callable
from functools import partial

from lite.kernels import vmath
from lite.kernels.codes import BINARY, LEFT_SCALAR, RIGHT_SCALAR, UNARY
from lite.kernels.declare import Float, Int, Pointer, kernel, routine
from lite.kernels.index import row_offset
from lite.kernels.simd import Simd, micro
from lite.kernels.value import Value

_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
_SQRT_HALF = 0.7071067811865476
_SQRT_2_OVER_PI = 0.7978845608028654


def _elu(s: Simd, x: Value, alpha: Value | float) -> Value:
    return s.select(x > 0.0, x, vmath.expm1(s, s.min(x, 0.0)) * alpha)


def _sign(s: Simd, x: Value) -> Value:
    return s.select(s.abs(x) > 0.0, s.copysign(s.splat(1.0), x), x)


def _hsigmoid(s: Simd, x: Value) -> Value:
    return s.min(s.max(x + 3.0, 0.0), 6.0) * (1.0 / 6.0)


def _gelu_tanh(s: Simd, x: Value) -> Value:
    inner = x * _SQRT_2_OVER_PI * s.fma(x * x, s.splat(0.044715), 1.0)
    return x * 0.5 * (vmath.tanh(s, inner) + 1.0)


def _floor(s: Simd, x: Value) -> Value:
    nearest = s.round(x)
    return s.select(nearest > x, nearest - 1.0, nearest)


Unary = Callable[[Simd, Value, Value, Value], Value]

_UNARY: dict[str, Unary] = {
    "clamp": lambda s, x, a, b: s.min(s.max(x, a), b),
    "leaky_relu": lambda s, x, a, b: s.select(x > 0.0, x, x * a),
    "threshold_relu": lambda s, x, a, b: s.select(x > a, x, 0.0),
    "elu": lambda s, x, a, b: _elu(s, x, a),
    "selu": lambda s, x, a, b: _elu(s, x, _SELU_ALPHA) * _SELU_SCALE,
    "abs": lambda s, x, a, b: s.abs(x),
    "sign": lambda s, x, a, b: _sign(s, x),
    "softsign": lambda s, x, a, b: x / (s.abs(x) + 1.0),
    "softplus": lambda s, x, a, b: vmath.softplus(s, x),
    "sigmoid": lambda s, x, a, b: vmath.sigmoid(s, x),
    "tanh": lambda s, x, a, b: vmath.tanh(s, x),
    "hsigmoid": lambda s, x, a, b: _hsigmoid(s, x),
    "hswish": lambda s, x, a, b: x * _hsigmoid(s, x),
    "swish": lambda s, x, a, b: x * vmath.sigmoid(s, x * a),
    "gelu": lambda s, x, a, b: x * 0.5 * (vmath.erf(s, x * _SQRT_HALF) + 1.0),
    "gelu_tanh": lambda s, x, a, b: _gelu_tanh(s, x),
    "exp": lambda s, x, a, b: vmath.exp(s, s.fma(x, a, b)),
    "log": lambda s, x, a, b: vmath.log(s, x),
    "log1p": lambda s, x, a, b: vmath.log1p(s, x),
    "erf": lambda s, x, a, b: vmath.erf(s, x),
    "sqrt": lambda s, x, a, b: s.sqrt(x),
    "rsqrt": lambda s, x, a, b: 1.0 / s.sqrt(x),
    "square": lambda s, x, a, b: x * x,
    "reciprocal": lambda s, x, a, b: 1.0 / x,
    "negate": lambda s, x, a, b: -x,
    "floor": lambda s, x, a, b: _floor(s, x),
    "ceil": lambda s, x, a, b: -_floor(s, -x),
    "round": lambda s, x, a, b: s.round(x),
    "trunc": lambda s, x, a, b: s.copysign(_floor(s, s.abs(x)), x),
    "expm1": lambda s, x, a, b: vmath.expm1(s, x),
    "sinh": lambda s, x, a, b: vmath.sinh(s, x),
    "cosh": lambda s, x, a, b: vmath.cosh(s, x),
    "asinh": lambda s, x, a, b: vmath.asinh(s, x),
    "acosh": lambda s, x, a, b: vmath.acosh(s, x),
    "atanh": lambda s, x, a, b: vmath.atanh(s, x),
    "atan": lambda s, x, a, b: vmath.atan(s, x),
    "asin": lambda s, x, a, b: vmath.asin(s, x),
    "acos": lambda s, x, a, b: vmath.acos(s, x),
}

_BINARY: dict[str, Callable[[Simd, Value, Value], Value]] = {
    "add": lambda s, x, y: x + y,
    "sub": lambda s, x, y: x - y,
    "mul": lambda s, x, y: x * y,
    "div": lambda s, x, y: x / y,
    "max": lambda s, x, y: s.max_nan(x, y),
    "min": lambda s, x, y: s.min_nan(x, y),
    "squared_difference": lambda s, x, y: (x - y) * (x - y),
    "prelu": lambda s, x, y: s.select(x > 0.0, x, x * y),
    "power": lambda s, x, y: vmath.power(s, x + 0.0, y),  # of -0 as of 0, to which the operator adds 0
    "atan2": lambda s, x, y: vmath.atan2(s, x, y),
}


@micro("unary_rows_f32", Int, Pointer, Pointer, Int, Int, Int, Float, Float, home=__name__)
def unary_rows_f32(
    s: Simd, function: Value, x: Value, y: Value, rows: Value, stride: Value, n: Value, a: Value, b: Value
) -> None:
    """y = function(x) for rows of n elements, `stride` bytes apart in both; x and y may be the same."""
    first, second = s.splat(a), s.splat(b)

    def apply(emit: Unary) -> None:
        def row(r: Value) -> None:
            source, target = x + r * stride, y + r * stride

            def body(i: Value, lanes: Value | None) -> None:
                s.store(emit(s, s.load(source + 4 * i, lanes), first, second), target + 4 * i, lanes)

            s.span(n, body)

        s.loop(rows, row)

    s.switch(function, [partial(apply, _UNARY[name]) for name in UNARY])


@micro("binary_span_f32", Int, Int, Pointer, Pointer, Pointer, Int, Float, Float, home=__name__)
def binary_span_f32(
    s: Simd, function: Value, mode: Value, x: Value, y: Value, z: Value, n: Value, low: Value, high: Value
) -> None:
    """z[i] = clamp(function(x[i], y[i]), low, high) for n elements; mode: see codes.ROWS."""
    floor, ceiling = s.splat(low), s.splat(high)

    def apply(emit: Callable[[Simd, Value, Value], Value]) -> None:
        def rows(left: Value | None, right: Value | None) -> None:
            def body(i: Value, lanes: Value | None) -> None:
                a = s.load(x + 4 * i, lanes) if left is None else left
                b = s.load(y + 4 * i, lanes) if right is None else right
                s.store(s.min(s.max(emit(s, a, b), floor), ceiling), z + 4 * i, lanes)

            s.span(n, body)

        def one(mode: int) -> None:
            rows(s.broadcast(x) if mode == LEFT_SCALAR else None, s.broadcast(y) if mode == RIGHT_SCALAR else None)

        s.switch(mode, [partial(one, mode) for mode in range(3)])

    s.switch(function, [partial(apply, _BINARY[name]) for name in BINARY])


@routine
def activate_rows(y: int, rows: int, stride: int, n: int, function: int, a: float, b: float) -> None:
    """y = function(y; a, b) for rows of n elements, `stride` bytes apart; -1: nothing. How kernels end a block."""
    if function >= 0:
        unary_rows_f32(function, y, y, rows, stride, n, a, b)


@kernel
def unary_f32(
    x: Pointer,
    y: Pointer,
    n: Int,
    function: Int,
    a: Float,
    b: Float,
    block: Int,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """y = function(x; a, b), element-wise; function: index in codes.UNARY. Units: blocks of `block` elements."""
    first = begin * block
    unary_rows_f32(function, x + first * 4, y + first * 4, 1, 0, min(end * block, n) - first, a, b)


@kernel
def binary_f32(
    x: Pointer,
    y: Pointer,
    z: Pointer,
    function: Int,
    mode: Int,
    dims: Pointer,
    rows: Int,
    n: Int,
    row_block: Int,
    block: Int,
    low: Float,
    high: Float,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """z = clamp(function(x, y), low, high) for rows of n elements; function: index in codes.BINARY.

    mode: codes.ROWS or the like. dims: the dimensions over rows, see index.row_offset (strides of x, then of y).
    Units: blocks of row_block rows x blocks of `block` elements of a row.
    """
    blocks = (n + block - 1) // block
    for unit in range(begin, end):
        first_row = unit // blocks * row_block
        first = unit % blocks * block
        count = min(block, n - first)
        for row in range(first_row, min(first_row + row_block, rows)):
            left = x + row_offset(dims, row, 0)
            right = y + row_offset(dims, row, 1)
            binary_span_f32(
                function,
                mode,
                left if mode == LEFT_SCALAR else left + first * 4,
                right if mode == RIGHT_SCALAR else right + first * 4,
                z + (row * n + first) * 4,
                count,
                low,
                high,
            )
