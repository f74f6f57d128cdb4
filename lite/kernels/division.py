"""Quotients and remainders of int64 and of float64: rounded down, or towards zero; see typed.py for their use."""
from __future__ import annotations

import math
from typing import Any

import numpy as np

from lite.kernels.codes import TYPED
from lite.kernels.declare import f64, i64, routine

DIV, FLOOR_DIV, FLOOR_MOD, MOD = (TYPED.index(name) for name in ("div", "floor_div", "floor_mod", "mod"))

_ROUND = 1.5 * 2.0**52  # adding it, and taking it away, rounds to an integer
_ROUND_BITS = 0x4338 << 48  # its bits: those of an integer within 2^51 added to them are those of their sum
_EXACT = 1 << 50  # integers below are divided as float64


@routine
def floor_divide(a: int, b: int) -> Any:
    """floor(a / b); 0 for b = 0. The division of the least integer by -1 would trap."""
    return -a if b == -1 else a // b


@routine
def divide(a: int, b: int) -> Any:
    """a / b rounded towards zero; 0 for b = 0."""
    floor = floor_divide(a, b)
    return floor + 1 if b != 0 and floor * b != a and (a < 0) != (b < 0) else floor


@routine
def are_exact(a: int, b: int, n: int) -> Any:
    """Whether n int64 at either address are all within _EXACT."""
    x, y = i64(a), i64(b)
    bits = np.int64(0)
    for i in range(n):
        bits |= (x[i] ^ x[i] >> 63) | (y[i] ^ y[i] >> 63)
    return bits < _EXACT


@routine
def divide_exact(function: int, a: int, b: int, n: int) -> None:
    """a[i] = function(a[i], b[i]) for n int64 within _EXACT and a function that divides, by way of float64, in vectors.

    A quotient is rounded, but never to an integer that it is not: it is further from that than by its rounding.
    """
    x, y = f64(a), f64(b)
    for i in range(n):
        i64(a)[i] += _ROUND_BITS
        i64(b)[i] += _ROUND_BITS
    for i in range(n):
        x[i] -= _ROUND
        y[i] -= _ROUND
    for i in range(n):
        quotient = x[i] / y[i]
        size = abs(quotient) if function in (DIV, MOD) else quotient
        whole = size + _ROUND - _ROUND
        whole = whole - 1.0 if whole > size else whole
        whole = -whole if size != quotient else whole
        result = whole if function in (DIV, FLOOR_DIV) else x[i] - y[i] * whole
        x[i] = (result if y[i] != 0.0 else 0.0) + _ROUND
    for i in range(n):
        i64(a)[i] -= _ROUND_BITS


@routine
def remainder(a: float, b: float) -> Any:
    """What is left of a when b, both from float32, is taken away as often as it fits: the sign of a, and exact.

    A quotient under 2^28 has a product with b that fits float64, so larger ones are taken in steps.
    """
    rest, size = abs(a), abs(b)
    if not rest < np.inf or not size > 0.0:
        return np.nan
    while rest >= size:
        part = size
        while rest >= part * 2.0**28:
            part *= 2.0**27
        rest -= np.float64(np.int64(rest / part)) * part
        if rest < 0.0:  # the quotient was rounded up to an integer
            rest += part
    return math.copysign(rest, a)


@routine
def floor_remainder(a: float, b: float) -> Any:
    """The remainder with the sign of b."""
    rest = remainder(a, b)
    if rest == 0.0:
        return math.copysign(0.0, b)
    return rest + b if (rest < 0.0) != (b < 0.0) else rest


@routine
def floor_quotient(a: float, b: float) -> Any:
    """floor(a / b), of exact multiples too; a / b itself for b = 0."""
    if b == 0.0:
        return a / b
    rest = remainder(a, b)
    quotient = (a - rest) / b
    if rest != 0.0 and (rest < 0.0) != (b < 0.0):
        quotient -= 1.0
    return quotient + _ROUND - _ROUND if abs(quotient) < 2.0**51 else quotient
