"""Softmax and log-softmax, fp32, along one axis of [outer, n, inner].

inner = 1: a row is contiguous and its vectors are combined across lanes at the end. Otherwise neighboring columns are
the lanes of a vector and every column is reduced on its own. The maximum is subtracted first, so no exponential
overflows.
"""
from __future__ import annotations

from lite.kernels import vmath
from lite.kernels.declare import Int, Pointer, kernel
from lite.kernels.simd import Simd, Value, micro


@micro("softmax_row_f32", Pointer, Pointer, Int, Int)
def softmax_row_f32(s: Simd, x: Value, y: Value, n: Value, logarithm: Value) -> None:
    """y[n] = softmax(x[n]), or its logarithm; x and y may be the same."""

    def element(i: Value, lanes: Value | None) -> Value:
        return s.load(x + 4 * i, lanes, float("-inf"))

    largest = s.reduce(n, element, s.max_nan, s.splat(float("-inf")))

    def shifted(i: Value, lanes: Value | None) -> Value:
        return element(i, lanes) - largest

    def softmax() -> None:
        def exponential(i: Value, lanes: Value | None) -> Value:
            e = vmath.exp(s, shifted(i, lanes))
            s.store(e, y + 4 * i, lanes)
            return e

        scale = 1.0 / s.reduce(n, exponential, Value.__add__, s.splat(0.0))
        s.span(n, lambda i, lanes: s.store(s.load(y + 4 * i, lanes) * scale, y + 4 * i, lanes))

    def log_softmax() -> None:
        total = s.reduce(n, lambda i, lanes: vmath.exp(s, shifted(i, lanes)), Value.__add__, s.splat(0.0))
        offset = vmath.log(s, total)
        s.span(n, lambda i, lanes: s.store(shifted(i, lanes) - offset, y + 4 * i, lanes))

    s.either(logarithm > 0, log_softmax, softmax)


@micro("softmax_columns_f32", Pointer, Pointer, Int, Int, Int, Int)
def softmax_columns_f32(s: Simd, x: Value, y: Value, n: Value, stride: Value, columns: Value, logarithm: Value) -> None:
    """The same for `columns` neighboring columns of n elements each, `stride` bytes apart."""

    def some(i: Value, lanes: Value | None) -> None:
        source, target = x + 4 * i, y + 4 * i

        def at(k: Value) -> Value:
            return s.load(source + k * stride, lanes)

        (largest,) = s.loop(n, lambda k, top: (s.max_nan(top, at(k)),), s.splat(float("-inf")))

        def softmax() -> None:
            def exponential(k: Value, total: Value) -> tuple[Value, ...]:
                e = vmath.exp(s, at(k) - largest)
                s.store(e, target + k * stride, lanes)
                return (total + e,)

            (total,) = s.loop(n, exponential, s.splat(0.0))
            scale = 1.0 / total
            s.loop(n, lambda k: s.store(s.load(target + k * stride, lanes) * scale, target + k * stride, lanes))

        def log_softmax() -> None:
            (total,) = s.loop(n, lambda k, total: (total + vmath.exp(s, at(k) - largest),), s.splat(0.0))
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
    for row in range(begin * block, min(end * block, outer)):
        offset = row * n * inner * 4
        if inner == 1:
            softmax_row_f32(x + offset, y + offset, n, logarithm)
        else:
            softmax_columns_f32(x + offset, y + offset, n, inner * 4, inner, logarithm)
