"""Binds MaxPoolFusion and AvgPoolFusion."""
from __future__ import annotations

from lite.delegates.base import In, NativeClaim, NativeStep, Operation, Out
from lite.delegates.cpu.tile import Tile
from lite.delegates.cpu.windows import geometry
from lite.delegates.cpu.work import BYTE, bounds, split
from lite.kernels.codes import POOL
from lite.ops.pool import MaxPoolFusion, Pool, kernel_of, window
from lite.types import DType

_CHANNEL_BLOCK = 256  # of one window, where there are too few rows of windows to share


def bind(operation: Operation, tile: Tile) -> NativeClaim | None:
    """float32."""
    x = operation.inputs[0]
    attrs = operation.attrs
    if x.dtype != DType.FLOAT32:
        return None
    assert isinstance(attrs, Pool), "the index names this module for pools alone"
    place = window(attrs, x.shape)
    kernel = kernel_of(attrs, x.shape)
    strides = (1, 1) if attrs.global_ else attrs.strides
    channels, (out_height, out_width) = x.shape[3], place.output
    rows = x.shape[0] * out_height
    cost = out_width * channels * (4 * kernel[0] * kernel[1] + 4) * BYTE
    units = split(rows, cost)
    channel_block = channels
    if units.count == 1 and rows == 1:
        channel_units = split(-(-channels // _CHANNEL_BLOCK), cost * _CHANNEL_BLOCK / channels)
        channel_block = channel_units.block * _CHANNEL_BLOCK
    step = NativeStep(
        "pool2d_f32",
        {
            "x": In(0),
            "y": Out(0),
            "mode": POOL.index("max" if isinstance(attrs, MaxPoolFusion) else "mean"),
            "geometry": geometry(x.shape, channels, place, kernel, strides),
            "row_block": units.block,
            "channel_block": channel_block,
            **bounds(attrs.activation_type),
        },
        units.count * -(-channels // channel_block),
    )
    return NativeClaim((step,))
