"""Normalization, fp32: layer norm over contiguous rows, and one scale and shift a channel.

The variance is the mean of squared deviations from the mean, in a second pass: no cancellation whatever the mean is.
"""
from __future__ import annotations

from lite.kernels.declare import Float, Int, Pointer, kernel
from lite.kernels.simd import Simd, Value, micro


@micro("layer_norm_row_f32", Pointer, Pointer, Pointer, Pointer, Int, Int, Float)
def layer_norm_row_f32(
    s: Simd, x: Value, gamma: Value, beta: Value, y: Value, n: Value, affine: Value, epsilon: Value
) -> None:
    """y[n] = (x - mean) / sqrt(variance + epsilon), times gamma plus beta where `affine` is 1."""
    share = 1.0 / s.to_float(n)
    zero = s.splat(0.0)
    mean = s.reduce(n, lambda i, lanes: s.load(x + 4 * i, lanes), Value.__add__, zero) * share

    def deviation(i: Value, lanes: Value | None) -> Value:
        # Lanes beyond the row must add nothing to the sum of squares, so there x is taken to be the mean.
        loaded = s.load(x + 4 * i, lanes)
        return (loaded if lanes is None else s.keep(loaded, lanes, mean)) - mean

    def square(i: Value, lanes: Value | None) -> Value:
        d = deviation(i, lanes)
        return d * d

    variance = s.reduce(n, square, Value.__add__, zero) * share
    scale = 1.0 / s.sqrt(variance + s.splat(epsilon))

    def plain(i: Value, lanes: Value | None) -> None:
        s.store(deviation(i, lanes) * scale, y + 4 * i, lanes)

    def scaled(i: Value, lanes: Value | None) -> None:
        normal = deviation(i, lanes) * scale
        s.store(s.fma(normal, s.load(gamma + 4 * i, lanes), s.load(beta + 4 * i, lanes)), y + 4 * i, lanes)

    s.either(affine > 0, lambda: s.span(n, scaled), lambda: s.span(n, plain))


@kernel
def layer_norm_f32(
    x: Pointer,
    gamma: Pointer,
    beta: Pointer,
    y: Pointer,
    rows: Int,
    n: Int,
    affine: Int,
    epsilon: Float,
    row_block: Int,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """Layer norm of rows of n elements; gamma and beta of n elements are read where `affine` is 1.

    Units: blocks of row_block rows.
    """
    for row in range(begin * row_block, min(end * row_block, rows)):
        layer_norm_row_f32(x + row * n * 4, gamma, beta, y + row * n * 4, n, affine, epsilon)


@micro("scale_shift_row_f32", Pointer, Pointer, Pointer, Pointer, Int, Float, Float)
def scale_shift_row_f32(
    s: Simd, x: Value, scale: Value, shift: Value, y: Value, n: Value, low: Value, high: Value
) -> None:
    """y[n] = clamp(x * scale + shift, low, high)."""
    floor, ceiling = s.splat(low), s.splat(high)

    def body(i: Value, lanes: Value | None) -> None:
        value = s.fma(s.load(x + 4 * i, lanes), s.load(scale + 4 * i, lanes), s.load(shift + 4 * i, lanes))
        s.store(s.min(s.max(value, floor), ceiling), y + 4 * i, lanes)

    s.span(n, body)


@kernel
def scale_shift_f32(
    x: Pointer,
    scale: Pointer,
    shift: Pointer,
    y: Pointer,
    rows: Int,
    n: Int,
    low: Float,
    high: Float,
    row_block: Int,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """y = clamp(x * scale + shift, low, high) for rows of n channels. Units: blocks of row_block rows."""
    for row in range(begin * row_block, min(end * row_block, rows)):
        scale_shift_row_f32(x + row * n * 4, scale, shift, y + row * n * 4, n, low, high)
