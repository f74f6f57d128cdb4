"""The register tile of products of int8 codes: int32 sums, made codes again before they are written.

A tile is INT8_ROWS rows by 1 or INT8_PANELS panels, each as wide as a vector of int32. At each step it takes four
consecutive codes of every row and, for every column, the four weights that belong to them (see codes8.py): weights are
packed [panel][tap][depth / 4][lanes][4], zeros beyond the depth, so what is read beyond a row's end does not count.
Rows are given by address as in gemm.py. The sums start with the bias, from which what the zero points contribute has
been taken off when the weights were packed.
"""
from __future__ import annotations

from functools import partial

from lite.kernels.codes8 import Codes, accumulator_parts
from lite.kernels.declare import Int, Pointer, Target, constant
from lite.kernels.simd import Simd, Value, micro


def panels_of(target: Target) -> int:
    """Panels that a tile takes at once: two, where an accumulator is one vector."""
    return 2 // accumulator_parts(target)


def rows_of(target: Target) -> int:
    """Rows of a tile: 24 or 12 vectors of sums leave registers for weights and a row's codes."""
    return 12 if target.registers >= 32 else 6


INT8_PANELS = constant("int8_panels", panels_of)
INT8_ROWS = constant("int8_rows", rows_of)


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
    quads: Value,
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

    table, taps, ahead, ahead_step: see gemm_tile_f32. quads: depth / 4, rounded up. panel_bytes: from a panel of
    weights to the next. bias: int32, scale: float32, of the columns. residual: codes laid out as y, 0 for none; it may
    be y. ends: float32, but int32 for zero points: [low and high, both less the zero point, and the zero point of the
    sum's codes; where there is a residual, scale of the sum, of the residual, the residual's zero point, and low, high
    and zero point of the result].
    """
    c = Codes(s)

    def tile(height: int, width: int) -> None:
        cells = [(r, v) for r in range(height) for v in range(width)]

        def tap(t: Value, weight: Value, ahead: Value, *sums: Value) -> tuple[Value, ...]:
            x = [s.load_int(table + (t * height + r) * 8) for r in range(height)]

            def step(k: Value, weight: Value, ahead: Value, *sums: Value) -> tuple[Value, ...]:
                s.prefetch(ahead)
                w = [c.weights(weight + panel_bytes * v) for v in range(width)]
                new: list[Value] = []
                for r in range(height):
                    codes = c.spread(x[r] + 4 * k)
                    for v in range(width):
                        first = (r * width + v) * c.parts
                        new += c.dot(list(sums[first : first + c.parts]), codes, w[v])
                return weight + s.vector_bytes, ahead + ahead_step, *new

            return s.loop(quads, step, weight, ahead, *sums)

        start = [part for _ in cells for part in c.zero()]
        _, _, *sums = s.loop(taps, tap, weights, ahead, *start)
        added = [c.load_words(bias + v * s.vector_bytes) for v in range(width)]
        factors = [s.load(scale + v * s.vector_bytes) for v in range(width)]
        low, high, zero = s.broadcast(ends), s.broadcast(ends + 4), c.word(ends + 8)

        def store(lanes_of: list[Value | None], adding: bool) -> None:
            for cell, (r, v) in enumerate(cells):
                total = c.total(list(sums[cell * c.parts : (cell + 1) * c.parts])) + added[v]
                result = s.min(s.max(s.to_float(total) * factors[v], low), high)
                offset = y_stride * r + v * s.lanes
                if not adding:
                    c.store(c.rounded(result) + zero, y + offset, lanes_of[v])
                    continue
                here = s.to_float(c.rounded(result)) * s.broadcast(ends + 12)
                there = s.to_float(c.load(residual + offset) - c.word(ends + 20)) * s.broadcast(ends + 16)
                both = s.min(s.max(here + there, s.broadcast(ends + 24)), s.broadcast(ends + 28))
                c.store(c.rounded(both) + c.word(ends + 32), y + offset, lanes_of[v])

        def add_and_store(lanes_of: list[Value | None]) -> None:
            s.either(residual.equals(0), partial(store, lanes_of, False), partial(store, lanes_of, True))

        s.either(
            columns >= width * s.lanes,
            partial(add_and_store, [None] * width),
            partial(add_and_store, [columns - v * s.lanes for v in range(width)]),
        )

    def widths(height: int) -> None:
        s.switch(panels, [partial(tile, height, width) for width in range(1, panels_of(s.target) + 1)], first=1)

    s.switch(rows, [partial(widths, height) for height in range(1, rows_of(s.target) + 1)], first=1)
