"""Depthwise convolution, fp32, NHWC: each channel with its own filter, vectors along the channels.

Weights are [tap][channel]. Channels pass in blocks, so that the rows under a filter stay in the nearest cache. Filter
rows and columns that fall into the padding are left out. For kernels 3 and 5 wide with stride 1 or 2 a row of output is
cut into runs of 4 to 8 pixels of about the same length: a column of input that several of them need is loaded once, and
columns in a padding of half the kernel are not there in the code. Everything else, and less than a vector of channels,
goes up to four pixels at a time, each loading what it needs. A pixel's products are added in the same order on every
way.
"""
from __future__ import annotations

from functools import partial

from lite.kernels.declare import Float, Int, Pointer, kernel, routine
from lite.kernels.elementwise import activate_rows
from lite.kernels.move import LANES
from lite.kernels.simd import Simd, micro
from lite.kernels.value import Value
from lite.kernels.windows import whole_windows, windows_at

_PIXELS = 4
_VECTORS = 2
_LEAST, _MOST = 4, 8  # pixels of a run
_FORMS = ((3, 1), (3, 2), (5, 1), (5, 2))  # kernel width, stride: order of _form's numbers
_BORDERS = ((False, False), (False, True), (True, False), (True, True))  # half the kernel is outside: left, right


@micro(
    "depthwise_pixels_f32",
    *(Pointer, Int, Int, Int, Int, Int, Int, Pointer, Int, Pointer, Int, Int, Pointer, Float, Float),
)
def depthwise_pixels_f32(
    s: Simd,
    x: Value,
    pixels: Value,
    step_bytes: Value,
    rows: Value,
    row_bytes: Value,
    columns: Value,
    column_bytes: Value,
    weights: Value,
    weight_row_bytes: Value,
    y: Value,
    pixel_bytes: Value,
    channels: Value,
    bias: Value,
    low: Value,
    high: Value,
) -> None:
    """y[pixel, channel] = clamp(bias + sum over rows x columns taps, low, high), 1 to 4 pixels, step_bytes apart in x.

    row_bytes, column_bytes: from one tap to the next in x. pixel_bytes: between pixels of y and taps of the weights.
    """
    floor, ceiling = s.splat(low), s.splat(high)

    def some(count: int) -> None:
        def block(i: Value, vectors: int, lanes: Value | None) -> None:
            offset = 4 * i
            cells = [(p, v * s.vector_bytes) for p in range(count) for v in range(vectors)]

            def row(r: Value, *sums: Value) -> tuple[Value, ...]:
                image_row = x + r * row_bytes + offset
                filter_row = weights + r * weight_row_bytes + offset

                def tap(q: Value, *sums: Value) -> tuple[Value, ...]:
                    w = filter_row + q * pixel_bytes
                    here = image_row + q * column_bytes
                    factors = [s.load(w + v * s.vector_bytes, lanes) for v in range(vectors)] * count
                    return tuple(
                        s.fma(s.load(here + p * step_bytes + v, lanes), factor, total)
                        for (p, v), factor, total in zip(cells, factors, sums, strict=True)
                    )

                return s.loop(columns, tap, *sums)

            start = [s.load(bias + offset + v * s.vector_bytes, lanes) for v in range(vectors)] * count
            for (p, v), total in zip(cells, s.loop(rows, row, *start), strict=True):
                s.store(s.min(s.max(total, floor), ceiling), y + p * pixel_bytes + offset + v, lanes)

        s.blocks(channels, _VECTORS, block)

    s.switch(pixels, [partial(some, count) for count in range(1, _PIXELS + 1)], first=1)


@micro("depthwise_run_f32", Int, Int, Pointer, Int, Int, Pointer, Pointer, Int, Int, Pointer, Float, Float)
def depthwise_run_f32(
    s: Simd,
    pixels: Value,
    form: Value,
    x: Value,
    rows: Value,
    row_bytes: Value,
    weights: Value,
    y: Value,
    pixel_bytes: Value,
    channels: Value,
    bias: Value,
    low: Value,
    high: Value,
) -> None:
    """_LEAST to _MOST neighboring pixels of a row, a vector of channels or more, `rows` filter rows inside the image.

    x: the first column, even if outside. form: 4 x index in _FORMS + index in _BORDERS.
    """
    floor, ceiling = s.splat(low), s.splat(high)

    def run(width: int, stride: int, left: bool, right: bool, count: int) -> None:
        reach = (count - 1) * stride + width
        inside = range(width // 2 if left else 0, reach - width // 2 if right else reach)

        def block(i: Value) -> None:
            offset = 4 * i

            def row(p: Value, *sums: Value) -> tuple[Value, ...]:
                filter_row = weights + p * (pixel_bytes * width) + offset
                image_row = x + p * row_bytes + offset
                factors = [s.load(filter_row + pixel_bytes * q) for q in range(width)]
                totals = list(sums)
                for column in inside:
                    value = s.load(image_row + pixel_bytes * column)
                    for pixel in range(count):
                        if 0 <= (q := column - pixel * stride) < width:
                            totals[pixel] = s.fma(value, factors[q], totals[pixel])
                return tuple(totals)

            sums = s.loop(rows, row, *[s.load(bias + offset)] * count)
            for pixel, total in enumerate(sums):
                s.store(s.min(s.max(total, floor), ceiling), y + pixel_bytes * pixel + offset)

        s.cover(channels, block)

    def runs(width: int, stride: int, left: bool, right: bool) -> None:
        lengths = range(_LEAST, _MOST + 1)
        s.switch(pixels, [partial(run, width, stride, left, right, count) for count in lengths], first=_LEAST)

    s.switch(form, [partial(runs, *form, *border) for form in _FORMS for border in _BORDERS])


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
    y: Pointer,
    geometry: Pointer,
    row_block: Int,
    channel_block: Int,
    function: Int,
    alpha: Float,
    beta: Float,
    low: Float,
    high: Float,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """y = function(clamp(conv(x, w) + bias, low, high)), channel by channel; function, alpha, beta: see matmul_f32.

    Units: blocks of row_block rows of output over all images.
    """
    at = windows_at(geometry)
    channels = at.in_channels
    pixel_bytes = channels * 4
    row_bytes = at.dilation_height * at.in_width * pixel_bytes
    weight_row_bytes = at.kernel_width * pixel_bytes
    inner, outer = whole_windows(at)
    form = _form(at.kernel_width, at.stride_width, at.dilation_width)
    half = at.kernel_width // 2
    blocks = (channels + channel_block - 1) // channel_block
    for part in range(begin * blocks, end * blocks):
        first_channel = part % blocks * channel_block
        count = min(channel_block, channels - first_channel)
        least = _LEAST if form >= 0 and count >= LANES() else at.out_width + 1
        first_row = part // blocks * row_block
        for row in range(first_row, min(first_row + row_block, at.images * at.out_height)):
            image = row // at.out_height
            row_start = (row - image * at.out_height) * at.stride_height - at.top
            first_p, last_p = taps_inside(row_start, at.dilation_height, at.kernel_height, at.in_height)
            source_row = (image * at.in_height + row_start + first_p * at.dilation_height) * at.in_width
            source = x + source_row * pixel_bytes + first_channel * 4
            weights = w + first_p * weight_row_bytes + first_channel * 4
            target = y + row * at.out_width * pixel_bytes + first_channel * 4
            rows = last_p - first_p
            j = 0
            while j < at.out_width:
                column = j * at.stride_width - at.left
                if at.out_width - j >= least:
                    runs = (at.out_width - j + _MOST - 1) // _MOST
                    pixels = (at.out_width - j + runs - 1) // runs
                    before = max(-column, 0)
                    after = max(column + (pixels - 1) * at.stride_width + at.kernel_width - at.in_width, 0)
                    if (before == 0 or before == half) and (after == 0 or after == half):
                        depthwise_run_f32(
                            pixels,
                            form * 4 + (before > 0) * 2 + (after > 0),
                            source + column * pixel_bytes,
                            rows,
                            row_bytes,
                            weights,
                            target + j * pixel_bytes,
                            pixel_bytes,
                            count,
                            bias + first_channel * 4,
                            low,
                            high,
                        )
                        j += pixels
                        continue
                pixels = min(outer - j, _PIXELS) if inner <= j < outer else 1
                first_q, last_q = taps_inside(column, at.dilation_width, at.kernel_width, at.in_width)
                depthwise_pixels_f32(
                    source + (column + first_q * at.dilation_width) * pixel_bytes,
                    pixels,
                    at.stride_width * pixel_bytes,
                    rows,
                    row_bytes,
                    last_q - first_q,
                    at.dilation_width * pixel_bytes,
                    weights + first_q * pixel_bytes,
                    weight_row_bytes,
                    target + j * pixel_bytes,
                    pixel_bytes,
                    count,
                    bias + first_channel * 4,
                    low,
                    high,
                )
                j += pixels
            activate_rows(target, at.out_width, pixel_bytes, count, function, alpha, beta)


@routine
def taps_inside(start: int, dilation: int, taps: int, extent: int) -> tuple[int, int]:
    """The taps [first, last) with 0 <= start + tap * dilation < extent; first == last where there are none."""
    first = min((max(-start, 0) + dilation - 1) // dilation, taps)
    last = (extent - start + dilation - 1) // dilation
    return first, max(min(last, taps), first)
