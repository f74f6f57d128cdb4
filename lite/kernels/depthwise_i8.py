"""Depthwise convolution of int8 codes, NHWC: each channel with its own filter, 4 x lanes channels at a time.

The pixels under one column of the filter are interleaved, four rows to a 32-bit lane, by unpacking bytes and then words
within 128 bits; so one dot product (codes8.py) does a column of up to four taps, and a column that several output
pixels need is interleaved once. That leaves the channels of each 128 bits in quarters; packing the sums to bytes
undoes it.
Pixels are given by address, those in the padding as zero points: runs of up to 4 output pixels for filters of 3 x 3 and
5 x 5 with stride 1 or 2, one at a time for all others. Where the channels are a half, a quarter ... of a block, it has
several neighbors of a row at once, whose filters' pixels are neighbors too.
"""
from __future__ import annotations

from functools import partial

from lite.kernels.codes8 import Codes
from lite.kernels.declare import Int, Pointer, constant, i64, kernel, u8
from lite.kernels.requantize import Requantize
from lite.kernels.simd import Simd, micro
from lite.kernels.value import Value
from lite.kernels.windows import whole_windows, windows_at

_FORMS = ((3, 1), (3, 2), (5, 1), (5, 2))  # side of the filter, stride
_MOST = 4  # pixels of a run
_QUAD = 4  # rows of a column that one dot product takes

CHANNEL_BLOCK = constant("int8_channels", lambda target: 4 * target.lanes)


@micro("depthwise_run_i8", Int, Int, Pointer, Int, Int, Int, Pointer, Pointer, Pointer, Pointer, Pointer, Int)
def depthwise_run_i8(
    s: Simd,
    form: Value,
    pixels: Value,
    table: Value,
    offset: Value,
    columns: Value,
    quads: Value,
    weights: Value,
    bias: Value,
    scale: Value,
    ends: Value,
    y: Value,
    y_stride: Value,
) -> None:
    """y[pixel, 4 x lanes channels] from the pixels `offset` bytes from the table's addresses, [column][row].

    form: index in _FORMS of a run's filter and stride, where the table has a row for each of the filter's; else, for
    one pixel, len(_FORMS): then it has 4 x quads rows. weights: [column][quad][4][lanes][4 rows]; bias int32, scale
    float32 [4][lanes]; ends: see requantize.py.
    """
    c = Codes(s)
    ending = Requantize(c, ends)

    def column(rows: list[Value]) -> list[list[Value]]:
        """Four rows of one column, interleaved: operands of `dot` for each quarter of the channels."""
        a, b, d, e = (c.bytes_at(row + offset) for row in rows)
        first, second = c.unpack(a, b, 1), c.unpack(d, e, 1)
        return [c.factors(x) for low, high in zip(first, second, strict=True) for x in c.unpack(low, high, 2)]

    def add(totals: list[Value], x: list[list[Value]], w: Value) -> list[Value]:
        new: list[Value] = []
        for j in range(_QUAD):
            own = totals[j * c.parts : (j + 1) * c.parts]
            new += c.dot_each(own, x[j], c.weights(w + j * s.vector_bytes))
        return new

    def finish(totals: list[Value], target: Value) -> None:
        reals = []
        for j in range(_QUAD):
            total = c.total(totals[j * c.parts : (j + 1) * c.parts], first[j])
            reals.append(s.to_float(total) * s.load(scale + j * s.vector_bytes))
        c.store_bytes(ending.codes(reals), target)

    first = [c.load_words(bias + j * s.vector_bytes) for j in range(_QUAD)]
    start = [part for words in first for part in c.begin(words)]

    def run(side: int, stride: int, count: int) -> None:
        totals = [list(start) for _ in range(count)]
        step = _QUAD * s.vector_bytes
        groups = -(-side // _QUAD)
        for place in range((count - 1) * stride + side):
            address = [s.load_int(table + 8 * (place * side + row)) for row in range(side)]
            users = [(p, place - p * stride) for p in range(count) if 0 <= place - p * stride < side]
            for group in range(groups):
                rows = [address[min(group * _QUAD + row, side - 1)] for row in range(_QUAD)]
                x = column(rows)
                for p, q in users:
                    totals[p] = add(totals[p], x, weights + (q * groups + group) * step)
        for p in range(count):
            finish(totals[p], y + y_stride * p)

    def one() -> None:
        def place(i: Value, *totals: Value) -> tuple[Value, ...]:
            rows = [s.load_int(table + (i * _QUAD + row) * 8) for row in range(_QUAD)]
            return tuple(add(list(totals), column(rows), weights + i * (_QUAD * s.vector_bytes)))

        finish(list(s.loop(columns * quads, place, *start)), y)

    def runs(side: int, stride: int) -> None:
        s.switch(pixels, [partial(run, side, stride, count) for count in range(1, _MOST + 1)], first=1)

    s.switch(form, [*(partial(runs, *row) for row in _FORMS), one])


@kernel
def depthwise_i8(
    x: Pointer,
    w: Pointer,
    bias: Pointer,
    scale: Pointer,
    ends: Pointer,
    zeros: Pointer,
    starts: Pointer,
    y: Pointer,
    geometry: Pointer,
    blocks: Int,
    fold: Int,
    row_block: Int,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """y = codes of conv(x, w) + bias, channel by channel. zeros: `channels` zero points.

    starts: int64, the first channel of each of `blocks` blocks; they may overlap. w, bias, scale: of the blocks, see
    depthwise_run_i8; channels beyond the last are computed and not written.
    fold: how often w, bias and scale have the channels side by side, 1 unless all are in one block: a block is then
    `fold` neighboring pixels, where all columns of their filters are inside the image.
    Units: blocks of row_block rows of output over all images. Scratch: a table of addresses and 4 pixels of a block.
    """
    at = windows_at(geometry)
    channels = at.in_channels
    width = CHANNEL_BLOCK()
    quads = (at.kernel_height + 3) // 4
    square = at.kernel_height == at.kernel_width and at.dilation_height == at.dilation_width == 1
    side = at.kernel_height if square else 0
    step = at.stride_width * fold  # columns from one block of neighbors to the next
    form = 4
    if (side == 3 or side == 5) and step <= 2:
        form = (side - 3) + step - 1
    rows = side if form < 4 else 4 * quads
    weight_bytes = at.kernel_width * quads * 4 * width
    whole = channels >= width
    _, last_inside = whole_windows(at)
    buffer = scratch
    table = scratch + 4 * width
    for row in range(begin * row_block, min(end * row_block, at.images * at.out_height)):
        image = row // at.out_height
        first_p = (row - image * at.out_height) * at.stride_height - at.top
        source = x + image * at.in_height * at.in_width * channels
        j = 0
        while j < at.out_width:
            folded = fold > 1 and j >= at.left and j + fold <= last_inside
            pixels = 1
            if form < 4 and (folded or fold == 1):
                left_over = (last_inside - j) // fold if folded else at.out_width - j
                runs = (left_over + 3) // 4
                pixels = (left_over + runs - 1) // runs
            entry = table
            for q in range((pixels - 1) * step + at.kernel_width):
                column = j * at.stride_width - at.left + q * at.dilation_width
                inside = 0 <= column < at.in_width
                for p in range(rows):
                    r = first_p + p * at.dilation_height
                    here = inside and 0 <= r < at.in_height and p < at.kernel_height
                    i64(entry)[0] = source + (r * at.in_width + column) * channels if here else zeros
                    entry += 8
            target = y + (row * at.out_width + j) * channels
            for block in range(blocks):
                start = i64(starts)[block]
                depthwise_run_i8(
                    form,
                    pixels,
                    table,
                    start,
                    at.kernel_width,
                    quads,
                    w + block * weight_bytes,
                    bias + block * width * 4,
                    scale + block * width * 4,
                    ends,
                    target + start if whole or folded else buffer,
                    channels * fold if whole or folded else width,
                )
            if folded:
                j += pixels * fold
                continue
            if not whole:
                for pixel in range(pixels):
                    for i in range(channels):
                        u8(target)[pixel * channels + i] = u8(buffer)[pixel * width + i]
            j += pixels
