"""Depthwise convolution, fp32, NHWC: each channel with its own filter, vectors along the channels.

Weights are [tap][channel]. Away from the left and right border, for kernels 3 and 5 wide with stride 1 or 2, four
output pixels of a row are computed together: a column of input that several of them need is loaded once, and filter
rows in the padding above or below are left out. Everything else goes by a table of pixel addresses, as in conv2d.py,
four pixels at a time.
"""
from __future__ import annotations

from functools import partial

from lite.kernels.conv2d import pixel_addresses
from lite.kernels.declare import Float, Int, Pointer, kernel, routine
from lite.kernels.elementwise import activate_rows
from lite.kernels.simd import Simd, Value, micro

_PIXELS = 4
_VECTORS = 2
_FORMS = ((3, 1), (3, 2), (5, 1), (5, 2))  # kernel width, stride: order of _form's numbers


@micro("depthwise_pixels_f32", Pointer, Int, Int, Pointer, Pointer, Int, Pointer, Float, Float)
def depthwise_pixels_f32(
    s: Simd,
    table: Value,
    pixels: Value,
    taps: Value,
    weights: Value,
    y: Value,
    channels: Value,
    bias: Value,
    low: Value,
    high: Value,
) -> None:
    """y[pixel, channel] = clamp(bias + sum over taps, low, high), 1 to 4 pixels; table: addresses [tap][pixel]."""
    floor, ceiling = s.splat(low), s.splat(high)
    pixel_bytes = channels * 4

    def some(count: int) -> None:
        def block(i: Value, vectors: int, lanes: Value | None) -> None:
            offset = 4 * i
            cells = [(p, v * s.vector_bytes) for p in range(count) for v in range(vectors)]

            def tap(t: Value, *sums: Value) -> tuple[Value, ...]:
                w = weights + t * pixel_bytes + offset
                factors = [s.load(w + v * s.vector_bytes, lanes) for v in range(vectors)] * count
                x = [s.load_int(table + (t * count + p) * 8) + offset for p in range(count)]
                return tuple(
                    s.fma(s.load(x[p] + v, lanes), factor, total)
                    for (p, v), factor, total in zip(cells, factors, sums, strict=True)
                )

            start = [s.load(bias + offset + v * s.vector_bytes, lanes) for v in range(vectors)] * count
            for (p, v), total in zip(cells, s.loop(taps, tap, *start), strict=True):
                s.store(s.min(s.max(total, floor), ceiling), y + p * pixel_bytes + offset + v, lanes)

        s.blocks(channels, _VECTORS, block)

    s.switch(pixels, [partial(some, count) for count in range(1, _PIXELS + 1)], first=1)


@micro("depthwise_run_f32", Int, Pointer, Int, Int, Pointer, Pointer, Int, Pointer, Float, Float)
def depthwise_run_f32(
    s: Simd,
    form: Value,
    x: Value,
    rows: Value,
    row_bytes: Value,
    weights: Value,
    y: Value,
    channels: Value,
    bias: Value,
    low: Value,
    high: Value,
) -> None:
    """Four neighboring pixels of a row, all taps of `rows` filter rows inside the image; form: index in _FORMS."""
    floor, ceiling = s.splat(low), s.splat(high)
    pixel_bytes = channels * 4

    def run(width: int, stride: int) -> None:
        def block(i: Value, lanes: Value | None) -> None:
            offset = 4 * i

            def row(p: Value, *sums: Value) -> tuple[Value, ...]:
                filter_row = weights + p * (pixel_bytes * width) + offset
                image_row = x + p * row_bytes + offset
                factors = [s.load(filter_row + pixel_bytes * q, lanes) for q in range(width)]
                totals = list(sums)
                for column in range((_PIXELS - 1) * stride + width):
                    value = s.load(image_row + pixel_bytes * column, lanes)
                    for pixel in range(_PIXELS):
                        if 0 <= (q := column - pixel * stride) < width:
                            totals[pixel] = s.fma(value, factors[q], totals[pixel])
                return tuple(totals)

            sums = s.loop(rows, row, *[s.load(bias + offset, lanes)] * _PIXELS)
            for pixel, total in enumerate(sums):
                s.store(s.min(s.max(total, floor), ceiling), y + pixel_bytes * pixel + offset, lanes)

        s.span(channels, block)

    s.switch(form, [partial(run, width, stride) for width, stride in _FORMS])


@routine
def _form(kernel_width: int, stride: int, dilation: int) -> int:
    """Index in _FORMS, or -1."""
    if dilation != 1 or stride > 2:
        return -1
    if kernel_width == 3:
        return stride - 1
    return stride + 1 if kernel_width == 5 else -1


@kernel
def depthwise_f32(
    x: Pointer,
    w: Pointer,
    bias: Pointer,
    zeros: Pointer,
    y: Pointer,
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
    dilation_height: Int,
    dilation_width: Int,
    top: Int,
    left: Int,
    row_block: Int,
    function: Int,
    alpha: Float,
    beta: Float,
    low: Float,
    high: Float,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """y = function(clamp(conv(x, w) + bias, low, high)), channel by channel. zeros: `channels` floats of zero.

    function, alpha, beta: see matmul_f32.
    Units: blocks of row_block rows of output over all images. Scratch: 8 bytes x 4 x taps.
    """
    pixel_bytes = channels * 4
    form = _form(kernel_width, stride_width, dilation_width)
    for row in range(begin * row_block, min(end * row_block, images * out_height)):
        image = row // out_height
        source = x + image * in_height * in_width * pixel_bytes
        row_start = (row - image * out_height) * stride_height - top
        # Filter rows that meet the image: row_start + p * dilation within [0, in_height).
        first_p = (max(-row_start, 0) + dilation_height - 1) // dilation_height
        last_p = min(kernel_height, (in_height - row_start + dilation_height - 1) // dilation_height)
        j = 0
        while j < out_width:
            column_start = j * stride_width - left
            target = y + (row * out_width + j) * pixel_bytes
            reach = column_start + (_PIXELS - 1) * stride_width + kernel_width
            if form >= 0 and column_start >= 0 and reach <= in_width and j + _PIXELS <= out_width and first_p < last_p:
                first = (row_start + first_p * dilation_height) * in_width + column_start
                depthwise_run_f32(
                    form,
                    source + first * pixel_bytes,
                    last_p - first_p,
                    dilation_height * in_width * pixel_bytes,
                    w + first_p * kernel_width * pixel_bytes,
                    target,
                    channels,
                    bias,
                    low,
                    high,
                )
                j += _PIXELS
                continue
            # Up to the first pixel that the fast form could start with.
            count = min(_PIXELS, out_width - j)
            if form >= 0 and column_start < 0:
                count = min(count, (-column_start + stride_width - 1) // stride_width)
            for p in range(count):
                pixel_addresses(
                    scratch + p * 8,
                    count,
                    source,
                    zeros,
                    row_start,
                    column_start + p * stride_width,
                    in_height,
                    in_width,
                    pixel_bytes,
                    kernel_height,
                    kernel_width,
                    dilation_height,
                    dilation_width,
                )
            depthwise_pixels_f32(scratch, count, kernel_height * kernel_width, w, target, channels, bias, low, high)
            j += count
        activate_rows(y + row * out_width * pixel_bytes, 1, 0, out_width * channels, function, alpha, beta)
