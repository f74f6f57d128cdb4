"""Element-wise work on int8 codes: float32 to codes and back, sums and products of two tensors.

Codes are widened to int32 and computed with in float32, rounded after each step as lite/ops/quantized.py says. Vectors
are read whole: up to 15 bytes behind the last code, which need only be there.
"""
from __future__ import annotations

from functools import partial

from lite.kernels.codes import BINARY, LEFT_SCALAR, RIGHT_SCALAR
from lite.kernels.codes8 import Codes
from lite.kernels.declare import Float, Int, Pointer, kernel
from lite.kernels.index import row_offset
from lite.kernels.simd import Simd, micro
from lite.kernels.value import Value

_ADD = BINARY.index("add")


@micro("quantize_span_i8", Pointer, Pointer, Int, Float, Int, Float, Float)
def quantize_span_i8(
    s: Simd, x: Value, y: Value, n: Value, factor: Value, zero: Value, low: Value, high: Value
) -> None:
    """y[i] = clamp(round(x[i] * factor), low, high) + zero, NaN as 0."""
    c = Codes(s)
    scale, floor, ceiling, origin = s.splat(factor), s.splat(low), s.splat(high), c.splat(zero)

    def body(i: Value, lanes: Value | None) -> None:
        scaled = s.load(x + 4 * i, lanes) * scale
        real = s.select(scaled.is_nan(), s.splat(0.0), scaled)
        c.store(c.rounded(s.min(s.max(real, floor), ceiling)) + origin, y + i, lanes)

    s.span(n, body)


@kernel
def quantize_i8(
    x: Pointer,
    y: Pointer,
    n: Int,
    factor: Float,
    zero: Int,
    low: Float,
    high: Float,
    block: Int,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """Codes of n float32; low, high: without the zero point. Units: blocks of `block` elements."""
    first = begin * block
    quantize_span_i8(x + first * 4, y + first, min(end * block, n) - first, factor, zero, low, high)


@micro("dequantize_span_i8", Pointer, Pointer, Int, Int, Float)
def dequantize_span_i8(s: Simd, x: Value, y: Value, n: Value, zero: Value, scale: Value) -> None:
    """y[i] = (x[i] - zero) * scale."""
    c = Codes(s)
    origin, factor = c.splat(zero), s.splat(scale)
    s.span(n, lambda i, lanes: s.store(s.to_float(c.load(x + i) - origin) * factor, y + 4 * i, lanes))


@kernel
def dequantize_i8(
    x: Pointer, y: Pointer, n: Int, zero: Int, scale: Float, block: Int, begin: Int, end: Int, scratch: Pointer
) -> None:
    """float32 of n codes. Units: blocks of `block` elements."""
    first = begin * block
    dequantize_span_i8(x + first, y + first * 4, min(end * block, n) - first, zero, scale)


@micro("binary_span_i8", Int, Int, Pointer, Pointer, Pointer, Int, Pointer)
def binary_span_i8(
    s: Simd, function: Value, mode: Value, x: Value, y: Value, z: Value, n: Value, ends: Value
) -> None:
    """z[i] = codes of x[i] + y[i], or of x[i] * y[i]; function: "add" or "mul" of codes.BINARY; mode: see codes.ROWS.

    ends: zero points of x, y and z, int32; factors of x (or of the product) and y, low, high, float32.
    """
    c = Codes(s)
    left_zero, right_zero, zero = (c.word(ends + 4 * k) for k in range(3))
    left_factor, right_factor, low, high = (s.broadcast(ends + 4 * k) for k in range(3, 7))

    def apply(add: bool) -> None:
        def combine(a: Value, b: Value) -> Value:
            if add:
                return s.to_float(a) * left_factor + s.to_float(b) * right_factor
            return s.to_float(a * b) * left_factor

        def one(scalar: int) -> None:
            left = c.one(x) - left_zero if scalar == LEFT_SCALAR else None
            right = c.one(y) - right_zero if scalar == RIGHT_SCALAR else None

            def body(i: Value, lanes: Value | None) -> None:
                a = c.load(x + i) - left_zero if left is None else left
                b = c.load(y + i) - right_zero if right is None else right
                c.store(c.rounded(s.min(s.max(combine(a, b), low), high)) + zero, z + i, lanes)

            s.span(n, body)

        s.switch(mode, [partial(one, scalar) for scalar in range(3)])

    s.either(function.equals(_ADD), partial(apply, True), partial(apply, False))


@kernel
def binary_i8(
    x: Pointer,
    y: Pointer,
    z: Pointer,
    function: Int,
    mode: Int,
    dims: Pointer,
    rows: Int,
    n: Int,
    ends: Pointer,
    row_block: Int,
    block: Int,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """z = codes of function(x, y) for rows of n codes; ends: see binary_span_i8.

    function, mode: see binary_span_i8; dims, units: see binary_f32.
    """
    blocks = (n + block - 1) // block
    for unit in range(begin, end):
        first_row = unit // blocks * row_block
        first = unit % blocks * block
        count = min(block, n - first)
        for row in range(first_row, min(first_row + row_block, rows)):
            left = x + row_offset(dims, row, 0)
            right = y + row_offset(dims, row, 1)
            binary_span_i8(
                function,
                mode,
                left if mode == LEFT_SCALAR else left + first,
                right if mode == RIGHT_SCALAR else right + first,
                z + row * n + first,
                count,
                ends,
            )
