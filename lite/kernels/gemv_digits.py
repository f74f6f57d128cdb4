"""A row of float32 as integers of three bytes, and blocks of its products with nibbles: see gemv_coded.py."""
from __future__ import annotations

from functools import partial

from llvmlite import ir

from lite.kernels.codes8 import I16, Codes
from lite.kernels.declare import Float, Int, Pointer, Target, constant
from lite.kernels.simd import Simd, micro
from lite.kernels.value import I32, Value

STRIPS = 4
_STEP = 8  # elements of a row that are taken at once
_DIGITS = 3
_AHEAD = 2048  # bytes from where codes are read to where they are fetched
_LINE = 64

_ADD_PAIRS = {8: "llvm.x86.avx2.pmadd.ub.sw", 16: "llvm.x86.avx512.pmaddubs.w.512"}  # by lanes


def adds_bytes(target: Target) -> bool:
    """Whether an instruction adds products of nibbles and signed bytes."""
    return bool(target.int8_dot) or (target.machine == "x86_64" and target.lanes in _ADD_PAIRS)


GEMV_DIGITS = constant("gemv_digits", lambda target: int(adds_bytes(target)))


class Nibbles(Codes):
    """Emits products of nibbles, 0 to 15, and signed bytes: sums of eight for each lane."""

    def __init__(self, simd: Simd) -> None:
        super().__init__(simd)
        self._four = ir.VectorType(I32, simd.lanes) if simd.target.int8_dot == "vpdpbusd" else self._bytes

    def nibbles(self, words: Value) -> list[Value]:
        """The lower and the upper nibbles of each byte."""
        return [(x & 0x0F0F0F0F).bitcast(self._four) for x in (words, words >> 4)]

    def four(self, address: Value) -> Value:
        """Four consecutive bytes, in every lane."""
        return self.word(address).bitcast(self._four)

    def add(self, total: Value, x: list[Value], w: list[Value]) -> Value:
        """total + the sums over four bytes of each x * w, lane by lane; x: from `nibbles`, w: from `four`."""
        if self.s.target.int8_dot:
            return self._dot(self._dot(total, x[0], w[0]), x[1], w[1])
        kind, name = ir.VectorType(I16, 2 * self.s.lanes), _ADD_PAIRS[self.s.lanes]
        low, high = (self.s.call(name, kind, a, b) for a, b in zip(x, w, strict=True))
        return total + self._pairs(low + high, self.s.constants(I16, (1,) * kind.count))  # below 2^13 each

    def integers(self, x: Value) -> Value:
        """x, float32 of integers, as int32."""
        return x.rounded_to_zero(self._words)


@micro("row_largest", Pointer, Int, Pointer)
def row_largest(s: Simd, a: Value, n: Value, y: Value) -> None:
    """Writes the largest size of n elements, NaN where there is one, to every lane of y."""
    s.store(s.reduce(n, lambda i, lanes: s.abs(s.load(a + 4 * i, lanes)), s.max_nan, s.splat(0.0)), y)


@micro("row_digits", Pointer, Int, Int, Float, Float, Pointer, Pointer, Int)
def row_digits(
    s: Simd,
    a: Value,
    group: Value,
    groups: Value,
    scale: Value,
    unscale: Value,
    sums: Value,
    digits: Value,
    stride: Value,
) -> None:
    """Writes the bytes of the integers next to a * scale, signed and the lowest first, `stride` bytes apart.

    scale: a power of 2, by which no element is 2^23 / 1.004 or larger; unscale: 1 / scale. sums: of each group of
    `group` elements -8 times those of each byte, int32, and that of the elements, float32. A vector behind the sums and
    behind the bytes is touched.
    """
    if not adds_bytes(s.target):
        return
    c = Nibbles(s)
    by, back = s.splat(scale), s.splat(unscale)

    def one(g: Value) -> None:
        first = g * group

        def body(i: Value, lanes: Value | None, *totals: Value) -> tuple[Value, ...]:
            low = c.integers(s.round(s.load(a + 4 * (first + i), lanes) * by))
            middle = low + 128 >> 8
            high = middle + 128 >> 8
            for k, integer in enumerate((low, middle, high)):
                c.store(integer, digits + stride * k + first + i, None)
            new = (low - (middle << 8), middle - (high << 8), high)
            return tuple(total + digit for total, digit in zip(totals, new, strict=True))

        found = s.span(group, body, *[c.number(0)] * _DIGITS)
        found = tuple(s.across(total, lambda x, y: x + y) for total in found)
        place = sums + 16 * g
        for k, total in enumerate(found):
            s.store(s.from_bits(total * -8), place + 4 * k)
        s.store(_joined(s, list(found)) * back, place + 4 * _DIGITS)

    s.loop(groups, one)


@micro(
    "gemv_block_digits",
    *(Int, Int, Pointer, Pointer, Int, Float, Pointer, Pointer, Pointer, Pointer, Pointer, Pointer, Int, Float, Float),
)
def gemv_block_digits(
    s: Simd,
    groups: Value,
    steps: Value,
    sums: Value,
    digits: Value,
    stride: Value,
    unscale: Value,
    codes: Value,
    scale: Value,
    offset: Value,
    bias: Value,
    residual: Value,
    y: Value,
    columns: Value,
    low: Value,
    high: Value,
) -> None:
    """y[:columns] of a block of nibbles, of what row_digits wrote. steps: of a group. offset, residual: 0 for none."""
    if not adds_bytes(s.target):
        return
    c = Nibbles(s)
    width, strips, back = STRIPS * s.vector_bytes, range(STRIPS), s.splat(unscale)

    def all_of(has_offset: bool) -> None:
        def group(g: Value, digits: Value, codes: Value, *totals: Value) -> tuple[Value, ...]:
            def step(_: Value, digits: Value, codes: Value, *sums: Value) -> tuple[Value, ...]:
                for line in range(0, width, _LINE):
                    s.prefetch(codes + _AHEAD + line)
                x = [[c.four(digits + stride * k + 4 * half) for half in range(2)] for k in range(_DIGITS)]
                new = []
                for v in strips:
                    w = c.nibbles(c.load_words(codes + v * s.vector_bytes))
                    new += [c.add(sums[v * _DIGITS + k], w, x[k]) for k in range(_DIGITS)]
                return digits + _STEP, codes + width, *new

            start = [c.word(sums + 16 * g + 4 * k) for k in range(_DIGITS)]
            digits, codes, *found = s.loop(steps, step, digits, codes, *start * STRIPS)
            here = [g * width + v * s.vector_bytes for v in strips]
            real = [_joined(s, found[v * _DIGITS : (v + 1) * _DIGITS]) for v in strips]
            scaled = [s.fma(x, s.load(scale + i) * back, t) for x, i, t in zip(real, here, totals, strict=True)]
            if has_offset:
                seen = s.broadcast(sums + 16 * g + 4 * _DIGITS)
                scaled = [s.fma(seen, s.load(offset + i), total) for i, total in zip(here, scaled, strict=True)]
            return digits, codes, *scaled

        start = [s.load(bias + v * s.vector_bytes) for v in strips]
        _, _, *totals = s.loop(groups, group, digits, codes, *start)
        finish_block(s, totals, residual, y, columns, low, high)

    s.either(offset.equals(0), partial(all_of, False), partial(all_of, True))


def finish_block(
    s: Simd, totals: list[Value], residual: Value, y: Value, columns: Value, low: Value, high: Value
) -> None:
    """Writes the first `columns` of a block's totals, or of totals + residual, clamped. residual: 0 for none."""
    floor, ceiling = s.splat(low), s.splat(high)

    def store(adding: bool) -> None:
        for v, total in enumerate(totals):
            lanes, place = columns - v * s.lanes, v * s.vector_bytes
            result = total + s.load(residual + place, lanes) if adding else total
            s.store(s.min(s.max(result, floor), ceiling), y + place, lanes)

    s.either(residual.equals(0), partial(store, False), partial(store, True))


def _joined(s: Simd, digits: list[Value]) -> Value:
    """What sums of digits stand for together."""
    low, middle, high = (s.to_float(digit) for digit in digits)
    return s.fma(high, s.splat(65536.0), s.fma(middle, s.splat(256.0), low))
