"""Transposed convolution, fp32, NHWC: the second of two steps.

First a matrix product gives every input pixel's filter, scaled: [group][pixel][tap][output]. Then each output pixel
sums the taps that fall on it, in the order of the filter, so units of output rows never write the same element.
"""
from __future__ import annotations

from lite.kernels.declare import Float, Int, Pointer, i64, kernel
from lite.kernels.simd import Simd, micro
from lite.kernels.value import Value

_VECTORS = 4


@micro("sum_rows_f32", Pointer, Int, Pointer, Pointer, Int, Float, Float)
def sum_rows_f32(
    s: Simd, table: Value, rows: Value, bias: Value, y: Value, n: Value, low: Value, high: Value
) -> None:
    """y[n] = clamp(bias + sum of the rows whose addresses the table holds, low, high)."""
    floor, ceiling = s.splat(low), s.splat(high)

    def block(i: Value, vectors: int, lanes: Value | None) -> None:
        places = [4 * i + v * s.vector_bytes for v in range(vectors)]

        def row(r: Value, *totals: Value) -> tuple[Value, ...]:
            source = s.load_int(table + r * 8)
            return tuple(total + s.load(source + place, lanes) for total, place in zip(totals, places, strict=True))

        totals = s.loop(rows, row, *[s.load(bias + place, lanes) for place in places])
        for total, place in zip(totals, places, strict=True):
            s.store(s.min(s.max(total, floor), ceiling), y + place, lanes)

    s.blocks(n, _VECTORS, block)


@kernel
def conv2d_transpose_f32(
    taps: Pointer,
    bias: Pointer,
    y: Pointer,
    images: Int,
    in_height: Int,
    in_width: Int,
    out_height: Int,
    out_width: Int,
    group: Int,
    outputs: Int,
    kernel_height: Int,
    kernel_width: Int,
    stride_height: Int,
    stride_width: Int,
    dilation_height: Int,
    dilation_width: Int,
    top: Int,
    left: Int,
    row_block: Int,
    low: Float,
    high: Float,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """y = clamp(sum of taps + bias, low, high); outputs: of one group.

    Units: blocks of row_block rows of output over all images. Scratch: 8 bytes a tap.
    """
    tap_bytes = outputs * 4
    pixel_bytes = kernel_height * kernel_width * tap_bytes
    group_bytes = images * in_height * in_width * pixel_bytes
    for row in range(begin * row_block, min(end * row_block, images * out_height)):
        image = row // out_height
        i = row - image * out_height + top
        for j in range(left, left + out_width):
            target = y + (row * out_width + j - left) * group * tap_bytes
            for g in range(group):
                count = 0
                for p in range(kernel_height):
                    above = i - p * dilation_height
                    in_row = above // stride_height
                    if above < 0 or in_row >= in_height or in_row * stride_height != above:
                        continue
                    for q in range(kernel_width):
                        before = j - q * dilation_width
                        in_column = before // stride_width
                        if before < 0 or in_column >= in_width or in_column * stride_width != before:
                            continue
                        pixel = (image * in_height + in_row) * in_width + in_column
                        tap = taps + g * group_bytes + pixel * pixel_bytes + (p * kernel_width + q) * tap_bytes
                        i64(scratch)[count] = tap
                        count += 1
                sum_rows_f32(scratch, count, bias + g * tap_bytes, target + g * tap_bytes, outputs, low, high)
