"""The matrix product's register tile: shared by matmul, convolution and fully connected layers, fp32.

A tile is TILE_ROWS x TILE_COLUMNS of the result, held in vector registers while the depth runs (6 x 16 on AVX2: 12
accumulators, 2 weight vectors, 1 broadcast of 16 registers; 12 x 16 on AVX-512, 12 x 8 on NEON). Rows are given by
address, one table entry per (tap, row): a convolution's rows are the input pixels under one filter tap, a matrix
product has one tap.
Weights are packed [panel][tap][depth][TILE_COLUMNS], zeros beyond the last column; bias alike, [panel][TILE_COLUMNS].
A row count that the tile does not divide is spread evenly (49 rows: tiles of 6 and 5), so no tile is a thin remainder.
Columns that fill at most half of a tile are computed by one of half the width, of weights that are packed all the same.
Weights are seldom in a near cache when their panel's turn comes, so each of a panel's tiles prefetches its share of the
panel that follows in memory, a little at every step of the depth.
"""
from __future__ import annotations

from functools import partial

from lite.kernels.declare import Float, Int, Pointer, Target, constant, routine
from lite.kernels.simd import Simd, micro
from lite.kernels.value import Value
from lite.records import replace


def tile_vectors(target: Target) -> int:
    """Vectors across a tile: two, or one where a vector alone has 16 lanes and half-empty panels would cost more."""
    return 1 if target.lanes >= 16 else 2


def tile_rows(target: Target) -> int:
    """Rows of a tile: what the registers hold beside the weight vectors, a broadcast and a product; at most 12."""
    vectors = tile_vectors(target)
    return min(12, (target.registers - vectors - 2) // vectors)


TILE_ROWS = constant("tile_rows", tile_rows)
TILE_COLUMNS = constant("tile_columns", lambda target: tile_vectors(target) * target.lanes)


@routine
def share(tiles: int) -> int:
    """Bytes that each of a panel's `tiles` tiles prefetches at each step, so that together they have the next panel."""
    width: int = TILE_COLUMNS() * 4
    return (width + tiles - 1) // tiles


def _sums(
    s: Simd,
    vectors: int,
    height: int,
    table: Value,
    taps: Value,
    depth: Value,
    weights: Value,
    row_bytes: int,
    start: list[Value],
    ahead: Value,
    ahead_step: Value,
) -> list[Value]:
    """Row by row, `vectors` vectors of start + sum over t, k of x[t, r][k] * weights[t, k, :].

    row_bytes: from one k to the next of the weights.
    """
    cells = [(r, v) for r in range(height) for v in range(vectors)]

    def tap(t: Value, weight: Value, ahead: Value, *sums: Value) -> tuple[Value, ...]:
        x = [s.load_int(table + (t * height + r) * 8) for r in range(height)]

        def step(k: Value, weight: Value, ahead: Value, *sums: Value) -> tuple[Value, ...]:
            s.prefetch(ahead)
            w = [s.load(weight + v * s.vector_bytes) for v in range(vectors)]
            spread = [s.broadcast(address + 4 * k) for address in x]
            new = [s.fma(spread[r], w[v], total) for (r, v), total in zip(cells, sums, strict=True)]
            return weight + row_bytes, ahead + ahead_step, *new

        return s.loop(depth, step, weight, ahead, *sums)

    _, _, *sums = s.loop(taps, tap, weights, ahead, *(start[v] for _, v in cells))
    return sums


@micro("product_tile_f32", Pointer, Int, Int, Pointer, Pointer, Int, Pointer, Int)
def product_tile_f32(
    s: Simd,
    table: Value,
    rows: Value,
    depth: Value,
    weights: Value,
    y: Value,
    y_stride: Value,
    ahead: Value,
    ahead_step: Value,
) -> None:
    """gemm_tile_f32 of one tap and all columns, and nothing else: short, for kernels that have a copy of their own."""
    vectors = tile_vectors(s.target)
    row_bytes = vectors * s.vector_bytes

    def tile(height: int) -> None:
        start = [s.splat(0.0)] * vectors
        taps = s.constant(1)
        sums = _sums(s, vectors, height, table, taps, depth, weights, row_bytes, start, ahead, ahead_step)
        for cell, total in enumerate(sums):
            s.store(total, y + y_stride * (cell // vectors) + cell % vectors * s.vector_bytes)

    s.switch(rows, [partial(tile, height) for height in range(1, tile_rows(s.target) + 1)], first=1)


@micro(
    "gemm_tile_f32",
    *(Pointer, Int, Int, Int, Pointer, Pointer, Int, Int, Pointer, Pointer, Float, Float, Pointer, Int),
    home=__name__,
)
def gemm_tile_f32(
    s: Simd,
    table: Value,
    rows: Value,
    taps: Value,
    depth: Value,
    weights: Value,
    y: Value,
    y_stride: Value,
    columns: Value,
    bias: Value,
    residual: Value,
    low: Value,
    high: Value,
    ahead: Value,
    ahead_step: Value,
) -> None:
    """y[r, :columns] = clamp(bias + sum over t, k of x[t, r][k] * weights[t, k, :] + residual[r, :columns], low, high).

    1 <= rows <= TILE_ROWS, columns <= TILE_COLUMNS. table: address of row r under tap t at [t * rows + r]. y_stride:
    bytes between rows of y and of the residual, which may be y itself; 0 where there is none. ahead, ahead_step: step i
    of the taps x depth prefetches the line at ahead + i * ahead_step, which need not exist; see `share`.
    """
    full = tile_vectors(s.target)
    row_bytes = full * s.vector_bytes
    half = s if full > 1 else Simd(replace(s.target, lanes=s.lanes // 2), s.builder)
    heights = range(1, tile_rows(s.target) + 1)

    def tile(s: Simd, vectors: int, height: int) -> None:
        lanes = s.lanes
        floor, ceiling = s.splat(low), s.splat(high)
        cells = [(r, v) for r in range(height) for v in range(vectors)]
        start = [s.load(bias + v * s.vector_bytes) for v in range(vectors)]
        sums = _sums(s, vectors, height, table, taps, depth, weights, row_bytes, start, ahead, ahead_step)

        def store(lanes_of: list[Value | None], adding: bool) -> None:
            for (r, v), total in zip(cells, sums, strict=True):
                cell = y_stride * r + v * s.vector_bytes
                result = total + s.load(residual + cell, lanes_of[v]) if adding else total
                s.store(s.min(s.max(result, floor), ceiling), y + cell, lanes_of[v])

        def add_and_store(lanes_of: list[Value | None]) -> None:
            s.either(residual.equals(0), lambda: store(lanes_of, False), lambda: store(lanes_of, True))

        s.either(
            columns >= vectors * lanes,
            lambda: add_and_store([None] * vectors),
            lambda: add_and_store([columns - v * lanes for v in range(vectors)]),
        )

    def tiles(s: Simd, vectors: int) -> None:
        s.switch(rows, [partial(tile, s, vectors, height) for height in heights], first=1)

    s.either(columns * 2 > full * s.lanes, partial(tiles, s, full), partial(tiles, half, 1))
