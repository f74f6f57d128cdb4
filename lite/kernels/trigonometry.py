"""Sine and cosine of numbers that fit float32, in float64: within 1e-11, of the largest ones too.

Angles are counted in quarter turns. Below 2^25, pi/2 is taken away in two parts, the first so short that its product
with the count is exact. A larger number is m 2^e, m an integer of 24 bits, and whole turns of it do not matter: m times
the 64 bits of 2^e 2/pi from that of 2 on, wrapping around, is its angle modulo 4 in units of 2^-62.
"""
from __future__ import annotations

import math
from typing import Any

import numpy as np

from lite.kernels.declare import routine

_PER_QUARTER = 2 / math.pi
_QUARTER = math.pi / 2
_QUARTER_HIGH = math.floor(_QUARTER * 2**27) / 2**27
_QUARTER_LOW = _QUARTER - _QUARTER_HIGH + 6.123233995736766e-17  # what float64 leaves out of pi/2

# 2/pi: the 192 bits behind the point, as signed integers
_FIRST, _SECOND, _THIRD = (
    int.from_bytes(bytes.fromhex(part), "big", signed=True)
    for part in ("a2f9836e4e441529", "fc2757d1f534ddc0", "db6295993c439041")
)


@routine
def sine(x: float) -> Any:
    """sin x; NaN of what is not finite."""
    return _sine(x, 0)


@routine
def cosine(x: float) -> Any:
    """cos x; NaN of what is not finite."""
    return _sine(x, 1)


@routine
def _sine(x: float, quarters: int) -> Any:
    """sin(x + quarters pi/2)."""
    size = abs(x)
    if not size < np.inf:
        return np.nan
    if size < 33554432.0:
        count = np.int64(size * _PER_QUARTER + 0.5)
        rest = size - np.float64(count) * _QUARTER_HIGH - np.float64(count) * _QUARTER_LOW
    else:
        turn = _turn(size)
        count = np.int64(turn + 2.5) - 2
        rest = (turn - np.float64(count)) * _QUARTER
    if x < 0.0:
        count, rest = -count, -rest
    place = (count + quarters) & 3
    value = _near_cosine(rest * rest) if place & 1 else rest * _near_sine(rest * rest)
    return -value if place & 2 else value


@routine
def _turn(x: float) -> Any:
    """x >= 2^25 as an angle within [-2, 2) quarter turns."""
    m, e = x, 0
    while m >= 16777216.0:
        m *= 0.5
        e += 1
    skip = e - 2
    high, low = (_FIRST, _SECOND) if skip < 64 else (_SECOND, _THIRD)
    skip &= 63
    word = high << skip
    if skip:
        word |= low >> (64 - skip) & ((1 << skip) - 1)
    return np.float64(np.int64(m) * word) * 2.0**-62


@routine
def _near_sine(r2: float) -> float:
    """sin r / r for |r| <= pi/4: Taylor's series to r^13."""
    y = 1 / 6227020800.0
    for c in (-1 / 39916800.0, 1 / 362880.0, -1 / 5040.0, 1 / 120.0, -1 / 6.0, 1.0):
        y = y * r2 + c
    return y


@routine
def _near_cosine(r2: float) -> float:
    """cos r for |r| <= pi/4: Taylor's series to r^12."""
    y = 1 / 479001600.0
    for c in (-1 / 3628800.0, 1 / 40320.0, -1 / 720.0, 1 / 24.0, -0.5, 1.0):
        y = y * r2 + c
    return y
