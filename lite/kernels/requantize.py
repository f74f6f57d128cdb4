"""From int32 sums to int8 codes, four vectors at a time: what every kernel on codes ends with.

A sum times its scale is rounded to int32; from there on everything saturates, so that two packings, to int16 and to
int8, do most of the clamping: the zero point is added to int16, the bounds of a fused activation are taken on bytes.
A sum times its scale is less than 2^31: delegates see to that (lite/delegates/cpu/ends_i8.py).

The numbers for this are 4 bytes each, at `ends`: [zero point, least and largest code of the result; where other codes
are added first: the factor of the sum's own codes, the factor and the zero point of the others, and the least and
largest of the sum's own codes less their zero point]. Factors and the last two are float32, all else int32.
"""
from __future__ import annotations

from lite.kernels.codes8 import Codes
from lite.kernels.value import Value


class Requantize:
    """Emits that for the numbers at an address, which are loaded here. adding: whether other codes are added."""

    def __init__(self, codes: Codes, ends: Value, adding: bool = False) -> None:
        s = self._s = codes.s
        self._c = codes
        self._zero, self._low, self._high = codes.short(ends), codes.byte(ends + 4), codes.byte(ends + 8)
        if adding:
            self._own, self._factor = s.broadcast(ends + 12), s.broadcast(ends + 16)
            self._origin = codes.word(ends + 20)
            self._least, self._most = s.broadcast(ends + 24), s.broadcast(ends + 28)

    def added(self, real: Value, others: Value) -> Value:
        """What becomes codes where those of `real`, sums times their scale, and those at an address are added."""
        s, c = self._s, self._c
        own = c.rounded(s.min(s.max(real, self._least), self._most))
        return s.to_float(own) * self._own + s.to_float(c.load(others) - self._origin) * self._factor

    def codes(self, reals: list[Value]) -> Value:
        """Four vectors of sums times their scale as bytes, the quarters of every 128 bits in turn."""
        c = self._c
        rounded = [c.rounded(real) for real in reals]
        low, high = (c.add_short(c.shorts(*pair), self._zero) for pair in (rounded[:2], rounded[2:]))
        return c.between(c.bytes(low, high), self._low, self._high)
