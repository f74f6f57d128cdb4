"""Winograd convolution, fp32, NHWC: 3 x 3 filters, stride 1, no dilation, one group; any size, padding and channels.

F(2) takes 2.25 times fewer products than the direct way, F(4) 4 times; weights are transformed when they are bound.
For each of the N * N elements of a tile ("frequencies") the sum is a matrix product over a block of tiles:

    input      [tile][pixel] -> v [frequency][tile][channel]       vectors along the channels; padding is a zero pixel
    product    v[f] @ w[panel][f] -> m [frequency][tile][TILE_COLUMNS]       on the tile of gemm.py
    output     m -> y, with bias, residual and clamp                what lies outside the image goes to a dump pixel

Frequencies are 64 bytes further apart than their data is long, or their rows would fall on the same lines of a cache.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from lite.kernels.declare import Float, Int, Pointer, i64, kernel, routine
from lite.kernels.elementwise import activate_rows
from lite.kernels.gemm import TILE_COLUMNS, TILE_ROWS, product_tile_f32, share
from lite.kernels.panels import pack_panel
from lite.kernels.simd import Simd, micro
from lite.kernels.value import Value
from lite.kernels.windows import windows_at

_GAP = 64

Vector = Sequence[Value]


def _input2(s: Simd, d: Vector) -> list[Value]:
    return [d[0] - d[2], d[1] + d[2], d[2] - d[1], d[1] - d[3]]


def _output2(s: Simd, m: Vector) -> list[Value]:
    return [m[0] + m[1] + m[2], m[1] - m[2] - m[3]]


def _input4(s: Simd, d: Vector) -> list[Value]:
    a, b = s.fma(d[2], s.splat(-4.0), d[4]), s.fma(d[1], s.splat(-4.0), d[3])
    c, e = d[4] - d[2], (d[3] - d[1]) * 2.0
    first = s.fma(d[0], s.splat(4.0), s.fma(d[2], s.splat(-5.0), d[4]))
    last = s.fma(d[1], s.splat(4.0), s.fma(d[3], s.splat(-5.0), d[5]))
    return [first, a + b, a - b, c + e, c - e, last]


def _weights2(s: Simd, g: Vector) -> list[Value]:
    """Times 2."""
    outer = g[0] + g[2]
    return [g[0] * 2.0, outer + g[1], outer - g[1], g[2] * 2.0]


def _weights4(s: Simd, g: Vector) -> list[Value]:
    """Times 24."""
    outer, inner = (g[0] + g[2]) * -4.0, g[1] * 4.0
    a, b = s.fma(g[2], s.splat(4.0), g[0]), g[1] * 2.0
    return [g[0] * 6.0, outer - inner, outer + inner, a + b, a - b, g[2] * 24.0]


def _output4(s: Simd, m: Vector) -> list[Value]:
    a, b, c, e = m[1] + m[2], m[1] - m[2], m[3] + m[4], m[3] - m[4]
    return [
        m[0] + a + c,
        s.fma(e, s.splat(2.0), b),
        s.fma(c, s.splat(4.0), a),
        s.fma(e, s.splat(8.0), b) + m[5],
    ]


Transform = Callable[[Simd, Vector], list[Value]]

# R, and one dimension of the transforms of input and output.
_FORMS: tuple[tuple[int, Transform, Transform], ...] = ((2, _input2, _output2), (4, _input4, _output4))
# R, one dimension of the transform of the weights, and what both together are too large by.
_WEIGHTS: tuple[tuple[int, Transform, float], ...] = ((2, _weights2, 4.0), (4, _weights4, 576.0))


@micro("winograd_input_f32", Int, Pointer, Int, Pointer, Int)
def winograd_input_f32(s: Simd, form: Value, table: Value, channels: Value, v: Value, step: Value) -> None:
    """v = B^T d B of one tile; form: index in _FORMS; table: its N x N addresses; step: bytes between frequencies."""

    def transform(r: int, one: Transform) -> None:
        n = r + 2

        def body(i: Value, lanes: Value | None) -> None:
            rows = [
                one(s, [s.load(s.load_int(table + 8 * (p * n + q)) + 4 * i, lanes) for q in range(n)])
                for p in range(n)
            ]
            for q in range(n):
                for p, value in enumerate(one(s, [rows[p][q] for p in range(n)])):
                    s.store(value, v + step * (p * n + q) + 4 * i, lanes)

        s.span(channels, body)

    s.switch(form, [partial(transform, r, one) for r, one, _ in _FORMS])


@micro("winograd_panel_f32", Int, Pointer, Int, Pointer)
def winograd_panel_f32(s: Simd, form: Value, g: Value, n: Value, w: Value) -> None:
    """w [N * N][n] = G g G^T of g [3 * 3][n]; form: index in _WEIGHTS; n: a multiple of the lanes."""

    def transform(r: int, one: Transform, scale: float) -> None:
        def body(i: Value) -> None:
            rows = [one(s, [s.load(g + 4 * (n * (3 * p + q) + i)) for q in range(3)]) for p in range(3)]
            for q in range(r + 2):
                for p, value in enumerate(one(s, [rows[k][q] for k in range(3)])):
                    s.store(value * (1 / scale), w + 4 * (n * ((r + 2) * p + q) + i))

        s.loop(n, body, step=s.lanes)

    s.switch(form, [partial(transform, *row) for row in _WEIGHTS])


@micro("winograd_output_f32", Int, Pointer, Int, Pointer, Pointer, Int, Int, Pointer, Float, Float)
def winograd_output_f32(
    s: Simd,
    form: Value,
    m: Value,
    step: Value,
    targets: Value,
    residuals: Value,
    offset: Value,
    columns: Value,
    bias: Value,
    low: Value,
    high: Value,
) -> None:
    """y = clamp(A^T m A + bias + residual, low, high) of one tile and `columns` channels from byte `offset` on.

    targets, residuals: the R x R addresses of its pixels; residuals is 0 where there are none.
    """
    floor, ceiling = s.splat(low), s.splat(high)

    def transform(r: int, one: Transform) -> None:
        n = r + 2

        def body(i: Value, lanes: Value | None) -> None:
            columns = [one(s, [s.load(m + step * (p * n + q) + 4 * i, lanes) for p in range(n)]) for q in range(n)]
            start = s.load(bias + 4 * i, lanes)
            cells = [
                [value + start for value in one(s, [columns[q][p] for q in range(n)])] for p in range(r)
            ]

            def store(adding: bool) -> None:
                for p in range(r):
                    for q in range(r):
                        entry = 8 * (p * r + q)
                        value = cells[p][q]
                        if adding:
                            value = value + s.load(s.load_int(residuals + entry) + offset + 4 * i, lanes)
                        address = s.load_int(targets + entry) + offset + 4 * i
                        s.store(s.min(s.max(value, floor), ceiling), address, lanes)

            s.either(residuals.equals(0), lambda: store(False), lambda: store(True))

        s.span(columns, body)

    s.switch(form, [partial(transform, r, one) for r, _, one in _FORMS])


@kernel
def winograd_weights_f32(
    g: Pointer, w: Pointer, form: Int, outputs: Int, channels: Int, begin: Int, end: Int, scratch: Pointer
) -> None:
    """w [panel][frequency][channel][TILE_COLUMNS] from filters g [outputs][3][3][channels]; zeros beyond.

    Units: panels. Scratch: 9 * channels * TILE_COLUMNS floats.
    """
    n = channels * TILE_COLUMNS()
    depth = 9 * channels
    for panel in range(begin, end):
        first = panel * TILE_COLUMNS()
        width = min(TILE_COLUMNS(), outputs - first)
        pack_panel(g + first * depth * 4, scratch, depth, width, 4, depth * 4, TILE_COLUMNS(), TILE_COLUMNS() * 4)
        winograd_panel_f32(form, scratch, n, w + panel * (2 * form + 4) * (2 * form + 4) * n * 4)


@routine
def pixels(
    table: int, base: int, outside: int, row: int, column: int, extent: int, height: int, width: int, nbytes: int
) -> None:
    """The addresses of extent x extent pixels from (row, column) on; `outside` for those that an image has not."""
    entry = 0
    for p in range(row, row + extent):
        for q in range(column, column + extent):
            inside = 0 <= p < height and 0 <= q < width
            i64(table)[entry] = base + (p * width + q) * nbytes if inside else outside
            entry += 1


@routine
def _transform_tiles(
    form: int, x: int, zeros: int, v: int, step: int, first: int, end: int, across: int, tiles: int,
    height: int, width: int, channels: int, top: int, left: int, scratch: int,
) -> None:  # fmt: skip
    """v of tiles [first, end). tiles: of an image, `across` in a row of them. Scratch: 36 addresses."""
    r = 2 + 2 * form
    pixel = channels * 4
    for tile in range(first, end):
        image = tile // tiles
        i = (tile - image * tiles) // across
        j = tile - image * tiles - i * across
        base = x + image * height * width * pixel
        pixels(scratch, base, zeros, i * r - top, j * r - left, r + 2, height, width, pixel)
        winograd_input_f32(form, scratch, channels, v + (tile - first) * pixel, step)


@kernel
def winograd_transform_f32(
    x: Pointer,
    zeros: Pointer,
    v: Pointer,
    form: Int,
    geometry: Pointer,
    down: Int,
    across: Int,
    block: Int,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """v [frequency][tile][channel] of all tiles: down x across of each image. zeros: in_channels zeros.

    Units: blocks of `block` tiles. Scratch: 36 addresses.
    """
    at = windows_at(geometry)
    tiles = down * across
    pixel = at.in_channels * 4
    step = at.images * tiles * pixel + _GAP
    first = begin * block
    _transform_tiles(
        form, x, zeros, v + first * pixel, step, first, min(end * block, at.images * tiles), across, tiles,
        at.in_height, at.in_width, at.in_channels, at.top, at.left, scratch,
    )  # fmt: skip


@kernel
def winograd_f32(
    x: Pointer,
    v: Pointer,
    w: Pointer,
    bias: Pointer,
    zeros: Pointer,
    y: Pointer,
    form: Int,
    geometry: Pointer,
    down: Int,
    across: Int,
    tile_block: Int,
    panel_block: Int,
    parts: Int,
    residual: Pointer,
    function: Int,
    alpha: Float,
    beta: Float,
    low: Float,
    high: Float,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """y = function(clamp(conv(x, w) + bias + residual, low, high)); residual, function, alpha, beta: see matmul_f32.

    v: all tiles as winograd_transform_f32 leaves them, or 0: then each part transforms its own, and has all panels.
    zeros: in_channels zeros. Units: `parts` parts each, of panel blocks x tile blocks.
    Scratch: 36 addresses, 32 for each tile of a block, a pixel of output to whole panels, m, and v unless it is given;
    each begins at a multiple of 64 bytes.
    """
    at = windows_at(geometry)
    r = 2 + 2 * form
    frequencies = (r + 2) * (r + 2)
    width = TILE_COLUMNS()
    panels = (at.out_channels + width - 1) // width
    tiles = down * across
    total = at.images * tiles
    tile_blocks = (total + tile_block - 1) // tile_block
    panel_blocks = (panels + panel_block - 1) // panel_block
    pixel = at.out_channels * 4
    targets = scratch + 320
    residuals = targets + tile_block * 128
    dump = residuals + tile_block * 128
    m = dump + (panels * width * 4 + 63) // 64 * 64
    m_step = tile_block * width * 4 + _GAP
    own = m + frequencies * m_step
    for part in range(begin * parts, min(end * parts, tile_blocks * panel_blocks)):
        first = part % tile_blocks * tile_block
        count = min(tile_block, total - first)
        if v == 0:
            source = own
            v_step = tile_block * at.in_channels * 4 + _GAP
            _transform_tiles(
                form, x, zeros, own, v_step, first, first + count, across, tiles,
                at.in_height, at.in_width, at.in_channels, at.top, at.left, scratch,
            )  # fmt: skip
        else:
            source = v + first * at.in_channels * 4
            v_step = total * at.in_channels * 4 + _GAP
        for t in range(count):
            image = (first + t) // tiles
            i = (first + t - image * tiles) // across
            j = first + t - image * tiles - i * across
            offset = image * at.out_height * at.out_width * pixel
            pixels(targets + t * 128, y + offset, dump, i * r, j * r, r, at.out_height, at.out_width, pixel)
            if residual != 0:
                added = residual + offset
                pixels(residuals + t * 128, added, dump, i * r, j * r, r, at.out_height, at.out_width, pixel)
        first_panel = part // tile_blocks * panel_block
        last_panel = min(first_panel + panel_block, panels)
        for panel in range(first_panel, last_panel):
            for f in range(frequencies):
                weights = w + (panel * frequencies + f) * at.in_channels * width * 4
                ahead = weights + at.in_channels * width * 4
                row = 0
                row_tiles = (count + TILE_ROWS() - 1) // TILE_ROWS()
                for tile in range(row_tiles):
                    height = (count - row + row_tiles - tile - 1) // (row_tiles - tile)
                    for k in range(height):
                        i64(scratch)[k] = source + f * v_step + (row + k) * at.in_channels * 4
                    target = m + f * m_step + row * width * 4
                    product_tile_f32(
                        scratch, height, at.in_channels, weights, target, width * 4, ahead, share(row_tiles)
                    )
                    ahead += at.in_channels * share(row_tiles)
                    row += height
            column = panel * width
            for t in range(count):
                winograd_output_f32(
                    form,
                    m + t * width * 4,
                    m_step,
                    targets + t * 128,
                    residuals + t * 128 if residual != 0 else 0,
                    column * 4,
                    min(width, at.out_channels - column),
                    bias + column * 4,
                    low,
                    high,
                )
        if function >= 0:
            column = first_panel * width
            span = min(last_panel * width, at.out_channels) - column
            for t in range(count):
                for p in range(r * r):
                    address = i64(targets + t * 128)[p]
                    if address != dump:
                        activate_rows(address + column * 4, 1, 0, span, function, alpha, beta)
