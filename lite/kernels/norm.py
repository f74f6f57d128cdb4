"""Normalization, fp32: layer norm over contiguous rows, and one scale and shift a channel.

The variance is the mean of squared deviations from the mean, in a second pass: no cancellation whatever the mean is.
Four rows of a layer norm pass side by side, because the sums, root and division of one would wait for each other.
"""
from __future__ import annotations

from lite.kernels.declare import Float, Int, Pointer, kernel
from lite.kernels.simd import Simd, micro
from lite.kernels.value import Value

_ROWS = 4


@micro("layer_norm_rows_f32", Pointer, Pointer, Pointer, Pointer, Int, Int, Int, Float)
def layer_norm_rows_f32(
    s: Simd, x: Value, gamma: Value, beta: Value, y: Value, rows: Value, n: Value, affine: Value, epsilon: Value
) -> None:
    """y[rows, n] = (x - mean) / sqrt(variance + epsilon) of each row, times gamma plus beta where `affine` is 1."""
    share = 1.0 / s.to_float(n)

    def some(first: Value, count: int) -> None:
        """`count` rows, from byte `first` on; what is done to a row does not depend on their number."""
        offsets = [first + n * (4 * r) for r in range(count)]
        zeros = [s.splat(0.0)] * count

        def load(i: Value, lanes: Value | None) -> list[Value]:
            return [s.load(x + offset + 4 * i, lanes) for offset in offsets]

        def add(i: Value, lanes: Value | None, *sums: Value) -> tuple[Value, ...]:
            return tuple(total + value for total, value in zip(sums, load(i, lanes), strict=True))

        means = [s.across(total, Value.__add__) * share for total in s.span(n, add, *zeros)]

        def deviations(i: Value, lanes: Value | None) -> list[Value]:
            # Lanes beyond the row must add nothing to the sum of squares, so there x is taken to be the mean.
            whole = zip(load(i, lanes), means, strict=True)
            return [(value if lanes is None else s.keep(value, lanes, mean)) - mean for value, mean in whole]

        def square(i: Value, lanes: Value | None, *sums: Value) -> tuple[Value, ...]:
            return tuple(s.fma(d, d, total) for total, d in zip(sums, deviations(i, lanes), strict=True))

        variances = [s.across(total, Value.__add__) * share for total in s.span(n, square, *zeros)]
        scales = [1.0 / s.sqrt(variance + s.splat(epsilon)) for variance in variances]

        def plain(i: Value, lanes: Value | None) -> None:
            for offset, d, scale in zip(offsets, deviations(i, lanes), scales, strict=True):
                s.store(d * scale, y + offset + 4 * i, lanes)

        def scaled(i: Value, lanes: Value | None) -> None:
            factor, shift = s.load(gamma + 4 * i, lanes), s.load(beta + 4 * i, lanes)
            for offset, d, scale in zip(offsets, deviations(i, lanes), scales, strict=True):
                s.store(s.fma(d * scale, factor, shift), y + offset + 4 * i, lanes)

        s.either(affine > 0, lambda: s.span(n, scaled), lambda: s.span(n, plain))

    together = rows & -_ROWS
    s.loop(together, lambda row: some(row * n * 4, _ROWS), step=_ROWS)
    s.loop(rows, lambda row: some(row * n * 4, 1), start=together)


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
    first, last = begin * row_block, min(end * row_block, rows)
    layer_norm_rows_f32(x + first * n * 4, gamma, beta, y + first * n * 4, last - first, n, affine, epsilon)


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
