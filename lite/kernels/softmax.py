"""Softmax and log-softmax, fp32, along one axis of [outer, n, inner].

inner = 1: a row is contiguous and its vectors are combined across lanes at the end, four rows side by side, because one
row's maximum, sum and division would wait for each other. Otherwise neighboring columns are the lanes of a vector and
every column is reduced on its own. The maximum is subtracted first, so no exponential overflows. It passes over NaN,
which the sum then takes to the whole row.
"""
from __future__ import annotations

from lite.kernels import vmath
from lite.kernels.declare import Int, Pointer, kernel
from lite.kernels.simd import Simd, micro
from lite.kernels.value import Value

_ROWS = 4


@micro("softmax_rows_f32", Pointer, Pointer, Int, Int, Int)
def softmax_rows_f32(s: Simd, x: Value, y: Value, rows: Value, n: Value, logarithm: Value) -> None:
    """y[rows, n] = softmax of each row of x, or its logarithm; x and y may be the same."""

    def some(first: Value, count: int) -> None:
        """`count` rows, from byte `first` on; what is done to a row does not depend on their number."""
        offsets = [first + n * (4 * r) for r in range(count)]
        nothing = s.splat(float("-inf"))

        def load(i: Value, lanes: Value | None) -> list[Value]:
            return [s.load(x + offset + 4 * i, lanes, float("-inf")) for offset in offsets]

        def higher(i: Value, lanes: Value | None, *tops: Value) -> tuple[Value, ...]:
            return tuple(s.max(top, new) for top, new in zip(tops, load(i, lanes), strict=True))

        tops = [s.across(top, s.max) for top in s.span(n, higher, *[nothing] * count)]

        def exponentials(keep: bool) -> list[Value]:
            def add(i: Value, lanes: Value | None, *totals: Value) -> tuple[Value, ...]:
                shifted = [value - top for value, top in zip(load(i, lanes), tops, strict=True)]
                new = [vmath.exp_negative(s, value) for value in shifted]
                for offset, e in zip(offsets, new, strict=True):
                    if keep:
                        s.store(e, y + offset + 4 * i, lanes)
                return tuple(total + e for total, e in zip(totals, new, strict=True))

            return [s.across(total, Value.__add__) for total in s.span(n, add, *[s.splat(0.0)] * count)]

        def softmax() -> None:
            scales = [1.0 / total for total in exponentials(keep=True)]

            def scale(i: Value, lanes: Value | None) -> None:
                for offset, factor in zip(offsets, scales, strict=True):
                    s.store(s.load(y + offset + 4 * i, lanes) * factor, y + offset + 4 * i, lanes)

            s.span(n, scale)

        def log_softmax() -> None:
            logs = [vmath.log(s, total) for total in exponentials(keep=False)]

            def shift(i: Value, lanes: Value | None) -> None:
                for offset, value, top, log in zip(offsets, load(i, lanes), tops, logs, strict=True):
                    s.store(value - top - log, y + offset + 4 * i, lanes)

            s.span(n, shift)

        s.either(logarithm > 0, log_softmax, softmax)

    together = rows & -_ROWS
    s.loop(together, lambda row: some(row * n * 4, _ROWS), step=_ROWS)
    s.loop(rows, lambda row: some(row * n * 4, 1), start=together)


@micro("softmax_columns_f32", Pointer, Pointer, Int, Int, Int, Int)
def softmax_columns_f32(s: Simd, x: Value, y: Value, n: Value, stride: Value, columns: Value, logarithm: Value) -> None:
    """The same for `columns` neighboring columns of n elements each, `stride` bytes apart."""

    def some(i: Value, lanes: Value | None) -> None:
        source, target = x + 4 * i, y + 4 * i

        def at(k: Value) -> Value:
            return s.load(source + k * stride, lanes)

        (largest,) = s.loop(n, lambda k, top: (s.max(top, at(k)),), s.splat(float("-inf")))

        def softmax() -> None:
            def exponential(k: Value, total: Value) -> tuple[Value, ...]:
                e = vmath.exp_negative(s, at(k) - largest)
                s.store(e, target + k * stride, lanes)
                return (total + e,)

            (total,) = s.loop(n, exponential, s.splat(0.0))
            scale = 1.0 / total
            s.loop(n, lambda k: s.store(s.load(target + k * stride, lanes) * scale, target + k * stride, lanes))

        def log_softmax() -> None:
            (total,) = s.loop(n, lambda k, total: (total + vmath.exp_negative(s, at(k) - largest),), s.splat(0.0))
            offset = vmath.log(s, total)
            s.loop(n, lambda k: s.store(at(k) - largest - offset, target + k * stride, lanes))

        s.either(logarithm > 0, log_softmax, softmax)

    s.span(columns, some)


@kernel
def softmax_f32(
    x: Pointer,
    y: Pointer,
    outer: Int,
    n: Int,
    inner: Int,
    logarithm: Int,
    block: Int,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """y = softmax of x[outer, n, inner] along n, or where `logarithm` is 1 its logarithm.

    Units: blocks of `block` of outer.
    """
    first, last = begin * block, min(end * block, outer)
    if inner == 1:
        softmax_rows_f32(x + first * n * 4, y + first * n * 4, last - first, n, logarithm)
        return
    for row in range(first, last):
        offset = row * n * inner * 4
        softmax_columns_f32(x + offset, y + offset, n, inner * 4, inner, logarithm)
