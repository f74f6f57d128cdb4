"""The error function, by W. J. Cody's rational approximations (1969), in fp64 with an absolute error below 1e-15."""
from __future__ import annotations

import numpy as np

from lite.types import Array

# Coefficients from the highest power down. |x| <= 0.46875: erf x = x P(x^2) / Q(x^2).
_SMALL_P = (
    1.85777706184603153e-1, 3.16112374387056560, 1.13864154151050156e2, 3.77485237685302021e2, 3.20937758913846947e3,
)
_SMALL_Q = (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3)
# Above: erf x = 1 - exp(-x^2) P(x) / Q(x). Fitted up to 4; the rest is below 2e-8.
_LARGE_P = (
    2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594, 6.61191906371416295e1, 2.98635138197400131e2,
    8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3,
)
_LARGE_Q = (
    1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
    3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3,
)


def erf(x: Array) -> Array:
    """erf x, element-wise, for a floating-point array; NaN stays NaN."""
    a = np.minimum(np.abs(x.astype(np.float64)), 6.0)  # erf(6) is 1 in fp64
    square = a * a
    small = a * np.polyval(_SMALL_P, square) / np.polyval(_SMALL_Q, square)
    large = 1 - np.exp(-square) * np.polyval(_LARGE_P, a) / np.polyval(_LARGE_Q, a)
    return np.copysign(np.where(a <= 0.46875, small, large), x).astype(x.dtype, copy=False)
