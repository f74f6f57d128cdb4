"""2-D pooling, fp32, NHWC: the largest or the mean element of each window, vectors along the channels.

Windows are cut at the image's border, so padding takes no part; those of a row between the left and right border are
one call, which walks the channels four vectors at a time and for each of these the windows, held in registers. Windows
of 2 x 2 and 3 x 3 are unrolled. A NaN in a window is its maximum.
"""
from __future__ import annotations

from functools import partial, reduce

from lite.kernels.codes import POOL
from lite.kernels.declare import Float, Int, Pointer, kernel
from lite.kernels.simd import Simd, micro
from lite.kernels.value import Value
from lite.kernels.windows import whole_windows, windows_at

_VECTORS = 4
_UNROLLED = (2, 3)  # square windows


def combine_all(s: Simd, largest: bool, elements: tuple[Value, ...]) -> Value:
    """The largest element, NaN where there is one, or the sum; NaN is looked for in pairs, beside the maximum."""
    if not largest:
        return reduce(Value.__add__, elements)
    found = [a.is_nan(b) for a, b in zip(elements[::2], [*elements[1::2], elements[-1]], strict=False)]
    return s.select(reduce(Value.__or__, found), s.splat(float("nan")), reduce(s.max, elements))


@micro("pool_windows_f32", Int, Pointer, Pointer, Int, Int, Int, Int, Int, Int, Int, Int, Float, Float)
def pool_windows_f32(
    s: Simd,
    mode: Value,
    x: Value,
    y: Value,
    windows: Value,
    step_bytes: Value,
    rows: Value,
    columns: Value,
    row_bytes: Value,
    pixel_bytes: Value,
    form: Value,
    channels: Value,
    low: Value,
    high: Value,
) -> None:
    """y[windows, channels] = clamp(max or mean of x over rows x columns pixels, low, high); mode: index in codes.POOL.

    step_bytes: from window to window in x. form: 1 + index in _UNROLLED of the window's height and width, or 0.
    """
    floor, ceiling = s.splat(low), s.splat(high)
    share = 1.0 / s.to_float(rows * columns)

    def pool(largest: bool, side: int) -> None:
        combine = s.max_nan if largest else Value.__add__

        def block(i: Value, vectors: int, lanes: Value | None) -> None:
            def taken(here: Value) -> list[Value]:
                return [s.load(here + v * s.vector_bytes, lanes) for v in range(vectors)]

            def window(k: Value) -> None:
                corner = x + k * step_bytes + 4 * i
                if side:
                    places = [taken(corner + row_bytes * p + pixel_bytes * q) for p in range(side) for q in range(side)]
                    totals = tuple(combine_all(s, largest, elements) for elements in zip(*places, strict=True))
                else:

                    def row(p: Value, *totals: Value) -> tuple[Value, ...]:
                        first = corner + p * row_bytes
                        return s.loop(columns, lambda q, *now: more(first + q * pixel_bytes, *now), *totals)

                    def more(here: Value, *totals: Value) -> tuple[Value, ...]:
                        return tuple(combine(total, new) for total, new in zip(totals, taken(here), strict=True))

                    totals = s.loop(rows, row, *[s.splat(float("-inf") if largest else 0.0)] * vectors)
                for v, total in enumerate(totals):
                    result = total if largest else total * share
                    cell = y + k * pixel_bytes + 4 * i + v * s.vector_bytes
                    s.store(s.min(s.max(result, floor), ceiling), cell, lanes)

            s.loop(windows, window)

        s.blocks(channels, _VECTORS, block)

    def sides(largest: bool) -> None:
        s.switch(form, [partial(pool, largest, side) for side in (0, *_UNROLLED)])

    s.switch(mode, [partial(sides, name == "max") for name in POOL])


@kernel
def pool2d_f32(
    x: Pointer,
    y: Pointer,
    mode: Int,
    geometry: Pointer,
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
    at = windows_at(geometry)
    channels = at.in_channels
    pixel_bytes = channels * 4
    channel_blocks = (channels + channel_block - 1) // channel_block
    inner, outer = whole_windows(at)
    for unit in range(begin, end):
        first_channel = unit % channel_blocks * channel_block
        count = min(channel_block, channels - first_channel)
        first_row = unit // channel_blocks * row_block
        for row in range(first_row, min(first_row + row_block, at.images * at.out_height)):
            image = row // at.out_height
            row_start = (row - image * at.out_height) * at.stride_height - at.top
            first_p, last_p = max(row_start, 0), min(row_start + at.kernel_height, at.in_height)
            j = 0
            while j < at.out_width:
                windows = outer - inner if j == inner and inner < outer else 1
                column_start = j * at.stride_width - at.left
                first_q, last_q = max(column_start, 0), min(column_start + at.kernel_width, at.in_width)
                pixel = (image * at.in_height + first_p) * at.in_width + first_q
                rows, columns = last_p - first_p, last_q - first_q
                pool_windows_f32(
                    mode,
                    x + pixel * pixel_bytes + first_channel * 4,
                    y + (row * at.out_width + j) * pixel_bytes + first_channel * 4,
                    windows,
                    at.stride_width * pixel_bytes,
                    rows,
                    columns,
                    at.in_width * pixel_bytes,
                    pixel_bytes,
                    rows - 1 if rows == columns and 2 <= rows <= 3 else 0,
                    count,
                    low,
                    high,
                )
                j += windows
