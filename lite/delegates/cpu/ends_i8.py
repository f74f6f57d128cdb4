"""The numbers that kernels make codes of sums with."""
from __future__ import annotations

import numpy as np

from lite.ops.enums import ActivationType
from lite.ops.quantized import Affine, Quantized, bounds, shares
from lite.types import Array

_LARGEST = float((1 << 31) - 256)  # of what kernels round to int32
_SATURATES = 512.0  # times any sum but 0 is beyond every code


def bounded(scale: Array, largest: int) -> Array | None:
    """The scale of sums of at most this size, cut to where no product with one leaves int32 and the codes are the same.

    None where there is no such scale: one so large that most sums would saturate.
    """
    most = np.float32(_LARGEST / max(largest, 1))
    if scale.max(initial=0) <= most:
        return scale
    return np.minimum(scale, most) if most >= _SATURATES else None


def ends(y: Affine, activation: ActivationType, addition: Quantized | None = None) -> Array:
    """What lite.kernels.requantize calls so: for the codes y, or for those of an addition merged into the operation."""
    numbers = np.zeros(16, np.float32)
    whole = numbers.view(np.int32)
    low, high = bounds(y, activation)
    if addition is None:
        whole[:3] = y.zero_point[0], low, high
        return numbers
    residual, result = addition.inputs[1], addition.outputs[0]
    assert residual is not None, "lite.plan.fuse has looked"
    assert result is not None, "lite.plan.fuse has looked"
    whole[:3] = result.zero_point[0], *bounds(result, addition.inner.activation_type)  # type: ignore[attr-defined]
    numbers[3:5], whole[5] = shares(addition), residual.zero_point[0]
    numbers[6:8] = low - y.zero_point[0], high - y.zero_point[0]
    return numbers
