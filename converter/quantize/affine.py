"""From ranges and weights to scales, zero points and codes."""
from __future__ import annotations

import numpy as np

from lite.ops.quantized import Affine
from lite.types import Array

_LEAST_SCALE = 2.0**-40  # of a tensor that is 0 everywhere
_FRACTION = 64  # scales of weights are multiples of the power of two above them by 1 / _FRACTION


def activation_affine(low: float, high: float, bits: int) -> Affine:
    """Codes of `bits` for real numbers in [low, high], and for 0, which is exact."""
    low, high = min(low, 0.0), max(high, 0.0)
    steps = (1 << bits) - 1
    scale = max((high - low) / steps, _LEAST_SCALE)
    least = -(1 << (bits - 1))
    zero_point = int(np.clip(round(least - low / scale), least, least + steps))
    return Affine((scale,), (zero_point,), bits=bits)


def weight_affine(w: Array, axis: int, bits: int = 8) -> Affine:
    """Codes of `bits` for weights, symmetric around 0, a scale for each element of `axis`.

    Scales are rounded up, by 3.2 % at most, to one of 32 in an octave: equal ones are stored once.
    """
    others = tuple(d for d in range(w.ndim) if d != axis)
    largest = np.abs(w).max(axis=others, initial=0).astype(np.float64)
    fraction, exponent = np.frexp(np.maximum(largest / ((1 << (bits - 1)) - 1), _LEAST_SCALE))
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
