"""From ranges and weights to scales, zero points and codes."""
from __future__ import annotations

import numpy as np

from lite.ops.quantized import Affine
from lite.types import Array

LEAST_SCALE = 2.0**-40  # of a tensor that is 0 everywhere; files have none below it, or above its inverse
_LEAST_PEAK, _LARGEST_PEAK = 255 * LEAST_SCALE, 63 / LEAST_SCALE  # in 7 bits and 8, on one side of 0 or both
_FRACTION = 32  # scales of weights are multiples of the power of two above them by 1 / _FRACTION


def is_codable(w: Array) -> bool:
    """Whether there are weights, and all are finite and of a magnitude for which there is a scale."""
    return w.size > 0 and is_codable_range(float(w.min()), float(w.max()))


def is_codable_range(low: float, high: float) -> bool:
    """Whether files can have a scale that fits the range; one of 0 alone always fits."""
    return low == high == 0 or _LEAST_PEAK <= max(-low, high) <= _LARGEST_PEAK


def activation_affine(low: float, high: float, bits: int) -> Affine:
    """How codes of `bits` stand for real numbers in [low, high]; the range is widened to include 0, which is exact."""
    low, high = min(low, 0.0), max(high, 0.0)
    steps = (1 << bits) - 1
    scale = max((high - low) / steps, LEAST_SCALE)
    least = -(1 << (bits - 1))
    zero_point = int(np.clip(round(least - low / scale), least, least + steps))
    return Affine((scale,), (zero_point,), bits=bits)


def weight_affine(w: Array, axis: int, bits: int = 8) -> Affine:
    """How codes of `bits` stand for weights: symmetric around 0, with a scale for each element of `axis`.

    Scales are rounded up, by 6.3 % at most, to one of 16 in an octave: equal ones are stored once.
    """
    others = tuple(d for d in range(w.ndim) if d != axis)
    largest = np.abs(w).max(axis=others, initial=0).astype(np.float64)
    fraction, exponent = np.frexp(np.maximum(largest / ((1 << (bits - 1)) - 1), LEAST_SCALE))
    scale = np.ldexp(np.ceil(fraction * _FRACTION) / _FRACTION, exponent)
    return Affine(tuple(scale.tolist()), axis=axis, bits=bits)


def weight_codes(w: Array, affine: Affine) -> Array:
    """The nearest codes of weights, none below -(2^(bits - 1) - 1)."""
    scale, _ = affine.spread(w.ndim)
    codes: Array = np.clip(np.rint(w / scale), -affine.high, affine.high).astype(affine.dtype.dtype)
    return codes


def bias_codes(bias: Array, scale: Array) -> Array:
    """int32 codes of a bias whose scale is that of the products it is added to."""
    limit = (1 << 30) - 1
    codes: Array = np.clip(np.rint(bias.reshape(-1) / scale), -limit, limit).astype(np.int32)
    return codes
