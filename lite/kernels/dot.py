"""Matrix product of one row with few columns, fp32: each a sum along the depth, vectors along it too.

The register tile has a vector across the columns: where there are fewer, most of what it reads of the packed weights is
nothing, and its one sum waits for every multiply-add before it. Here the weights are [column][depth], as they come.
"""
from __future__ import annotations

from lite.kernels.declare import Float, Int, Pointer, kernel
from lite.kernels.elementwise import activate_rows
from lite.kernels.simd import Simd, micro
from lite.kernels.value import Value


@micro("dot_columns_f32", Pointer, Pointer, Int, Int, Pointer, Pointer, Pointer, Float, Float)
def dot_columns_f32(
    s: Simd,
    a: Value,
    weights: Value,
    columns: Value,
    depth: Value,
    bias: Value,
    residual: Value,
    y: Value,
    low: Value,
    high: Value,
) -> None:
    """y[columns] = clamp(weights[columns, depth] @ a[depth] + bias + residual, low, high); residual: 0 for none."""
    floor, ceiling = s.splat(low), s.splat(high)

    def column(c: Value) -> None:
        here = weights + c * depth * 4

        def term(i: Value, lanes: Value | None) -> Value:
            return s.load(a + 4 * i, lanes) * s.load(here + 4 * i, lanes)

        total = s.reduce(depth, term, Value.__add__, s.splat(0.0)) + s.broadcast(bias + 4 * c)

        def store(result: Value) -> None:
            s.store(s.min(s.max(result, floor), ceiling), y + 4 * c, s.constant(1))

        s.either(residual.equals(0), lambda: store(total), lambda: store(total + s.broadcast(residual + 4 * c)))

    s.loop(columns, column)


@kernel
def dot_f32(
    a: Pointer,
    w: Pointer,
    bias: Pointer,
    y: Pointer,
    columns: Int,
    depth: Int,
    column_block: Int,
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
    """y[columns] of one row a[depth] and w[columns, depth]; residual, function, alpha, beta: see matmul_f32.

    Units: blocks of column_block columns.
    """
    first = begin * column_block
    count = min(end * column_block, columns) - first
    offset = first * 4
    added = residual + offset if residual != 0 else 0
    dot_columns_f32(a, w + offset * depth, count, depth, bias + offset, added, y + offset, low, high)
    activate_rows(y + offset, 1, 0, count, function, alpha, beta)
