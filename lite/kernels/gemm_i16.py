"""The register tile of products of int16, int32 sums modulo 2^32: what Winograd's way makes of products of codes.

A tile is up to INT8_ROWS rows by one or two panels, each as wide as a vector of int32, whose weights follow each other:
[steps][panel][lanes][2]. A step takes two neighboring elements of every row, by vpdpwssd or by what adds products of
neighbors on other targets.
"""
from __future__ import annotations

from functools import partial

from lite.kernels.codes8 import Codes
from lite.kernels.declare import Int, Pointer
from lite.kernels.gemm_i8 import PANELS, rows_of
from lite.kernels.simd import Simd, micro
from lite.kernels.value import Value


@micro("gemm_tile_i16", Int, Int, Pointer, Int, Int, Pointer, Pointer, Pointer, Int)
def gemm_tile_i16(
    s: Simd,
    rows: Value,
    panels: Value,
    x: Value,
    x_stride: Value,
    steps: Value,
    weights: Value,
    m: Value,
    ahead: Value,
    ahead_step: Value,
) -> None:
    """m[r, panels x lanes] = the sum over depth of x[r] * weights, of rows that are x_stride bytes apart.

    steps: depth / 2, rounded up; ahead, ahead_step: see gemm_tile_f32.
    """
    c = Codes(s)

    def tile(height: int, width: int) -> None:
        row_bytes = width * s.vector_bytes

        def step(k: Value, weight: Value, ahead: Value, *sums: Value) -> tuple[Value, ...]:
            s.prefetch(ahead)
            w = [c.shorts_at(weight + v * s.vector_bytes) for v in range(width)]
            new: list[Value] = []
            for r in range(height):
                pair = c.pair_at(x + x_stride * r + 4 * k)
                new += [c.dot_shorts(sums[r * width + v], pair, w[v]) for v in range(width)]
            return weight + row_bytes, ahead + ahead_step, *new

        _, _, *sums = s.loop(steps, step, weights, ahead, *[c.number(0)] * (height * width))
        for cell, total in enumerate(sums):
            c.store_words(total, m + cell * s.vector_bytes)

    def widths(height: int) -> None:
        s.switch(panels, [partial(tile, height, width) for width in range(1, PANELS + 1)], first=1)

    s.switch(rows, [partial(widths, height) for height in range(1, rows_of(s.target) + 1)], first=1)
