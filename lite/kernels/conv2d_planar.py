"""Convolution of thin images to few channels, fp32, NHWC: vectors along the pixels of a row, weights broadcast.

Vectors along few channels would be half empty. Here the rows of input under a block of output rows are copied to
scratch as planes [channel][column of a stride][row][pixel] with zeros for the padding, so that what neighboring
output pixels need of one tap is a vector, and where it is relative to the first pixel is a table for all of them. A
tile is two vectors of pixels of all channels. To be stored the channels are interleaved. A row's last pixels may be
fewer than a vector: what is written too much is overwritten by the row that follows. Only where that would reach beyond
the block of rows do pixels go through scratch.
"""
from __future__ import annotations

from functools import partial

from lite.kernels.declare import Float, Int, Pointer, kernel, routine
from lite.kernels.elementwise import activate_rows
from lite.kernels.move import LANES, copy_elements, copy_words, zero_words
from lite.kernels.simd import Simd, micro
from lite.kernels.value import Value
from lite.kernels.windows import windows_at

_MOST = 8  # channels


@micro(
    "planar_tile_f32", Int, Pointer, Pointer, Pointer, Int, Pointer, Pointer, Pointer, Pointer, Float, Float
)
def planar_tile_f32(
    s: Simd,
    channels: Value,
    first: Value,
    second: Value,
    offsets: Value,
    taps: Value,
    weights: Value,
    bias: Value,
    y_first: Value,
    y_second: Value,
    low: Value,
    high: Value,
) -> None:
    """y[lanes pixels, channels] = clamp(bias + sum over t of x at offsets[t] * weights[t, channels], low, high), twice.

    first, second: addresses in x, each of a vector of pixels. channels: 1 to _MOST.
    """
    floor, ceiling = s.splat(low), s.splat(high)

    def tile(count: int) -> None:
        def tap(t: Value, *sums: Value) -> tuple[Value, ...]:
            offset = s.load_int(offsets + 8 * t)
            pixels = [s.load(x + offset) for x in (first, second)]
            new: dict[int, Value] = {}
            for c in range(count):  # one factor at a time: there are few registers
                factor = s.broadcast(weights + t * (4 * count) + 4 * c)
                for i, pixel in zip((c, count + c), pixels, strict=True):
                    new[i] = s.fma(pixel, factor, sums[i])
            return tuple(new[i] for i in range(2 * count))

        start = [s.broadcast(bias + 4 * c) for c in range(count)]
        sums = [s.min(s.max(total, floor), ceiling) for total in s.loop(taps, tap, *start * 2)]
        for y, planes in ((y_first, sums[:count]), (y_second, sums[count:])):
            for number, pixels in enumerate(s.interleave(planes)):
                s.store(pixels, y + number * s.vector_bytes)

    s.switch(channels, [partial(tile, count) for count in range(1, _MOST + 1)], first=1)


@kernel
def conv2d_planar_f32(
    x: Pointer,
    w: Pointer,
    bias: Pointer,
    offsets: Pointer,
    y: Pointer,
    geometry: Pointer,
    taps: Int,
    plane_width: Int,
    row_block: Int,
    parts: Int,
    function: Int,
    alpha: Float,
    beta: Float,
    low: Float,
    high: Float,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """y = function(clamp(conv(x, w) + bias, low, high)), one group, no dilation; function, alpha, beta: see matmul_f32.

    w: [tap][out channel]. offsets: int64, bytes from the first plane's pixel under an output pixel to that of each tap,
    where a plane has (row_block - 1) * stride_height + kernel_height rows of plane_width pixels.
    Units: `parts` parts each, of images x blocks of row_block rows of output.
    Scratch: in_channels * stride_width planes, then two vectors of pixels.
    """
    at = windows_at(geometry)
    blocks = (at.out_height + row_block - 1) // row_block
    row_bytes = plane_width * 4
    plane_bytes = ((row_block - 1) * at.stride_height + at.kernel_height) * row_bytes
    vector_bytes = LANES() * at.out_channels * 4
    across = (at.out_width + LANES() - 1) // LANES()
    tile = scratch + at.in_channels * at.stride_width * plane_bytes
    for part in range(begin * parts, min(end * parts, at.images * blocks)):
        image = part // blocks
        first_row = (part - image * blocks) * row_block
        rows = min(row_block, at.out_height - first_row)
        copy_planes(
            x + image * at.in_height * at.in_width * at.in_channels * 4,
            scratch,
            first_row * at.stride_height - at.top,
            (rows - 1) * at.stride_height + at.kernel_height,
            at.in_height,
            at.in_width,
            at.in_channels,
            at.stride_width,
            at.left,
            row_bytes,
            plane_bytes,
        )
        block = y + (image * at.out_height + first_row) * at.out_width * at.out_channels * 4
        last = block + (rows * at.out_width - LANES()) * at.out_channels * 4
        for vector in range(0, rows * across, 2):
            partner = min(vector + 1, rows * across - 1)
            i, k = vector // across, partner // across
            column, partner_column = (vector - i * across) * LANES(), (partner - k * across) * LANES()
            place = block + (i * at.out_width + column) * at.out_channels * 4
            partner_place = block + (k * at.out_width + partner_column) * at.out_channels * 4
            planar_tile_f32(
                at.out_channels,
                scratch + i * at.stride_height * row_bytes + column * 4,
                scratch + k * at.stride_height * row_bytes + partner_column * 4,
                offsets,
                taps,
                w,
                bias,
                place if place <= last else tile,
                partner_place if partner_place <= last else tile + vector_bytes,
                low,
                high,
            )
            if place > last:
                copy_words(tile, place, min(LANES(), at.out_width - column) * at.out_channels)
            if partner_place > last:
                inside = min(LANES(), at.out_width - partner_column)
                copy_words(tile + vector_bytes, partner_place, inside * at.out_channels)
        activate_rows(block, 1, 0, rows * at.out_width * at.out_channels, function, alpha, beta)


@routine
def copy_planes(
    x: int,
    planes: int,
    first: int,
    rows: int,
    in_height: int,
    in_width: int,
    channels: int,
    stride: int,
    left: int,
    row_bytes: int,
    plane_bytes: int,
) -> None:
    """Rows [first, first + rows) of an image as planes [channel][phase], zeros outside the image.

    Pixel k of a plane's row is pixel k * stride + phase - left of the image's.
    """
    width = row_bytes // 4
    for phase in range(stride):
        begin = min((max(left - phase, 0) + stride - 1) // stride, width)
        end = max(min((in_width + left - phase + stride - 1) // stride, width), begin)
        column = begin * stride + phase - left
        for channel in range(channels):
            plane = planes + (channel * stride + phase) * plane_bytes
            for row in range(first, first + rows):
                if 0 <= row < in_height:
                    zero_words(plane, begin)
                    source = x + ((row * in_width + column) * channels + channel) * 4
                    if stride * channels == 1:
                        copy_words(source, plane + begin * 4, end - begin)
                    else:
                        copy_elements(source, stride * channels * 4, plane + begin * 4, 4, end - begin, 4)
                    zero_words(plane + end * 4, width - end)
                else:
                    zero_words(plane, width)
                plane += row_bytes
