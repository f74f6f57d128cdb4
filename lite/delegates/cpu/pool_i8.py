"""Binds pooling of codes."""
from __future__ import annotations

import numpy as np

from lite.delegates.base import In, NativeClaim, NativeStep, Operation, Out, Packed
from lite.delegates.cpu.tile import Tile
from lite.delegates.cpu.windows import geometry
from lite.delegates.cpu.work import BYTE, split
from lite.ops.pool import MaxPoolFusion, Pool, kernel_of, window
from lite.ops.quantized import Quantized, bounds, multiplier
from lite.types import DType


def bind(operation: Operation, tile: Tile) -> NativeClaim | None:
    """int8 codes; the maximum of codes that are stored alike before and after."""
    attrs = operation.attrs
    assert isinstance(attrs, Quantized), "the index names this module for quantized operators"
    inner, x = attrs.inner, operation.inputs[0]
    assert isinstance(inner, Pool), "the index names this module for pools alone"
    (x_codes,), (y_codes,) = attrs.inputs, attrs.outputs
    if x_codes is None or y_codes is None or {x_codes.dtype, y_codes.dtype} != {DType.INT8} or x.is_known:
        return None
    largest = isinstance(inner, MaxPoolFusion)
    low, high = bounds(y_codes, inner.activation_type)
    if largest and (x_codes != y_codes or (low, high) != (y_codes.low, y_codes.high)):
        return None
    place, kernel = window(inner, x.shape), kernel_of(inner, x.shape)
    strides = (1, 1) if inner.global_ else inner.strides
    ends = np.zeros(4, np.float32)
    ends.view(np.int32)[:2] = x_codes.zero_point[0], y_codes.zero_point[0]
    ends[2:] = low - y_codes.zero_point[0], high - y_codes.zero_point[0]
    count = kernel[0] * kernel[1]
    factors = [0.0, *(multiplier(attrs, count=n)[0] for n in range(1, 2 if largest else count + 1))]
    rows = x.shape[0] * place.output[0]
    units = split(rows, place.output[1] * x.shape[3] * (count + 2) * BYTE)
    step = NativeStep(
        "pool2d_i8",
        {
            "x": In(0),
            "y": Out(0),
            "largest": int(largest),
            "factors": Packed(np.resize(np.array(factors, np.float32), count + 1)),
            "ends": Packed(ends),
            "geometry": geometry(x.shape, x.shape[3], place, kernel, strides),
            "row_block": units.block,
        },
        units.count,
    )
    return NativeClaim((step,))
