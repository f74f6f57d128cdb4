"""From groups of weights to their scales, offsets and codes: real = code * scale + offset."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from converter.quantize.affine import LEAST_SCALE
from converter.quantize.settings import Quantization
from lite.types import Array

_SHRINKS = 2.0 ** (-np.arange(12) / 8)  # of the widest range, that are tried for the least squares
_FINE_SHRINKS = np.linspace(1.0, 0.4, 31)  # where scales are not rounded
_CHUNK = 1 << 20  # elements at once
_OFFSETS = 16  # that the range of a scale's codes is divided into at least
_SCALES, _TRIED_SCALES = 32, 8  # that there are in an octave: of those that are tried few do
_HALVED_BITS = 8  # of codes to which it makes no difference that scale and offset have 11 bits
_LEAST_HALF = np.float32(2.0**-14)  # that has all of them


@dataclass(frozen=True, slots=True)
class Even:
    """Codes of settings.weight_bits that stand for evenly spaced values.

    is_shared: whether many groups have scale and offset in common, because files have equal ones once: the scales of
    groups with an offset are rounded too, and offsets are whole steps, for fewer than four bits parts of one. Those of
    other groups are float16 numbers.
    """

    settings: Quantization
    is_shared: bool = False

    @property
    def bits(self) -> int:
        """Bits that a code takes."""
        return self.settings.weight_bits

    def fit(self, groups: Array) -> tuple[Array, Array]:
        """scale and offset, float32, of each row of weights [groups, size]."""
        scale, offset = (np.zeros(len(groups), np.float32) for _ in range(2))
        step = max(_CHUNK // max(groups.shape[1], 1), 1)
        for first in range(0, len(groups), step):
            rows = groups[first : first + step].astype(np.float32)
            scale[first : first + step], offset[first : first + step] = self._fit(rows)
        return scale, offset

    def codes(self, w: Array, scale: Array, offset: Array) -> Array:
        """The nearest codes, int32."""
        codes = np.rint((w - offset) / scale)
        return np.clip(codes, -(1 << (self.bits - 1)), (1 << (self.bits - 1)) - 1).astype(np.int32)

    def _fit(self, w: Array) -> tuple[Array, Array]:
        widest = self._range(w, 1.0)
        if not self.settings.is_least_squares:
            return widest
        best, least = widest, np.full(len(w), np.inf)
        for shrink in _FINE_SHRINKS if self.settings.has_offsets and not self.is_shared else _SHRINKS:
            scale, offset = self._range(w, shrink)
            column = scale[:, None], offset[:, None]
            error = np.square(self.codes(w, *column) * column[0] + column[1] - w).sum(axis=1)
            better = error < least
            least = np.where(better, error, least)
            best = np.where(better, scale, best[0]), np.where(better, offset, best[1])
        return best

    def _range(self, w: Array, shrink: float) -> tuple[Array, Array]:
        """Of codes that reach to that part of the widest range."""
        bits = self.bits
        octave = _TRIED_SCALES if self.settings.is_least_squares else _SCALES
        if not self.settings.has_offsets:
            largest = np.abs(w).max(axis=1, initial=0)
            scale = np.float32(shrink) * largest / np.float32((1 << (bits - 1)) - 1)
            return short(np.maximum(scale, np.float32(LEAST_SCALE)), octave), np.zeros_like(scale)
        low, high = (w.min(axis=1), w.max(axis=1)) if w.shape[1] else (np.zeros(len(w), np.float32),) * 2
        scale = np.maximum(np.float32(shrink) * (high - low) / np.float32((1 << bits) - 1), np.float32(LEAST_SCALE))
        offset = (high + low) / np.float32(2) + scale / np.float32(2)  # codes are one more below 0 than above
        if self.is_shared:
            scale = short(scale, _TRIED_SCALES)
            parts = np.float32(max(_OFFSETS >> bits, 1))
            steps = (high + low) / (2 * scale) + np.float32(0.5)
            offset = np.rint(steps * parts) / parts * scale
        elif bits <= _HALVED_BITS:
            scale, offset = _halved(scale, offset)
        return scale, offset


def _halved(scale: Array, offset: Array) -> tuple[Array, Array]:
    """Both rounded to float16, which takes 2 bytes in a file, but where the scale would lose precision."""
    with np.errstate(over="ignore"):
        near, near_offset = (x.astype(np.float16).astype(np.float32) for x in (scale, offset))
    fits = (scale >= _LEAST_HALF) & np.isfinite(near) & np.isfinite(near_offset)
    return np.where(fits, near, scale), np.where(fits, near_offset, offset)


def short(scale: Array, octave: int = _SCALES) -> Array:
    """Scales rounded up to one of a few values in each octave, since equal ones are stored once."""
    fraction, exponent = np.frexp(scale)
    rounded: Array = np.ldexp(np.ceil(fraction * np.float32(2 * octave)) / np.float32(2 * octave), exponent)
    return rounded
