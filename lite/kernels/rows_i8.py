"""Products of float32 rows with int8 weights: rows become codes first, sums become float32 again as they are written.

A row is read twice: for its range, and for its codes, which are written as the tile of gemm_i8.py takes them (staged,
see codes8.py). Its scale and zero point, float32 and int32, are beside. What the zero point contributes to a sum is the
zero point times the sum of a column's weights; it is taken off at the end, with what staging has added to codes.
"""
from __future__ import annotations

from collections.abc import Sequence

from lite.kernels.codes8 import INT8_STEP, Codes
from lite.kernels.declare import Float, Int, Pointer, i64, kernel, routine
from lite.kernels.elementwise import activate_rows
from lite.kernels.gemm_i8 import INT8_PANELS, INT8_ROW_PANELS, INT8_ROWS, EndRows, each_tile, summed
from lite.kernels.move import LANES
from lite.kernels.simd import Simd, micro
from lite.kernels.value import Value

_LEAST_SPAN = 2.0**-100
_INFINITY = float("inf")
_STREAMS = 4  # vectors of a row that are looked at side by side


@micro("row_codes_i8", Pointer, Pointer, Int, Pointer)
def row_codes_i8(s: Simd, x: Value, y: Value, n: Value, ends: Value) -> None:
    """y = staged codes of n float32, and ends = their scale and zero point; lite/ops/dynamic.py says which."""
    c = Codes(s)
    nothing = s.splat(0.0)

    def see(i: Value, vectors: int, lanes: Value | None, *seen: Value) -> tuple[Value, ...]:
        lows, highs, bad = list(seen[:_STREAMS]), list(seen[_STREAMS:-1]), seen[-1]
        for v in range(vectors):
            real = s.load(x + 4 * i + v * s.vector_bytes, lanes)
            lows[v], highs[v] = s.min(lows[v], real), s.max(highs[v], real)
            bad = s.fma(real, nothing, bad)  # 0, or NaN from the first element on that is not finite
        return *lows, *highs, bad

    *seen, bad = s.blocks(n, _STREAMS, see, *[nothing] * (2 * _STREAMS + 1))
    low, high = seen[0], seen[_STREAMS]
    for v in range(1, _STREAMS):
        low, high = s.min(low, seen[v]), s.max(high, seen[_STREAMS + v])
    low, high, bad = s.across(low, s.min), s.across(high, s.max), s.across(bad, Value.__add__)
    span = high - low
    used = span >= _LEAST_SPAN
    factor = s.select(used, 255.0 / span, nothing)
    scale = s.select(used, span / 255.0, nothing) + bad + span * nothing
    zero = c.rounded(-128.0 - low * factor)
    floor, ceiling = -128.0 - s.to_float(zero), 127.0 - s.to_float(zero)
    s.store(scale, ends, s.constant(1))
    s.store(s.from_bits(zero), ends + 4, s.constant(1))

    def body(i: Value, lanes: Value | None) -> None:
        scaled = s.load(x + 4 * i, lanes) * factor
        c.store_staged(c.rounded(s.min(s.max(scaled, floor), ceiling)) + zero, y + c.size * i, lanes)

    s.span(n, body)


@kernel
def rows_i8(
    x: Pointer,
    y: Pointer,
    ends: Pointer,
    rows: Int,
    depth: Int,
    y_stride: Int,
    row_block: Int,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """y: staged codes of x[rows, depth], y_stride bytes between rows; ends: 8 bytes a row. Units: blocks of rows."""
    for row in range(begin * row_block, min(end * row_block, rows)):
        row_codes_i8(x + row * depth * 4, y + row * y_stride, depth, ends + row * 8)


@micro(
    "gemm_rows_i8",
    *(Pointer, Int, Int, Int, Pointer, Int, Pointer, Int, Int, *[Pointer] * 5, Float, Float, Pointer, Int),
    home=__name__,
)
def gemm_rows_i8(
    s: Simd,
    table: Value,
    rows: Value,
    panels: Value,
    steps: Value,
    weights: Value,
    panel_bytes: Value,
    y: Value,
    y_stride: Value,
    columns: Value,
    totals: Value,
    scale: Value,
    bias: Value,
    ends: Value,
    residual: Value,
    low: Value,
    high: Value,
    ahead: Value,
    ahead_step: Value,
) -> None:
    """y[r, :columns] = clamp(sum of (x[r] - zero) * weights, scaled, + bias, + residual), float32.

    table, steps, weights, panel_bytes, ahead, ahead_step: see gemm_tile_i8, of one tap. totals: int32, of the weights
    of each column; scale, bias: float32. ends: of the rows. residual: laid out as y, 0 for none; it may be y.
    """
    c = Codes(s)
    floor, ceiling = s.splat(low), s.splat(high)

    def sums_of(height: int, width: int) -> Sequence[Value]:
        start = [c.number(0)] * width
        return summed(c, height, start, table, s.constant(1), steps, weights, panel_bytes, ahead, ahead_step)

    def end(width: int, lanes: list[Value | None], adding: bool) -> EndRows:
        def some(r: Value | int, sums: Sequence[Value]) -> None:
            for cell, found in enumerate(sums):
                own, v = ends + (r + cell // width) * 8, cell % width
                origin, row_scale = c.word(own + 4) + c.offset, s.broadcast(own)
                at = v * s.vector_bytes
                total = found - origin * c.load_words(totals + at)
                result = s.to_float(total) * (row_scale * s.load(scale + at)) + s.load(bias + at)
                place = y_stride * (r + cell // width) + at
                if adding:
                    result = result + s.load(residual + place, lanes[v])
                s.store(s.min(s.max(result, floor), ceiling), y + place, lanes[v])

        return some

    each_tile(c, rows, panels, columns, residual, sums_of, end)


@routine
def stage_states(x: int, rows: int, depth: int, stride: int, ends: int, staged: int) -> None:
    """As rows_i8, of the states of a recurrent layer."""
    for row in range(rows):
        row_codes_i8(x + row * depth * 4, staged + row * stride, depth, ends + row * 8)


@routine
def state_product_i8(
    staged: int, ends: int, rows: int, depth: int, stride: int, columns: int, first: int, w: int, totals: int,
    scale: int, bias: int, y: int, y_stride: int, residual: int, table: int,
) -> None:  # fmt: skip
    """y[rows, columns] = staged rows times packed weights from column `first` on, plus bias[columns] and residual.

    first, columns: whole panels. totals, scale: of all columns. residual: see gemm_rows_i8. table: room for INT8_ROWS
    addresses.
    """
    lanes = LANES()
    steps = (depth + INT8_STEP() - 1) // INT8_STEP()
    panel_bytes = steps * lanes * INT8_STEP()
    for row in range(0, rows, INT8_ROWS()):
        height = min(INT8_ROWS(), rows - row)
        for r in range(height):
            i64(table)[r] = staged + (row + r) * stride
        most_panels = INT8_PANELS() if height > 1 else INT8_ROW_PANELS()
        for column in range(0, columns, most_panels * lanes):
            width = min(most_panels, (columns - column) // lanes)
            weights = w + (first + column) // lanes * panel_bytes
            place = row * y_stride + column * 4
            gemm_rows_i8(
                table,
                height,
                width,
                steps,
                weights,
                panel_bytes,
                y + place,
                y_stride,
                columns - column,
                totals + (first + column) * 4,
                scale + (first + column) * 4,
                bias + column * 4,
                ends + row * 8,
                residual + place if residual != 0 else 0,
                -_INFINITY,
                _INFINITY,
                weights + width * panel_bytes,
                width * lanes * 4,
            )


@kernel
def matmul_rows_i8(
    x: Pointer,
    ends: Pointer,
    w: Pointer,
    totals: Pointer,
    scale: Pointer,
    bias: Pointer,
    y: Pointer,
    rows: Int,
    columns: Int,
    depth: Int,
    x_stride: Int,
    row_block: Int,
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
    """y[rows, columns] from what rows_i8 has made of x, and packed w. Scratch: the addresses of row_block rows.

    totals, scale, bias, residual: see gemm_rows_i8; function, alpha, beta: see matmul_f32.
    Units: `parts` parts each, of row blocks x panel blocks.
    """
    lanes = LANES()
    panels = (columns + lanes - 1) // lanes
    steps = (depth + INT8_STEP() - 1) // INT8_STEP()
    panel_bytes = steps * lanes * INT8_STEP()
    y_stride = columns * 4
    panel_blocks = (panels + panel_block - 1) // panel_block
    row_blocks = (rows + row_block - 1) // row_block
    for part in range(begin * parts, min(end * parts, row_blocks * panel_blocks)):
        first_row = part // panel_blocks * row_block
        last_row = min(first_row + row_block, rows)
        first_panel = part % panel_blocks * panel_block
        last_panel = min(first_panel + panel_block, panels)
        tiles = (last_row - first_row + INT8_ROWS() - 1) // INT8_ROWS()
        most_panels = INT8_PANELS() if last_row - first_row > 1 else INT8_ROW_PANELS()
        panel = first_panel
        while panel < last_panel:
            width = min(most_panels, last_panel - panel)
            weights = w + panel * panel_bytes
            column = panel * lanes
            ahead = weights + width * panel_bytes
            row = first_row
            for tile in range(tiles):
                height = (last_row - row + tiles - tile - 1) // (tiles - tile)
                for r in range(height):
                    i64(scratch)[r] = x + (row + r) * x_stride
                target = y + row * y_stride + column * 4
                gemm_rows_i8(
                    scratch,
                    height,
                    width,
                    steps,
                    weights,
                    panel_bytes,
                    target,
                    y_stride,
                    columns - column,
                    totals + column * 4,
                    scale + column * 4,
                    bias + column * 4,
                    ends + row * 8,
                    residual + (target - y) if residual != 0 else 0,
                    low,
                    high,
                    ahead,
                    (width * lanes * 4 + tiles - 1) // tiles,
                )
                ahead += width * panel_bytes // tiles
                row += height
            panel += width
        start = y + first_row * y_stride + first_panel * lanes * 4
        count = min(last_panel * lanes, columns) - first_panel * lanes
        activate_rows(start, last_row - first_row, y_stride, count, function, alpha, beta)
