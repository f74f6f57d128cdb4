"""Binds convolutions of thin images to conv2d_thin_f32.

Where the outputs do not fill the register tile, P neighboring output pixels are computed as one pixel of P times the
channels, by a filter of which P shifted copies lie side by side (zeros between): the bytes of the result are the same.
Six channels of a 5 x 5 filter take 30 steps for two pixels instead of 50.
"""
from __future__ import annotations

import numpy as np

from lite.delegates.base import In, NativeClaim, NativeStep, Operation, Out, Packed
from lite.delegates.cpu.finish import finish
from lite.delegates.cpu.tile import Tile
from lite.delegates.cpu.work import FLOP, split
from lite.ops.conv2d import Conv2DFusion
from lite.ops.window import Window
from lite.types import Array, TensorSpec

_CHANNELS = 8  # of an image that is called thin
_STRIP = 1 << 16  # bytes of input that pass at a time, unless one row of output needs more


def fits_thin(attrs: Conv2DFusion, x: TensorSpec) -> bool:
    """True where the thin kernel is the one to take."""
    return attrs.group == 1 and attrs.dilation == (1, 1) and x.shape[3] <= _CHANNELS


def bind_thin(
    operation: Operation, attrs: Conv2DFusion, w: Array, bias: Array | None, place: Window, tile: Tile
) -> NativeClaim:
    """The claim; w [outputs, kernel height, kernel width, channels]."""
    images, in_height, in_width, channels = operation.inputs[0].shape
    outputs, kernel_height, kernel_width, _ = w.shape
    out_height, out_width = place.output
    stride = attrs.stride[1]
    joined = _joined_pixels(outputs, kernel_width, stride, out_width, tile)
    wide = np.zeros((joined, outputs, kernel_height, (joined - 1) * stride + kernel_width, channels), np.float32)
    for p in range(joined):
        wide[p, :, :, p * stride : p * stride + kernel_width] = w
    weights = wide.reshape(joined * outputs, -1)

    row_bytes = ((out_width - 1) * stride + kernel_width) * channels * 4
    most = max((_STRIP // row_bytes - kernel_height) // attrs.stride[0] + 1, 1)
    blocks = -(-out_height // most)
    row_block = -(-out_height // blocks)
    blocks = -(-out_height // row_block)
    cost = 2 * row_block * out_width // joined * weights.shape[1] * tile.panels(weights.shape[0]) * tile.columns * FLOP
    units = split(images * blocks, cost)
    step = NativeStep(
        "conv2d_thin_f32",
        {
            "x": In(0),
            "w": Packed(tile.pack_weights(weights), replaces=1),
            "bias": Packed(tile.pack_bias(None if bias is None else np.tile(bias, joined), 1, joined * outputs)),
            "y": Out(0),
            "images": images,
            "in_height": in_height,
            "in_width": in_width,
            "in_channels": channels,
            "out_height": out_height,
            "out_width": out_width // joined,
            "out_channels": outputs * joined,
            "kernel_height": kernel_height,
            "kernel_width": wide.shape[3],
            "stride_height": attrs.stride[0],
            "stride_width": stride * joined,
            "top": place.pads[0],
            "left": place.pads[2],
            "row_block": row_block,
            "parts": units.block,
            **finish(operation),
        },
        units.count,
        scratch=8 * tile.rows * kernel_height + ((row_block - 1) * attrs.stride[0] + kernel_height) * row_bytes,
    )
    return NativeClaim((step,))


def _joined_pixels(outputs: int, kernel_width: int, stride: int, out_width: int, tile: Tile) -> int:
    """How many pixels of a row to compute as one: a divisor of the row that takes the fewest steps a pixel."""

    def steps(joined: int) -> float:
        return tile.panels(joined * outputs) * ((joined - 1) * stride + kernel_width) / joined

    return min((p for p in range(1, 9) if out_width % p == 0), key=steps)
