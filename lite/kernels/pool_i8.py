"""2-D pooling of int8 codes, NHWC, vectors along the channels; windows are cut at the image's border as in pool.py."""
from __future__ import annotations

from lite.kernels.codes8 import Codes
from lite.kernels.declare import Float32, Int, Pointer, f32, kernel
from lite.kernels.simd import Simd, Value, micro


@micro("pool_window_i8", Int, Pointer, Pointer, Int, Int, Int, Int, Int, Float32, Pointer)
def pool_window_i8(
    s: Simd,
    largest: Value,
    x: Value,
    y: Value,
    rows: Value,
    columns: Value,
    row_bytes: Value,
    pixel_bytes: Value,
    channels: Value,
    factor: Value,
    ends: Value,
) -> None:
    """y[channels] = the largest code of rows x columns pixels, or codes of (sum - zero * pixels) * factor.

    ends: zero points of x and y, int32; low, high, float32.
    """
    c = Codes(s)

    def window(i: Value, start: Value, maximum: bool) -> Value:
        def row(p: Value, total: Value) -> tuple[Value, ...]:
            def pixel(q: Value, total: Value) -> tuple[Value, ...]:
                code = c.load(x + p * row_bytes + q * pixel_bytes + i)
                return (s.select(code > total, code, total) if maximum else total + code,)

            return s.loop(columns, pixel, total)

        return s.loop(rows, row, start)[0]

    def most() -> None:
        s.span(channels, lambda i, lanes: c.store(window(i, c.number(-128), True), y + i, lanes))

    def mean() -> None:
        start = c.number(0) - c.word(ends) * c.splat(rows * columns)
        zero, scale = c.word(ends + 4), s.splat(factor)
        low, high = s.broadcast(ends + 8), s.broadcast(ends + 12)

        def body(i: Value, lanes: Value | None) -> None:
            real = s.to_float(window(i, start, False)) * scale
            c.store(c.rounded(s.min(s.max(real, low), high)) + zero, y + i, lanes)

        s.span(channels, body)

    s.either(largest.equals(0), mean, most)


@kernel
def pool2d_i8(
    x: Pointer,
    y: Pointer,
    largest: Int,
    factors: Pointer,
    ends: Pointer,
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
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """y = the largest codes of windows, or codes of their means. factors: float32, of a window of 0, 1, 2, ... pixels.

    ends: see pool_window_i8. Units: blocks of row_block rows of output over all images.
    """
    for row in range(begin * row_block, min(end * row_block, images * out_height)):
        image = row // out_height
        row_start = (row - image * out_height) * stride_height - top
        first_p, last_p = max(row_start, 0), min(row_start + kernel_height, in_height)
        for j in range(out_width):
            column_start = j * stride_width - left
            first_q, last_q = max(column_start, 0), min(column_start + kernel_width, in_width)
            pixels = (last_p - first_p) * (last_q - first_q)
            pool_window_i8(
                largest,
                x + ((image * in_height + first_p) * in_width + first_q) * channels,
                y + (row * out_width + j) * channels,
                last_p - first_p,
                last_q - first_q,
                in_width * channels,
                channels,
                channels,
                f32(factors)[pixels],
                ends,
            )
