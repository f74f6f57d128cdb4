"""How far what an engine gives is from what it should give."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def largest(outputs: Sequence[np.ndarray], expected: Sequence[np.ndarray]) -> float:
    return max(error(y, other) for y, other in zip(outputs, expected, strict=True))


def error(y: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference, as a share of the largest |expected|; for integers 0 or infinite."""
    if (y.shape, y.dtype) != (expected.shape, expected.dtype):
        return float("inf")
    if expected.dtype.kind != "f":
        return 0.0 if np.array_equal(y, expected) else float("inf")
    if not expected.size:
        return 0.0
    if not np.array_equal(np.isnan(y), np.isnan(expected)):
        return float("inf")
    wide, other = y.astype(np.float64), expected.astype(np.float64)
    scale = np.abs(other[np.isfinite(other)]).max(initial=1e-30)
    same = (wide == other) | np.isnan(other)
    return float(np.abs(np.where(same, 0.0, wide - other)).max(initial=0.0) / scale)
