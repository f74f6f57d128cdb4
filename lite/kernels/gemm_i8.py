"""The register tile of products of int8 codes: int32 sums, made codes again before they are written.

A tile is INT8_ROWS rows by 1 or INT8_PANELS panels, each as wide as a vector of int32; or one row by up to
INT8_ROW_PANELS, since less would wait for each sum before the next is begun, and it is bound by how fast weights are
read. At each step it takes INT8_STEP
consecutive codes of every row, staged (see codes8.py), and for every column the weights that belong to them: these are
packed [panel][tap][steps][lanes][INT8_STEP], zeros beyond the depth, so what is read beyond a row's end does not count.
Rows are given by address as in gemm.py. The sums start with the bias, from which what the zero points contribute has
been taken off when the weights were packed.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from lite.kernels.codes8 import Codes
from lite.kernels.declare import Int, Pointer, Target, constant
from lite.kernels.requantize import Requantize
from lite.kernels.simd import Simd, micro
from lite.kernels.value import Value


def rows_of(target: Target) -> int:
    """Rows of a tile: 24 or 12 vectors of sums leave registers for weights and a row's codes."""
    return 12 if target.registers >= 32 else 6


PANELS = 2  # that a tile takes at once
ROW_PANELS = 4  # that a tile of one row takes
_GROUP = 4  # vectors of sums that become codes at once: rows, or pairs of panels
INT8_PANELS = constant("int8_panels", lambda target: PANELS)
INT8_ROW_PANELS = constant("int8_row_panels", lambda target: ROW_PANELS)
INT8_ROWS = constant("int8_rows", rows_of)

EndRows = Callable[["Value | int", Sequence[Value]], None]  # of the first row's number and the sums of rows from it on


def summed(
    c: Codes,
    height: int,
    start: list[Value],
    table: Value,
    taps: Value,
    steps: Value,
    weights: Value,
    panel_bytes: Value,
    ahead: Value,
    ahead_step: Value,
) -> tuple[Value, ...]:
    """The sums of a tile of `height` rows, row by row, which begin as `start`, one vector a panel."""
    s, width = c.s, len(start)

    def tap(t: Value, weight: Value, ahead: Value, *sums: Value) -> tuple[Value, ...]:
        x = [s.load_int(table + (t * height + r) * 8) for r in range(height)]

        def step(k: Value, weight: Value, ahead: Value, *sums: Value) -> tuple[Value, ...]:
            s.prefetch(ahead)
            w = [c.factor(weight + panel_bytes * v) for v in range(width)]
            new: list[Value] = []
            for r in range(height):
                codes = c.staged(x[r] + 4 * k)
                new += [c.dot(sums[r * width + v], codes, w[v]) for v in range(width)]
            return weight + c.factor_bytes, ahead + ahead_step, *new

        return s.loop(steps, step, weight, ahead, *sums)

    _, _, *sums = s.loop(taps, tap, weights, ahead, *(start * height))
    return tuple(sums)


def each_tile(
    c: Codes,
    rows: Value,
    panels: Value,
    columns: Value,
    residual: Value,
    sums_of: Callable[[int, int], Sequence[Value]],
    end: Callable[[int, list[Value | None], bool], EndRows],
    most: tuple[int, int, int] | None = None,
) -> None:
    """A tile of `rows` and `panels`: sums_of(height, width), whose rows go to what `end` gives.

    most: rows and panels that a tile may have, and panels of one row; those of gemm_tile_i8 if None.
    end(width, lanes, adding): lanes as in Simd.span, of each panel; adding: there is a residual. The sums of a tile
    that has not all columns are kept in memory, where one loop over rows ends tiles of every height.
    """
    s = c.s
    most_rows, most_panels, row_panels = most or (rows_of(s.target), PANELS, ROW_PANELS)
    kept = s.memory(max(most_rows * most_panels, row_panels))

    def choose(body: Callable[[bool], None]) -> None:
        s.either(residual.equals(0), partial(body, False), partial(body, True))

    def tile(height: int, width: int) -> None:
        sums = sums_of(height, width)

        def whole(adding: bool) -> None:
            end(width, [None] * width, adding)(0, sums)

        def keep() -> None:
            for cell, total in enumerate(sums):
                s.store(total, kept + cell * s.vector_bytes)

        s.either(columns >= width * s.lanes, partial(choose, whole), keep)

    def widths(height: int) -> None:
        widest = row_panels if height == 1 else most_panels
        s.switch(panels, [partial(tile, height, width) for width in range(1, widest + 1)], first=1)

    def partly(width: int) -> None:
        def some(adding: bool) -> None:
            row = end(width, [columns - v * s.lanes for v in range(width)], adding)

            def one(r: Value) -> None:
                start = kept + r * (width * s.vector_bytes)
                row(r, [c.load_words(start + v * s.vector_bytes) for v in range(width)])

            s.loop(rows, one)

        choose(some)

    s.switch(rows, [partial(widths, height) for height in range(1, most_rows + 1)], first=1)
    unfinished = [partial(partly, width) for width in range(1, row_panels + 1)]
    s.either(columns < panels * s.lanes, lambda: s.switch(panels, unfinished, first=1), lambda: None)


@micro(
    "gemm_tile_i8",
    *(Pointer, Int, Int, Int, Int, Pointer, Int, Pointer, Int, Int, Pointer, Pointer, Pointer, Pointer, Pointer, Int),
)
def gemm_tile_i8(
    s: Simd,
    table: Value,
    rows: Value,
    panels: Value,
    taps: Value,
    steps: Value,
    weights: Value,
    panel_bytes: Value,
    y: Value,
    y_stride: Value,
    columns: Value,
    bias: Value,
    scale: Value,
    ends: Value,
    residual: Value,
    ahead: Value,
    ahead_step: Value,
) -> None:
    """y[r, :columns] = codes of (bias + sum over taps, depth of x[t, r] * weights) * scale, or of that plus a residual.

    table, taps, ahead, ahead_step: see gemm_tile_f32. steps: depth / INT8_STEP, rounded up. panel_bytes: from a panel
    of weights to the next. bias: int32, scale: float32, of the columns. residual: codes laid out as y, 0 for none; it
    may be y. ends: see requantize.py.
    """
    c = Codes(s)

    def sums_of(height: int, width: int) -> Sequence[Value]:
        start = [c.load_words(bias + v * s.vector_bytes) for v in range(width)]
        return summed(c, height, start, table, taps, steps, weights, panel_bytes, ahead, ahead_step)

    end = codes_end(c, y, y_stride, columns, scale, ends, residual)
    each_tile(c, rows, panels, columns, residual, sums_of, end)


def codes_end(
    c: Codes, y: Value, y_stride: Value, columns: Value, scale: Value, ends: Value, residual: Value
) -> Callable[[int, list[Value | None], bool], EndRows]:
    """What `each_tile` is given to end rows as gemm_tile_i8 does."""
    s = c.s

    def end(width: int, lanes: list[Value | None], adding: bool) -> EndRows:
        factors = [s.load(scale + v * s.vector_bytes) for v in range(width)]
        ending = Requantize(c, ends, adding)
        limit = None if lanes[0] is None else columns

        def some(r: Value | int, totals: Sequence[Value]) -> None:
            for first in range(0, len(totals), _GROUP):
                cells = range(first, min(first + _GROUP, len(totals)))
                real = [s.to_float(totals[cell]) * factors[cell % width] for cell in cells]
                places = [y_stride * (r + cell // width) + cell % width * s.lanes for cell in cells]
                if adding:
                    real = [ending.added(x, residual + place) for x, place in zip(real, places, strict=True)]
                codes = c.in_order(ending.codes(real + real[-1:] * (_GROUP - len(cells))))
                for k in range(0, len(cells), width):
                    c.store_part(codes, k * s.lanes, width * s.lanes, y + places[k], limit)

        return some

    return end
