"""Winograd convolution of int8 codes, NHWC, exact: 3 x 3 filters, stride 1, no dilation, one group.

Tiles of 4 x 4 output pixels take 36 products of int16 where the direct way takes 144 of int8, half as fast: F(4) at
the points 0, 1, -1, 2, -1/2 and infinity. These are chosen for what their transforms cost in range and are multiples of
2, 15 and 1 alone, so that nothing is ever rounded:

    input      v = B^T d B in int16: |v| <= 14 * 14 * 128
    weights    w = G g G^T in int16: |w| <= 15 * 15 * 128, since G is 30 times what it would be in fractions
    product    sums over the channels, int32 modulo 2^32; so is the output, A^T m A, which is 900 times the convolution
    output     times the inverse of 225, modulo 2^32, gives 4 times the convolution; this is less than 2^31 in size
               (the delegate sees to that), so that it is no longer modulo anything, and is divided by 4

The rest is as in winograd.py: a part transforms a block of tiles, [frequency][tile][channel], then a pair of panels of
weights after the other passes over it.
"""
from __future__ import annotations

from lite.kernels.codes8 import Codes
from lite.kernels.declare import Int, Pointer, kernel
from lite.kernels.gemm_i8 import INT8_PANELS, INT8_ROWS
from lite.kernels.gemm_i16 import gemm_tile_i16
from lite.kernels.move import LANES, copy_bytes, zero_words
from lite.kernels.panels import pack_panel
from lite.kernels.requantize import Requantize
from lite.kernels.simd import Simd, micro
from lite.kernels.value import Value
from lite.kernels.windows import windows_at
from lite.kernels.winograd import pixels

_GAP = 64
_CHANNELS = 128  # whose filters are transformed at once
_SIDE = 6  # of a tile of input
_OUT = 4  # of a tile of output
_INVERSE = (pow(225, -1, 1 << 32) + (1 << 31)) % (1 << 32) - (1 << 31)  # as int32


def _input(d: list[Value]) -> list[Value]:
    """B^T d."""
    rise = [d[k + 2] - d[k] for k in range(4)]
    twice = [x + x for x in rise]
    e = [twice[k] - d[k + 1] * 3 for k in range(4)]
    return [e[2] - e[0], e[2] + e[1], e[2] - e[1], twice[2] + rise[1], twice[1] - rise[2], e[3] - e[1]]


def _weights(g: list[Value]) -> list[Value]:
    """G g."""
    outer, inner = (g[0] + g[2]) * 5, g[1] * 5
    last, first = (g[2] << 2) + g[0] + g[1] + g[1], (g[0] << 2) + g[2] - g[1] - g[1]
    return [g[0] * 15, (outer + inner) * -1, outer - inner, last, first, g[2] * 15]


def _output(m: list[Value]) -> list[Value]:
    """A^T m."""
    both, apart = m[1] + m[2], m[1] - m[2]
    a, b = m[3] + m[3], m[4] + m[4]
    c, e = m[3] - b, a + m[4]
    return [m[0] + both + m[3] + (b << 2), apart + c + c, both + e + e, apart + (a << 2) - m[4] + m[5]]


@micro("winograd_input_i8", Pointer, Int, Pointer, Int)
def winograd_input_i8(s: Simd, table: Value, channels: Value, v: Value, step: Value) -> None:
    """v = B^T d B of one tile, in whole vectors; table: its 36 addresses; step: bytes between frequencies."""
    c = Codes(s)

    def body(i: Value) -> None:
        def pixel(p: int, q: int) -> Value:
            return c.short_codes(s.load_int(table + 8 * (p * _SIDE + q)) + i)

        rows = [_input([pixel(p, q) for q in range(_SIDE)]) for p in range(_SIDE)]
        for q in range(_SIDE):
            for p, value in enumerate(_input([row[q] for row in rows])):
                c.store_shorts(value, v + step * (p * _SIDE + q) + 2 * i)

    s.loop(channels, body, step=2 * s.lanes)


@micro("winograd_output_i8", Pointer, Int, Pointer, Pointer, Int, Int, Pointer, Pointer, Pointer)
def winograd_output_i8(
    s: Simd,
    m: Value,
    step: Value,
    targets: Value,
    residuals: Value,
    offset: Value,
    columns: Value,
    bias: Value,
    scale: Value,
    ends: Value,
) -> None:
    """Codes of (A^T m A / 900 + bias) * scale of one tile and `columns` channels from byte `offset` on.

    targets, residuals: the 16 addresses of its pixels; residuals is 0 where there are none. bias, scale, ends: see
    gemm_tile_i8.
    """
    c = Codes(s)

    def body(i: Value, lanes: Value | None) -> None:
        here = 4 * i
        tall = [_output([c.load_words(m + step * (p * _SIDE + q) + here) for p in range(_SIDE)]) for q in range(_SIDE)]
        start, factor = c.load_words(bias + here), s.load(scale + here)

        def store(adding: bool) -> None:
            ending = Requantize(c, ends, adding)
            for p in range(_OUT):
                totals = [((x * _INVERSE) >> 2) + start for x in _output([column[p] for column in tall])]
                reals = [s.to_float(total) * factor for total in totals]
                if adding:
                    others = [s.load_int(residuals + 8 * (p * _OUT + q)) + offset + i for q in range(_OUT)]
                    reals = [ending.added(real, other) for real, other in zip(reals, others, strict=True)]
                codes = c.in_order(ending.codes(reals))
                for q in range(_OUT):
                    address = s.load_int(targets + 8 * (p * _OUT + q)) + offset + i
                    c.store_part(codes, q * s.lanes, s.lanes, address, lanes)

        s.either(residuals.equals(0), lambda: store(False), lambda: store(True))

    s.span(columns, body)


@micro("winograd_filter_i8", Pointer, Int, Pointer, Int)
def winograd_filter_i8(s: Simd, g: Value, channels: Value, w: Value, step: Value) -> None:
    """w = G g G^T of the filters g [3 * 3][_CHANNELS], in whole vectors; step: bytes between frequencies."""
    c = Codes(s)

    def body(i: Value) -> None:
        rows = [_weights([c.short_codes(g + _CHANNELS * (3 * p + q) + i) for q in range(3)]) for p in range(3)]
        for q in range(_SIDE):
            for p, value in enumerate(_weights([row[q] for row in rows])):
                c.store_shorts(value, w + step * (p * _SIDE + q) + 2 * i)

    s.loop(channels, body, step=2 * s.lanes)


@kernel
def winograd_weights_i8(
    g: Pointer, w: Pointer, outputs: Int, channels: Int, begin: Int, end: Int, scratch: Pointer
) -> None:
    """w as winograd_i8 takes it, from filters g [outputs][3][3][channels] of codes; zeros beyond.

    Units: panels. Scratch: filters [3 * 3][_CHANNELS], then [frequency][lanes][_CHANNELS] int16 and gaps between these.
    """
    lanes = LANES()
    row_bytes = 2 * _CHANNELS
    step = lanes * row_bytes + _GAP
    steps = (channels + 1) // 2
    panels = (outputs + lanes - 1) // lanes
    terms = scratch + 9 * _CHANNELS
    for panel in range(begin, end):
        columns = min(lanes, outputs - panel * lanes)
        place = panel % INT8_PANELS()
        width = min(INT8_PANELS(), panels - panel + place)
        target = w + ((panel - place) * 36 * steps + place) * lanes * 4
        for first in range(0, channels, _CHANNELS):
            some = min(_CHANNELS, channels - first)
            zero_words(scratch, 9 * _CHANNELS // 4)
            for column in range(columns):
                filters = g + (panel * lanes + column) * 9 * channels + first
                for tap in range(9):
                    copy_bytes(filters + tap * channels, scratch + tap * _CHANNELS, some)
                winograd_filter_i8(scratch, some, terms + column * row_bytes, step)
            for f in range(36):
                packed = target + (f * steps + first // 2) * width * lanes * 4
                depth = (some + 1) // 2
                pack_panel(terms + f * step, packed, depth, columns, 4, row_bytes, lanes, width * lanes * 4)


@kernel
def winograd_i8(
    x: Pointer,
    w: Pointer,
    bias: Pointer,
    scale: Pointer,
    ends: Pointer,
    zeros: Pointer,
    y: Pointer,
    geometry: Pointer,
    down: Int,
    across: Int,
    tile_block: Int,
    panel_block: Int,
    parts: Int,
    residual: Pointer,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """y = codes of conv(x, w) + bias, and of that + residual. zeros: in_channels zero points, and a vector more.

    w: [pair of panels][frequency][steps][panel][lanes][2]; bias, scale, ends, residual: see gemm_tile_i8.
    Units: `parts` parts each, of blocks of tiles x blocks of panels. Scratch: 64 addresses, 32 for each tile of a
    block, a pixel of output to whole panels, v and m; each begins at a multiple of 64 bytes.
    """
    at = windows_at(geometry)
    lanes = LANES()
    steps = (at.in_channels + 1) // 2
    depth_bytes = (at.in_channels + 2 * lanes - 1) // (2 * lanes) * lanes * 4
    panels = (at.out_channels + lanes - 1) // lanes
    tiles = down * across
    total = at.images * tiles
    tile_blocks = (total + tile_block - 1) // tile_block
    panel_blocks = (panels + panel_block - 1) // panel_block
    targets = scratch + 512
    residuals = targets + tile_block * 128
    dump = residuals + tile_block * 128
    v = dump + (panels * lanes + 63) // 64 * 64
    v_step = tile_block * depth_bytes + _GAP
    m = v + 36 * v_step
    m_step = tile_block * INT8_PANELS() * lanes * 4 + _GAP
    for part in range(begin * parts, min(end * parts, tile_blocks * panel_blocks)):
        first = part // panel_blocks * tile_block
        count = min(tile_block, total - first)
        for t in range(count):
            image = (first + t) // tiles
            i = (first + t - image * tiles) // across * 4
            j = (first + t - image * tiles) % across * 4
            source = x + image * at.in_height * at.in_width * at.in_channels
            pixels(scratch, source, zeros, i - at.top, j - at.left, 6, at.in_height, at.in_width, at.in_channels)
            winograd_input_i8(scratch, at.in_channels, v + t * depth_bytes, v_step)
            offset = image * at.out_height * at.out_width * at.out_channels
            pixels(targets + t * 128, y + offset, dump, i, j, 4, at.out_height, at.out_width, at.out_channels)
            if residual != 0:
                place = residual + offset
                pixels(residuals + t * 128, place, dump, i, j, 4, at.out_height, at.out_width, at.out_channels)
        row_tiles = (count + INT8_ROWS() - 1) // INT8_ROWS()
        panel = part % panel_blocks * panel_block
        last_panel = min(panel + panel_block, panels)
        while panel < last_panel:
            width = min(INT8_PANELS(), last_panel - panel)
            panel_bytes = steps * lanes * 4
            for f in range(36):
                weights = w + (panel * 36 + f * width) * panel_bytes
                ahead = weights + width * panel_bytes
                share = (width * lanes * 4 + row_tiles - 1) // row_tiles
                row = 0
                for tile in range(row_tiles):
                    height = (count - row + row_tiles - tile - 1) // (row_tiles - tile)
                    gemm_tile_i16(
                        height,
                        width,
                        v + f * v_step + row * depth_bytes,
                        depth_bytes,
                        steps,
                        weights,
                        m + f * m_step + row * width * lanes * 4,
                        ahead,
                        share,
                    )
                    ahead += steps * share
                    row += height
            column = panel * lanes
            for t in range(count):
                winograd_output_i8(
                    m + t * width * lanes * 4,
                    m_step,
                    targets + t * 128,
                    residuals + t * 128 if residual != 0 else 0,
                    column,
                    min(width * lanes, at.out_channels - column),
                    bias + column * 4,
                    scale + column * 4,
                    ends,
                )
            panel += width
