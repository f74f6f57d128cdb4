"""bfloat16, which numpy lacks: the upper half of a float32."""
from __future__ import annotations

import numpy as np

from lite.types import Array


def widened(bits: Array) -> Array:
    """float32 of bfloat16 numbers given as uint16, exactly."""
    return (bits.astype(np.uint32) << 16).view(np.float32)
