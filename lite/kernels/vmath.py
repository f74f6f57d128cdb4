"""Elementary functions of float32 vectors, built from the explicit-vector layer alone.

Largest error found over dense sweeps of float32 (tests/kernels/test_vmath.py holds these bounds), against float64:

    exp       2e-7 relative; below -86.99 it gives 0 (the result would be under 2^-125), above 88.72 inf
    exp_negative  3e-7 + 1e-7 |x| relative; below -87.3 it is less than 2^-125
    log       3e-7 relative; of 0 it is -inf, of a negative number NaN; subnormal numbers included
    log1p     4e-7 relative
    tanh      4e-7 relative, and so is erf
    sigmoid   3e-7 relative; 0 below -86.99
    softplus  5e-7 relative; 0 below -86.99
    power     3e-7 (2 + |log of the result|) relative
    expm1     5e-7 relative, sinh and cosh 8e-7, asinh, acosh and atanh 6e-7
    atan      3e-7 relative, asin 5e-7; acos 6e-7, or 5e-7 absolute

Coefficients are minimax fits in relative error: e^r = 1 + r + r^2 P(r) on |r| <= ln(2)/2;
2^f = 1 + f P(f) on |f| <= 1/2; log m = 2 (s + s^3 P(s^2)), s = (m - 1) / (m + 1), on
sqrt(1/2) <= m < sqrt(2); tanh x = x P(x^2) / Q(x^2) on |x| <= 9.02; erf alike on |x| <= 3.92.
atan z = z + z^3 P(z^2) on |z| <= tan(pi/8).
NaN gives NaN everywhere.
"""
from __future__ import annotations

import math

from lite.kernels.simd import Simd
from lite.kernels.value import Value

_LOG2_E = 1.4426950408889634
_LN2_HIGH, _LN2_LOW = 0.693359375, -2.12194440e-4  # n * high is exact for |n| < 2^11
_ROUND = 12582912.0  # 1.5 * 2^23: adding it leaves the nearest integer in the low bits
_EXP = (0.0013901277, 0.00836314168, 0.0416668542, 0.166665778, 0.5)
_EXP2 = (0.00132647273, 0.00967151299, 0.0555073358, 0.240222424, 0.693147004)
_LOG = (0.147904798, 0.199943766, 0.333333433)
_TANH_P = (1.33191413e-08, 2.05835368e-05, 0.00349403801, 0.133797213, 1.0)
_TANH_Q = (7.76204899e-07, 0.000328309834, 0.0258710869, 0.467130363, 1.0)
_ERF_P = (2.05008746e-06, 0.000284883718, 0.00376564474, 0.0527488105, 0.190407053, 1.12837911)
_ERF_Q = (3.809177e-05, 0.00116254296, 0.0149692725, 0.114109367, 0.502076626, 1.0)
_ATAN = (0.0805374449538, -0.138776856032, 0.199777106478, -0.333329491539)
_PI_8 = 0.41421356237309503  # its tangent
_PI, _HALF_PI, _QUARTER_PI, _LN_2 = math.pi, math.pi / 2, math.pi / 4, math.log(2)
_MOST = 3.4028234663852886e38


def exp(s: Simd, x: Value) -> Value:
    """e^x = 2^n e^r with n = round(x / ln 2)."""
    x = s.min(s.max(x, -87.5), 89.0)
    shifted = s.fma(x, s.splat(_LOG2_E), _ROUND)
    n = shifted - _ROUND
    r = s.fma(n, s.splat(-_LN2_HIGH), x)
    r = s.fma(n, s.splat(-_LN2_LOW), r)
    y = s.fma(s.polynomial(r, *_EXP), r * r, r) + 1.0
    # The low bits of `shifted` are n; 2^(n-1) is a normal number for n = 128 too, and 0 for n = -126.
    half_scale = s.from_bits((s.bits(shifted) + 126) << 23)
    return s.select(x < -86.99, s.splat(0.0), (y + y) * half_scale)


def exp_negative(s: Simd, x: Value) -> Value:
    """e^x for x <= 0, at half the cost: 2^(n + f) with n + f = x / ln 2, whose rounding is what is lost."""
    t = s.max(x * _LOG2_E, -127.0)
    shifted = t + _ROUND
    y = s.polynomial(t - (shifted - _ROUND), *_EXP2, 1.0)
    # y has the exponent of 1 or 1/2. For n = -127, as f is 0 where t is bounded, all its bits but the fraction's go.
    return s.from_bits(s.bits(y) + (s.bits(shifted) << 23))


def log(s: Simd, x: Value) -> Value:
    """log x = k ln 2 + log m with x = 2^k m, m around 1."""
    tiny = x < 1.17549435e-38
    scaled = s.select(tiny, x * 8388608.0, x)
    # Subtracting the bits of sqrt(1/2) makes the exponent field change at sqrt(1/2) instead of at 1.
    offset = s.bits(scaled) - 0x3F3504F3
    k = s.to_float(offset >> 23) - s.select(tiny, s.splat(23.0), 0.0)
    m = s.from_bits((offset & 0x007FFFFF) + 0x3F3504F3)
    t = (m - 1.0) / (m + 1.0)
    t2 = t * t
    small = s.fma(s.polynomial(t2, *_LOG) * t2, t, t)
    y = s.fma(k, s.splat(_LN2_HIGH), s.fma(k, s.splat(_LN2_LOW), small + small))
    y = s.select(x > 3.4028234663852886e38, x, y)  # inf
    y = s.select(x.equals(0.0), s.splat(float("-inf")), y)
    return s.select(x >= 0.0, y, s.splat(float("nan")))


def tanh(s: Simd, x: Value) -> Value:
    """A rational function of x; 1 beyond 9.02."""
    return _odd_rational(s, x, 9.02, _TANH_P, _TANH_Q)


def erf(s: Simd, x: Value) -> Value:
    """A rational function of x; 1 beyond 3.92."""
    return _odd_rational(s, x, 3.92, _ERF_P, _ERF_Q)


def _odd_rational(s: Simd, x: Value, limit: float, p: tuple[float, ...], q: tuple[float, ...]) -> Value:
    inside = s.min(s.max(x, -limit), limit)
    x2 = inside * inside
    y = inside * s.polynomial(x2, *p) / s.polynomial(x2, *q)
    y = s.min(s.max(y, -1.0), 1.0)
    return s.select(s.abs(x) > limit, s.copysign(s.splat(1.0), x), y)


def sigmoid(s: Simd, x: Value) -> Value:
    """1 / (1 + e^-x)."""
    return s.splat(1.0) / (exp(s, -x) + 1.0)


def softplus(s: Simd, x: Value) -> Value:
    """log(1 + e^x) = max(x, 0) + log(1 + e^-|x|)."""
    return s.max(x, 0.0) + log1p(s, exp(s, -s.abs(x)))


def log1p(s: Simd, x: Value) -> Value:
    """log(1 + x), corrected for the rounding of 1 + x."""
    u = x + 1.0
    y = s.select(u.equals(1.0), x, log(s, u) * (x / (u - 1.0)))
    return s.select(x > 3.4028234663852886e38, x, y)


def power(s: Simd, x: Value, y: Value) -> Value:
    """x^y = +-e^(y log |x|); for zeros, infinities and NaN as IEEE 754 says, for a negative x to a fraction NaN."""
    size = s.abs(x)
    rate = log(s, size)
    product = s.select(y.equals(0.0) | rate.equals(0.0), s.splat(0.0), y * rate)
    root = exp(s, product * 0.5)  # which has room left where the result has none
    positive = root * root
    whole = s.round(y).equals(y)
    odd = whole & (s.abs(s.round(y * 0.5) - y * 0.5) > 0.25)
    result = s.select(odd, s.copysign(positive, x), positive)
    fraction = s.select(whole, s.splat(0.0), s.splat(float("nan")))
    return s.select((x < 0.0) & (size <= 3.4028234663852886e38), result + fraction, result)


def expm1(s: Simd, x: Value) -> Value:
    """e^x - 1, accurate near 0: there 2 t / (1 - t) with t = tanh(x / 2)."""
    t = tanh(s, x * 0.5)
    return s.select(s.abs(x) < 0.5, (t + t) / (1.0 - t), exp(s, x) - 1.0)


def sinh(s: Simd, x: Value) -> Value:
    """(e^x - e^-x) / 2; near 0 it is 2 t / (1 - t^2) with t = tanh(x / 2)."""
    size = s.abs(x)
    t = tanh(s, size * 0.5)
    root = exp(s, size * 0.5)  # whose square may be infinite
    far = root * 0.5 * root - 0.5 / (root * root)
    return s.copysign(s.select(size < 0.5, (t + t) / (1.0 - t * t), far), x)


def cosh(s: Simd, x: Value) -> Value:
    """(e^x + e^-x) / 2"""
    root = exp(s, s.abs(x) * 0.5)
    return root * 0.5 * root + 0.5 / (root * root)


def asinh(s: Simd, x: Value) -> Value:
    """log(|x| + sqrt(x^2 + 1)) with the sign of x."""
    size = s.abs(x)
    square = size * size
    near = log1p(s, size + square / (s.sqrt(square + 1.0) + 1.0))
    return s.copysign(s.select(size > 1e9, log(s, size) + _LN_2, near), x)


def acosh(s: Simd, x: Value) -> Value:
    """log(x + sqrt(x^2 - 1)) for x >= 1."""
    more = x - 1.0
    near = log1p(s, more + s.sqrt(more * (more + 2.0)))
    return s.select(x > 1e9, log(s, x) + _LN_2, s.select(x >= 1.0, near, s.splat(float("nan"))))


def atanh(s: Simd, x: Value) -> Value:
    """log((1 + |x|) / (1 - |x|)) / 2 with the sign of x."""
    size = s.abs(x)
    return s.copysign(log1p(s, (size + size) / (1.0 - size)) * 0.5, x)


def atan(s: Simd, x: Value) -> Value:
    """The angle of the point (1, x)."""
    return s.copysign(_first_quadrant(s, s.abs(x), s.splat(1.0)), x)


def atan2(s: Simd, y: Value, x: Value) -> Value:
    """The angle of the point (x, y), for zeros and infinities as IEEE 754 says."""
    up, across = s.abs(y), s.abs(x)
    corner = (up > _MOST) & (across > _MOST)
    one = s.splat(1.0)
    angle = _first_quadrant(s, s.select(corner, one, up), s.select(corner, one, across))
    angle = s.select(up.equals(0.0) & across.equals(0.0), s.splat(0.0), angle)
    return s.copysign(s.select(s.copysign(one, x) < 0.0, _PI - angle, angle), y)


def _first_quadrant(s: Simd, y: Value, x: Value) -> Value:
    """atan(y / x) for x and y >= 0: turned by pi/4 or pi/2 to within pi/8."""
    steep, middle = (y * _PI_8 > x) | x.equals(0.0), y > x * _PI_8
    half_x, half_y = x * 0.5, y * 0.5  # whose sum is finite
    up = s.select(steep, -x, s.select(middle, half_y - half_x, y))
    across = s.select(steep, y, s.select(middle, half_y + half_x, x))
    z = up / across
    z2 = z * z
    turned = s.select(steep, s.splat(_HALF_PI), s.select(middle, s.splat(_QUARTER_PI), 0.0))
    return turned + s.fma(s.polynomial(z2, *_ATAN) * z2, z, z)


def asin(s: Simd, x: Value) -> Value:
    """The angle of the point (sqrt(1 - x^2), x)."""
    return atan(s, x / s.sqrt((1.0 - x) * (x + 1.0)))


def acos(s: Simd, x: Value) -> Value:
    """Twice the angle of the point (sqrt(1 + x), sqrt(1 - x))."""
    return atan(s, s.sqrt((1.0 - x) / (x + 1.0))) * 2.0
