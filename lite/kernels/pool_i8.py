"""2-D pooling of int8 codes, NHWC, vectors along the channels; windows are cut at the image's border as in pool.py.

The largest codes are found four times as many at once as fit widened, and sums are taken of twice as many, in int16, of
windows where that suffices. The last vector reaches back over channels that are done, where there is a whole one.
"""
from __future__ import annotations

from collections.abc import Callable
from functools import partial, reduce

from lite.kernels.codes8 import Codes
from lite.kernels.declare import Float32, Int, Pointer, f32, kernel
from lite.kernels.simd import Combine, Simd, micro
from lite.kernels.value import Value
from lite.kernels.windows import whole_windows, windows_at

_UNROLLED = (2, 3)  # square windows, as in pool.py
_SUMMED = 255  # pixels whose codes an int16 can sum


@micro("pool_windows_i8", Int, Pointer, Pointer, Int, Int, Int, Int, Int, Int, Int, Float32, Pointer)
def pool_windows_i8(
    s: Simd,
    largest: Value,
    x: Value,
    y: Value,
    windows: Value,
    step_bytes: Value,
    rows: Value,
    columns: Value,
    row_bytes: Value,
    channels: Value,
    form: Value,
    factor: Value,
    ends: Value,
) -> None:
    """y[windows, channels] = the largest codes of rows x columns pixels, or codes of (sum - zero * pixels) * factor.

    step_bytes, form: see pool_windows_f32. ends: zero points of x and y, int32; low, high, float32.
    """
    c = Codes(s)
    width = 4 * s.lanes

    def larger(a: Value, b: Value) -> Value:
        return s.select(a > b, a, b)

    def taps(corner: Value, side: int, load: Callable[[Value], Value], combine: Combine, start: Value) -> Value:
        """Of the pixels of a window whose first one is here."""
        if side:
            places = [corner + row_bytes * p + channels * q for p in range(side) for q in range(side)]
            return reduce(combine, map(load, places))

        def row(p: Value, total: Value) -> tuple[Value, ...]:
            first = corner + p * row_bytes
            return s.loop(columns, lambda q, now: (combine(now, load(first + q * channels)),), total)

        return s.loop(rows, row, start)[0]

    def most(side: int) -> None:
        def window(k: Value) -> None:
            corner, target = x + k * step_bytes, y + k * channels

            def whole(i: Value) -> None:
                first = s.select(i + width > channels, channels - width, i)
                c.store_bytes(taps(corner + first, side, c.load_bytes, larger, c.least_bytes()), target + first)

            def part(i: Value, lanes: Value | None) -> None:
                c.store(taps(corner + i, side, c.load, larger, c.number(-128)), target + i, lanes)

            s.either(channels >= width, lambda: s.loop(channels, whole, step=width), lambda: s.span(channels, part))

        s.loop(windows, window)

    def mean(side: int) -> None:
        start = c.number(0) - c.word(ends) * c.splat(rows * columns)
        zero, scale = c.word(ends + 4), s.splat(factor)
        low, high = s.broadcast(ends + 8), s.broadcast(ends + 12)

        def finish(total: Value, target: Value, lanes: Value | None) -> None:
            real = s.min(s.max(s.to_float(total) * scale, low), high)
            c.store(c.rounded(real) + zero, target, lanes)

        def window(short: bool, k: Value) -> None:
            corner, target = x + k * step_bytes, y + k * channels

            def twice(i: Value) -> None:
                first = s.select(i + 2 * s.lanes > channels, channels - 2 * s.lanes, i)
                total = taps(corner + first, side, c.short_codes, Value.__add__, c.short_number(0))
                for half, words in enumerate(c.words_of(total)):
                    finish(words + start, target + first + half * s.lanes, None)

            def part(i: Value, lanes: Value | None) -> None:
                finish(taps(corner + i, 0, c.load, Value.__add__, start), target + i, lanes)

            if short:
                s.loop(channels, twice, step=2 * s.lanes)
            else:
                s.span(channels, part)

        able = (channels >= 2 * s.lanes) & (rows * columns <= _SUMMED)
        s.either(able, lambda: s.loop(windows, partial(window, True)), lambda: s.loop(windows, partial(window, False)))

    def sides(way: Callable[[int], None]) -> None:
        s.switch(form, [partial(way, side) for side in (0, *_UNROLLED)])

    s.either(largest.equals(0), partial(sides, mean), partial(sides, most))


@kernel
def pool2d_i8(
    x: Pointer,
    y: Pointer,
    largest: Int,
    factors: Pointer,
    ends: Pointer,
    geometry: Pointer,
    row_block: Int,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """y = the largest codes of windows, or codes of their means. factors: float32, of a window of 0, 1, 2, ... pixels.

    ends: see pool_windows_i8. Units: blocks of row_block rows of output over all images.
    """
    at = windows_at(geometry)
    channels = at.in_channels
    inner, outer = whole_windows(at)
    for row in range(begin * row_block, min(end * row_block, at.images * at.out_height)):
        image = row // at.out_height
        row_start = (row - image * at.out_height) * at.stride_height - at.top
        first_p, last_p = max(row_start, 0), min(row_start + at.kernel_height, at.in_height)
        j = 0
        while j < at.out_width:
            windows = outer - inner if j == inner and inner < outer else 1
            column_start = j * at.stride_width - at.left
            first_q, last_q = max(column_start, 0), min(column_start + at.kernel_width, at.in_width)
            rows, columns = last_p - first_p, last_q - first_q
            pool_windows_i8(
                largest,
                x + ((image * at.in_height + first_p) * at.in_width + first_q) * channels,
                y + (row * at.out_width + j) * channels,
                windows,
                at.stride_width * channels,
                rows,
                columns,
                at.in_width * channels,
                channels,
                rows - 1 if rows == columns and 2 <= rows <= 3 else 0,
                f32(factors)[rows * columns],
                ends,
            )
            j += windows
