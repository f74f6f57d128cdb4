"""The numbers that kernels make codes of sums with."""
from __future__ import annotations

import numpy as np

from lite.ops.enums import ActivationType
from lite.ops.quantized import Affine, Quantized, bounds, shares
from lite.types import Array


def ends(y: Affine, activation: ActivationType, addition: Quantized | None = None) -> Array:
    """What lite.kernels.gemm_i8 calls `ends`: of the codes y, and of an addition merged into the operation."""
    numbers = np.zeros(16, np.float32)
    zero_points = numbers.view(np.int32)
    low, high = bounds(y, activation)
    numbers[:2], zero_points[2] = (low - y.zero_point[0], high - y.zero_point[0]), y.zero_point[0]
    if addition is not None:
        residual, result = addition.inputs[1], addition.outputs[0]
        assert residual is not None, "lite.plan.fuse has looked"
        assert result is not None, "lite.plan.fuse has looked"
        numbers[3:5], zero_points[5] = shares(addition), residual.zero_point[0]
        low, high = bounds(result, addition.inner.activation_type)  # type: ignore[attr-defined]
        numbers[6:8], zero_points[8] = (low - result.zero_point[0], high - result.zero_point[0]), result.zero_point[0]
    return numbers
