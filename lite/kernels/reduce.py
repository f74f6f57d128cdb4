"""Reductions, fp32, over any axes: y = finish(combine of term(x)), see codes.REDUCE.

The caller merges dimensions into kept ones, reduced ones and an innermost run of n contiguous elements, which is either
reduced as well (lanes are combined at the end) or kept (neighboring results are the lanes of a vector). The last
reduced dimension outside the run is walked with its results in registers, the others through y.
"""
from __future__ import annotations

from collections.abc import Callable
from functools import partial

from lite.kernels.codes import REDUCE
from lite.kernels.declare import Float, Int, Pointer, kernel
from lite.kernels.index import row_offset
from lite.kernels.simd import Simd, micro
from lite.kernels.value import Value

Term = Callable[[Simd, Value], Value]
Join = Callable[[Simd, Value, Value], Value]

# name -> what starts it, the term of an element, how two are combined
_MODES: dict[str, tuple[float, Term, Join]] = {
    "sum": (0.0, lambda s, x: x, lambda s, a, b: a + b),
    "max": (float("-inf"), lambda s, x: x, Simd.max_nan),
    "min": (float("inf"), lambda s, x: x, Simd.min_nan),
    "prod": (1.0, lambda s, x: x, lambda s, a, b: a * b),
    "sum_square": (0.0, lambda s, x: x * x, lambda s, a, b: a + b),
    "sum_abs": (0.0, lambda s, x: s.abs(x), lambda s, a, b: a + b),
}


@micro("reduce_row_f32", Int, Pointer, Pointer, Int, Int, Int, Int)
def reduce_row_f32(
    s: Simd, mode: Value, x: Value, y: Value, n: Value, rows: Value, row_bytes: Value, first: Value
) -> None:
    """y[0] = combine of y[0] (unless `first`) and `rows` rows of n elements."""

    def one(start: float, term: Term, join: Join) -> None:
        identity = s.splat(start)
        combine = partial(join, s)

        def row(r: Value, total: Value) -> tuple[Value, ...]:
            here = x + r * row_bytes
            terms = s.reduce(n, lambda i, lanes: term(s, s.load(here + 4 * i, lanes, start)), combine, identity)
            return (combine(total, terms),)

        (total,) = s.loop(rows, row, identity)
        before = s.select(s.everywhere(first > 0), identity, s.broadcast(y))
        s.store(combine(before, total), y, s.constant(1))

    s.switch(mode, [partial(one, *_MODES[name]) for name in REDUCE])


@micro("reduce_columns_f32", Int, Pointer, Pointer, Int, Int, Int, Int)
def reduce_columns_f32(
    s: Simd, mode: Value, x: Value, y: Value, n: Value, rows: Value, row_bytes: Value, first: Value
) -> None:
    """y[n] = combine of y[n] (unless `first`) and `rows` rows of n elements, column by column."""

    def one(start: float, term: Term, join: Join) -> None:
        identity = s.splat(start)
        combine = partial(join, s)

        def block(i: Value, vectors: int, lanes: Value | None) -> None:
            def row(r: Value, *totals: Value) -> tuple[Value, ...]:
                here = x + r * row_bytes + 4 * i
                terms = [term(s, s.load(here + v * s.vector_bytes, lanes)) for v in range(vectors)]
                return tuple(combine(total, new) for total, new in zip(totals, terms, strict=True))

            for v, total in enumerate(s.loop(rows, row, *[identity] * vectors)):
                place = y + 4 * i + v * s.vector_bytes
                before = s.select(s.everywhere(first > 0), identity, s.load(place, lanes))
                s.store(combine(before, total), place, lanes)

        s.blocks(n, 4, block)

    s.switch(mode, [partial(one, *_MODES[name]) for name in REDUCE])


@micro("reduce_finish_f32", Pointer, Int, Float, Int)
def reduce_finish_f32(s: Simd, y: Value, n: Value, scale: Value, root: Value) -> None:
    """y[n] *= scale, after a square root where `root` is 1."""
    factor = s.splat(scale)

    def finish(transform: Callable[[Value], Value]) -> None:
        s.span(n, lambda i, lanes: s.store(transform(s.load(y + 4 * i, lanes)) * factor, y + 4 * i, lanes))

    s.either(root > 0, lambda: finish(s.sqrt), lambda: finish(lambda x: x))


@kernel
def reduce_f32(
    x: Pointer,
    y: Pointer,
    mode: Int,
    kept: Pointer,
    results: Int,
    reduced: Pointer,
    passes: Int,
    rows: Int,
    row_bytes: Int,
    n: Int,
    across: Int,
    scale: Float,
    root: Int,
    result_block: Int,
    block: Int,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """y = scale * combine over the reduced elements (square root first where `root` is 1); mode: index in codes.REDUCE.

    kept, reduced: dimensions for index.row_offset; `results` and `passes` are the numbers of their elements. rows,
    row_bytes: the last reduced dimension. across: 1 where the n innermost elements are reduced too, 0 where they are
    kept. Units: blocks of result_block results x, where the run is kept, blocks of `block` of its elements.
    """
    blocks = 1 if across else (n + block - 1) // block
    for unit in range(begin, end):
        first_result = unit // blocks * result_block
        first = unit % blocks * block
        for result in range(first_result, min(first_result + result_block, results)):
            source = x + row_offset(kept, result, 0)
            width = 1 if across else min(block, n - first)
            target = y + (result if across else result * n + first) * 4
            for p in range(passes):
                here = source + row_offset(reduced, p, 0)
                if across:
                    reduce_row_f32(mode, here, target, n, rows, row_bytes, p == 0)
                else:
                    reduce_columns_f32(mode, here + first * 4, target, width, rows, row_bytes, p == 0)
            reduce_finish_f32(target, width, scale, root)
