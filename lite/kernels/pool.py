"""2-D pooling, fp32, NHWC: the largest or the mean element of each window, vectors along the channels.

Windows are cut at the image's border, so padding takes no part. Channels go four vectors at a time, held in registers
while the window passes. A NaN in a window is its maximum.
"""
from __future__ import annotations

from functools import partial

from lite.kernels.codes import POOL
from lite.kernels.declare import Float, Int, Pointer, kernel
from lite.kernels.simd import Simd, Value, micro

_VECTORS = 4


@micro("pool_window_f32", Int, Pointer, Pointer, Int, Int, Int, Int, Int, Float, Float)
def pool_window_f32(
    s: Simd,
    mode: Value,
    x: Value,
    y: Value,
    rows: Value,
    columns: Value,
    row_bytes: Value,
    pixel_bytes: Value,
    channels: Value,
    low: Value,
    high: Value,
) -> None:
    """y[channels] = clamp(max or mean of x over rows x columns pixels, low, high); mode: index in codes.POOL."""
    floor, ceiling = s.splat(low), s.splat(high)
    share = 1.0 / s.to_float(rows * columns)

    def pool(largest: bool) -> None:
        def block(i: Value, vectors: int, lanes: Value | None) -> None:
            def row(p: Value, *totals: Value) -> tuple[Value, ...]:
                first = x + p * row_bytes + 4 * i

                def pixel(q: Value, *totals: Value) -> tuple[Value, ...]:
                    here = first + q * pixel_bytes
                    loaded = [s.load(here + v * s.vector_bytes, lanes) for v in range(vectors)]
                    combine = s.max_nan if largest else Value.__add__
                    return tuple(combine(total, new) for total, new in zip(totals, loaded, strict=True))

                return s.loop(columns, pixel, *totals)

            totals = s.loop(rows, row, *[s.splat(float("-inf") if largest else 0.0)] * vectors)
            for v, total in enumerate(totals):
                result = total if largest else total * share
                s.store(s.min(s.max(result, floor), ceiling), y + 4 * i + v * s.vector_bytes, lanes)

        s.blocks(channels, _VECTORS, block)

    s.switch(mode, [partial(pool, name == "max") for name in POOL])


@kernel
def pool2d_f32(
    x: Pointer,
    y: Pointer,
    mode: Int,
    images: Int,
    in_height: Int,
    in_width: Int,
    channels: Int,
    out_height: Int,
    out_width: Int,
    kernel_height: Int,
    kernel_width: Int,
    stride_height: Int,
    stride_width: Int,
    top: Int,
    left: Int,
    row_block: Int,
    channel_block: Int,
    low: Float,
    high: Float,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """y = clamp(pool(x), low, high); mode: index in codes.POOL.

    Units: blocks of row_block rows of output over all images x blocks of channel_block channels.
    """
    channel_blocks = (channels + channel_block - 1) // channel_block
    for unit in range(begin, end):
        first_channel = unit % channel_blocks * channel_block
        count = min(channel_block, channels - first_channel)
        first_row = unit // channel_blocks * row_block
        for row in range(first_row, min(first_row + row_block, images * out_height)):
            image = row // out_height
            row_start = (row - image * out_height) * stride_height - top
            first_p, last_p = max(row_start, 0), min(row_start + kernel_height, in_height)
            for j in range(out_width):
                column_start = j * stride_width - left
                first_q, last_q = max(column_start, 0), min(column_start + kernel_width, in_width)
                pixel = (image * in_height + first_p) * in_width + first_q
                pool_window_f32(
                    mode,
                    x + (pixel * channels + first_channel) * 4,
                    y + ((row * out_width + j) * channels + first_channel) * 4,
                    last_p - first_p,
                    last_q - first_q,
                    in_width * channels * 4,
                    channels * 4,
                    count,
                    low,
                    high,
                )
