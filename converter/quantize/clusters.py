"""Weights stored as one of a few values that k-means finds, which need not be evenly spaced.

The scale of a channel normalizes its weights. The values are integers of 8 bits, so that any reader of codes can read
them; since only a few occur, files store the index of each (`converter/compact.py`).
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from converter.quantize.affine import LEAST_SCALE
from converter.quantize.ranges import short
from lite.types import Array

_LIMIT = 127
_WIDEST = 8.0  # times the root of a channel's mean square: what is further out is as if it were there
_BINS = 16  # of each integer
_ROUNDS = 60


@dataclass(frozen=True, slots=True)
class Clusters:
    """Like ranges.Even, for values that are not evenly spaced.

    levels: these, integers within +-127, in order. widest: what 127 stands for, times the root of the mean square of a
    channel's weights; 0 for the largest of them, which suits channels of few weights.
    """

    levels: Array
    widest: float
    bits: int = 8

    @classmethod
    def of(cls, w: Array, bits: int) -> Clusters:
        """Up to 2^bits levels for rows of weights, each a channel; 0 is one of them where some weights are 0."""
        far = np.abs(w).max(axis=1, initial=0) / _sizes(w)
        found = [cls._near(w, bits, widest) for widest in (0.0, min(float(far.max(initial=1.0)), _WIDEST))]
        return min(found, key=lambda clusters: clusters._error(w))

    @classmethod
    def _near(cls, w: Array, bits: int, widest: float) -> Clusters:
        edges = np.linspace(-_LIMIT - 0.5, _LIMIT + 0.5, 255 * _BINS + 1)
        scale, _ = cls(edges[:0], widest).fit(w)
        u = np.clip(w / scale[:, None], -_LIMIT, _LIMIT)
        each = np.broadcast_to(np.square(scale, dtype=np.float64)[:, None], u.shape)
        mass = np.histogram(u, edges, weights=each)[0]
        found = _means(mass, (edges[:-1] + edges[1:]) / 2, 1 << bits)
        if (w == 0).any():
            found[np.argmin(np.abs(found))] = 0
        return cls(np.unique(np.rint(found)).astype(np.int32), widest)

    def fit(self, groups: Array) -> tuple[Array, Array]:
        """scale and offset, float32, of each row of weights [groups, size]."""
        reach = _sizes(groups) * self.widest if self.widest else np.abs(groups).max(axis=1, initial=0)
        scale = short(np.maximum(reach / _LIMIT, LEAST_SCALE).astype(np.float32))
        return scale, np.zeros_like(scale)

    def _error(self, w: Array) -> float:
        scale, offset = self.fit(w)
        off = self.codes(w, scale[:, None], offset[:, None]) * scale[:, None] - w
        return float(np.square(off, dtype=np.float64).sum())

    def codes(self, w: Array, scale: Array, offset: Array) -> Array:
        """The nearest levels, int32."""
        middles = (self.levels[1:] + self.levels[:-1]) / 2
        found: Array = self.levels[np.searchsorted(middles, (w - offset) / scale)]
        return found


def _sizes(w: Array) -> Array:
    """The root mean square of the elements of each row that are not 0."""
    count = np.maximum(np.count_nonzero(w, axis=1), 1)
    sizes: Array = np.sqrt(np.square(w, dtype=np.float64).sum(axis=1) / count)
    return np.maximum(sizes, LEAST_SCALE)


def _means(mass: Array, place: Array, count: int) -> Array:
    """k-means of mass in one dimension, beginning where each of the means would have as much of the error."""
    dense = np.cumsum(np.cbrt(mass))
    found: Array = np.interp((np.arange(count) + 0.5) / count, dense / max(dense[-1], 1e-300), place)
    for _ in range(_ROUNDS):
        which = np.searchsorted((found[1:] + found[:-1]) / 2, place)
        own, moment = np.bincount(which, mass, count), np.bincount(which, mass * place, count)
        found = np.sort(np.where(own > 0, moment / np.maximum(own, 1e-300), found))
    return found
