"""Observe a tensor over all samples, and derive its range.

    minmax      the least and the largest element of all samples
    average     the same of each sample, averaged: each next sample counts for a tenth
    percentile  without the largest elements on either side, so many that the given share of all is left
    kl          codes whose distribution tells most of that of the elements: least Kullback-Leibler divergence
    mse         codes that are closest to the elements: the least sum of squares

The last three keep a histogram of each tensor. What they find does not depend on the order of samples.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Protocol

import numpy as np

from converter.quantize.affine import activation_affine
from converter.quantize.settings import Quantization
from lite.types import Array

_MOMENTUM = 0.9  # of what "average" has seen before
_HALF = 8192  # bins on either side of 0
_CHUNK = 1 << 18  # elements put into bins at once
_SHRINKS = tuple(np.geomspace(1.0, 0.05, 60).tolist())  # of the widest range, that are tried
_FEW_SHRINKS = tuple(np.geomspace(1.0, 0.3, 25).tolist())  # that leave several bins to a code, to compare it with
_ROUNDS = 3  # of trying one end, then the other


class Observer(Protocol):
    """Watches one tensor."""

    def see(self, x: Array) -> None:
        """Take one sample's elements into account, those that are finite."""
        ...

    def range(self) -> tuple[float, float]:
        """The range that codes shall represent; (0, 0) where no sample was seen."""
        ...


class MinMax:
    """The least and the largest element of all samples."""

    def __init__(self) -> None:
        self._low, self._high = np.inf, -np.inf

    def see(self, x: Array) -> None:
        """Widen the range."""
        ends = _ends(x)
        if ends is not None:
            self._low, self._high = min(self._low, ends[0]), max(self._high, ends[1])

    def range(self) -> tuple[float, float]:
        """The widest."""
        return (self._low, self._high) if self._low <= self._high else (0.0, 0.0)


class Average:
    """The least and the largest element of each sample, averaged."""

    def __init__(self) -> None:
        self._range: tuple[float, float] | None = None

    def see(self, x: Array) -> None:
        """Move the range a tenth of the way."""
        ends = _ends(x)
        if ends is not None:
            low, high = self._range or ends
            self._range = low + (1 - _MOMENTUM) * (ends[0] - low), high + (1 - _MOMENTUM) * (ends[1] - high)

    def range(self) -> tuple[float, float]:
        """What was reached."""
        return self._range or (0.0, 0.0)


class Histogram:
    """How many elements are in each of equal bins around 0, whose width doubles when an element is beyond the last.

    Widths are powers of two, so that bins are halves of later ones, and counts what they would be with these alone.
    """

    def __init__(self, choose: Callable[[Array, Array, tuple[float, float]], tuple[float, float]]) -> None:
        """choose: the range, by the middles of bins that are not empty, their counts, and the widest range."""
        self._choose = choose
        self._widest = MinMax()
        self._counts = np.zeros(2 * _HALF, np.int64)
        self._width = 0.0

    def see(self, x: Array) -> None:
        """Count."""
        finite = x if np.isfinite(x).all() else x[np.isfinite(x)]
        if not finite.size:
            return
        self._widest.see(finite)
        largest = max(map(abs, self._widest.range()))
        if largest >= self._width * _HALF:
            self._widen(largest)
        flat = finite.reshape(-1)
        for first in range(0, flat.size, _CHUNK):
            places = np.floor(flat[first : first + _CHUNK] / np.float32(self._width)).astype(np.int64) + _HALF
            self._counts += np.bincount(places, minlength=2 * _HALF)

    def range(self) -> tuple[float, float]:
        """As chosen from the counts."""
        used = np.flatnonzero(self._counts)
        widest = self._widest.range()
        if not used.size or widest == (0.0, 0.0):
            return widest
        return self._choose((used - _HALF + 0.5) * self._width, self._counts[used].astype(np.float64), widest)

    def _widen(self, largest: float) -> None:
        """Let bins reach beyond `largest`."""
        width = 2.0 ** (np.frexp(max(largest, 2.0**-100))[1] - _HALF.bit_length() + 1)
        while 0 < self._width < width and self._counts.any():
            pairs = self._counts.reshape(-1, 2).sum(axis=1)
            self._counts[:] = 0
            self._counts[_HALF // 2 : _HALF // 2 + _HALF] = pairs
            self._width *= 2
        self._width = float(width)


def observer(settings: Quantization) -> Observer:
    """A new observer of the kind that the settings say."""
    bits, share = settings.activation_bits, settings.percentile / 100
    if settings.observer == "minmax":
        return MinMax()
    if settings.observer == "average":
        return Average()
    if settings.observer == "percentile":
        return Histogram(lambda middles, counts, widest: _without_outliers(middles, counts, widest, share))
    loss, shrinks = (_squares, _SHRINKS) if settings.observer == "mse" else (_divergence, _FEW_SHRINKS)
    return Histogram(lambda middles, counts, widest: _least(partial(loss, middles, counts), widest, bits, shrinks))


def _ends(x: Array) -> tuple[float, float] | None:
    """The least and the largest finite element."""
    low, high = (float(x.min()), float(x.max())) if x.size else (0.0, 0.0)
    if np.isfinite(low) and np.isfinite(high):
        return (low, high) if x.size else None
    return _ends(x[np.isfinite(x)])


def _without_outliers(
    middles: Array, counts: Array, widest: tuple[float, float], share: float
) -> tuple[float, float]:
    """The range without outliers, half of them on either side; none are cut off on a side that ends with 0."""
    lost = (1 - share) / 2 * counts.sum()
    low = middles[min(np.searchsorted(np.cumsum(counts), lost, "right"), len(middles) - 1)]
    high = middles[max(len(middles) - 1 - np.searchsorted(np.cumsum(counts[::-1]), lost, "right"), 0)]
    return max(min(float(low), 0.0), min(widest[0], 0.0)), min(max(float(high), 0.0), max(widest[1], 0.0))


def _least(
    loss: Callable[[tuple[float, float], int], float], widest: tuple[float, float], bits: int, shrinks: Sequence[float]
) -> tuple[float, float]:
    """The range with the least loss: both ends are moved inwards together, then each alone; of equals the widest."""
    low, high = best = min(widest[0], 0.0), max(widest[1], 0.0)
    least = loss(best, bits)
    for left, right in _candidates(shrinks, low < 0 < high):
        ends = best[0] if left is None else low * left, best[1] if right is None else high * right
        value = loss(ends, bits)
        if value < least:
            best, least = ends, value
    return best


def _candidates(shrinks: Sequence[float], two_sided: bool) -> Iterator[tuple[float | None, float | None]]:
    """The pairs of ends to try; None for an end that stays at the best so far."""
    yield from ((shrink, shrink) for shrink in shrinks)
    for _ in range(_ROUNDS if two_sided else 0):
        yield from ((None, shrink) for shrink in shrinks)
        yield from ((shrink, None) for shrink in shrinks)


def _squares(middles: Array, counts: Array, ends: tuple[float, float], bits: int) -> float:
    """The sum of the squared errors of the codes."""
    codes, scale, zero_point = _codes(middles, ends, bits)
    return float((counts * np.square((codes - zero_point) * scale - middles)).sum())


def _divergence(middles: Array, counts: Array, ends: tuple[float, float], bits: int) -> float:
    """Of the counts, those beyond the ends put there, from what codes tell: equal counts in the bins of a code.

    The bin that has 0 does not count: 0 is exact with any codes, and often most of a tensor.
    """
    others = np.arange(middles.size) != np.searchsorted(middles, 0)
    middles, counts = middles[others], counts[others]
    inside = np.flatnonzero((middles >= ends[0]) & (middles <= ends[1]))
    if inside.size < 2:
        return np.inf
    first, last = inside[0], inside[-1]
    known = counts[first : last + 1]
    full = known.copy()
    full[0] += counts[:first].sum()
    full[-1] += counts[last + 1 :].sum()
    codes = (_codes(middles[first : last + 1], ends, bits)[0] + (1 << (bits - 1))).astype(np.int64)
    told = (np.bincount(codes, known) / np.maximum(np.bincount(codes), 1))[codes]
    return float((full * np.log(full / told)).sum() / full.sum() + np.log(told.sum() / full.sum()))


def _codes(middles: Array, ends: tuple[float, float], bits: int) -> tuple[Array, float, int]:
    affine = activation_affine(*ends, bits)
    scale, zero_point = affine.scale[0], affine.zero_point[0]
    return np.clip(np.rint(middles / scale) + zero_point, affine.low, affine.high), scale, zero_point
