"""Local response normalization, fp32: y = x (bias + alpha * sum of squares of the channels nearby)^power.

The squares of a pixel go to scratch between zeros, `radius` on either side; the sum is of 2 radius + 1 vectors of them.
"""
from __future__ import annotations

from lite.kernels import vmath
from lite.kernels.declare import Float, Int, Pointer, f32, kernel
from lite.kernels.simd import Simd, micro
from lite.kernels.value import Value


@micro("lrn_row_f32", Pointer, Pointer, Pointer, Int, Int, Float, Float, Float)
def lrn_row_f32(
    s: Simd, x: Value, y: Value, squares: Value, n: Value, radius: Value, bias: Value, alpha: Value, power: Value
) -> None:
    """One pixel of n channels; squares: room for 2 radius + n floats, of which the outer ones are 0."""
    least, factor, exponent = s.splat(bias), s.splat(alpha), s.splat(power)
    inside = squares + radius * 4

    def square(i: Value, lanes: Value | None) -> None:
        value = s.load(x + 4 * i, lanes)
        s.store(value * value, inside + 4 * i, lanes)

    def normalize(i: Value, lanes: Value | None) -> None:
        def add(d: Value, total: Value) -> tuple[Value, ...]:
            return (total + s.load(squares + 4 * (i + d), lanes),)

        (near,) = s.loop(radius + radius + 1, add, s.splat(0.0))
        scale = vmath.power(s, s.fma(near, factor, least), exponent)
        s.store(s.load(x + 4 * i, lanes) * scale, y + 4 * i, lanes)

    s.span(n, square)
    s.span(n, normalize)


@kernel
def lrn_f32(
    x: Pointer,
    y: Pointer,
    rows: Int,
    n: Int,
    radius: Int,
    bias: Float,
    alpha: Float,
    power: Float,
    row_block: Int,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """y = x (bias + alpha * sum)^power for rows of n channels. Units: blocks of row_block rows.

    scratch: 4 (2 radius + n) bytes.
    """
    for i in range(radius):
        f32(scratch)[i] = 0.0
        f32(scratch)[radius + n + i] = 0.0
    for row in range(begin * row_block, min(end * row_block, rows)):
        lrn_row_f32(x + row * n * 4, y + row * n * 4, scratch, n, radius, bias, alpha, power)
