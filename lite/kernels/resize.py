"""Interpolation of images, fp32, NHWC, vectors along the channels.

Along each axis an output pixel is the weighted sum of a few input pixels, which the caller has computed for the axis:
one for the nearest pixel, two for linear and four for cubic interpolation. Rows and columns are summed together, so
there is no image in between.
"""
from __future__ import annotations

from lite.kernels.declare import Int, Pointer, kernel
from lite.kernels.simd import Simd, micro
from lite.kernels.value import Value

_VECTORS = 4


@micro("resize_pixel_f32", Pointer, Pointer, Int, Pointer, Pointer, Pointer, Pointer, Int)
def resize_pixel_f32(
    s: Simd,
    x: Value,
    y: Value,
    taps: Value,
    rows: Value,
    row_weights: Value,
    columns: Value,
    column_weights: Value,
    channels: Value,
) -> None:
    """y[channels] = sum over taps x taps of row_weights[p] * column_weights[q] * pixel at x + rows[p] + columns[q]."""

    def block(i: Value, vectors: int, lanes: Value | None) -> None:
        def row(p: Value, *totals: Value) -> tuple[Value, ...]:
            source = x + s.load_int(rows + p * 8) + 4 * i
            weight = s.broadcast(row_weights + p * 4)

            def column(q: Value, *totals: Value) -> tuple[Value, ...]:
                here = source + s.load_int(columns + q * 8)
                factor = weight * s.broadcast(column_weights + q * 4)
                return tuple(
                    s.fma(s.load(here + v * s.vector_bytes, lanes), factor, total) for v, total in enumerate(totals)
                )

            return s.loop(taps, column, *totals)

        for v, total in enumerate(s.loop(taps, row, *[s.splat(0.0)] * vectors)):
            s.store(total, y + 4 * i + v * s.vector_bytes, lanes)

    s.blocks(channels, _VECTORS, block)


@kernel
def resize_f32(
    x: Pointer,
    y: Pointer,
    rows: Pointer,
    row_weights: Pointer,
    columns: Pointer,
    column_weights: Pointer,
    taps: Int,
    images: Int,
    image_bytes: Int,
    height: Int,
    width: Int,
    channels: Int,
    row_block: Int,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """y [images, height, width, channels]; rows, columns: bytes to the input rows and pixels of each output's taps.

    image_bytes: of an input image. Units: blocks of row_block rows of output over all images.
    """
    for row in range(begin * row_block, min(end * row_block, images * height)):
        image = row // height
        i = row - image * height
        for j in range(width):
            resize_pixel_f32(
                x + image * image_bytes,
                y + (row * width + j) * channels * 4,
                taps,
                rows + i * taps * 8,
                row_weights + i * taps * 4,
                columns + j * taps * 8,
                column_weights + j * taps * 4,
                channels,
            )
