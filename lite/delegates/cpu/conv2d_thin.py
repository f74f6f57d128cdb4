"""Binds convolutions of thin images: to conv2d_planar_f32 where the outputs are few, else to conv2d_thin_f32.

The first has vectors along the pixels of a row, the second along the outputs; the one that leaves less of them empty
is taken.
"""
from __future__ import annotations

import numpy as np

from lite.delegates.base import Argument, In, NativeClaim, NativeStep, Operation, Out, Packed
from lite.delegates.cpu.finish import finish
from lite.delegates.cpu.tile import Tile
from lite.delegates.cpu.windows import geometry
from lite.delegates.cpu.work import FLOP, split
from lite.ops.conv2d import Conv2DFusion
from lite.ops.window import Window
from lite.types import Array, TensorSpec

_CHANNELS = 8  # of an image that is called thin
_STRIP = 1 << 16  # bytes of input that pass at a time, unless one row of output needs more
_BLOCKS = 8  # that an image is cut into for threads to share; each copies the rows that it has in common with the next
_PLANAR_OUTPUTS = 8  # most that the planar kernel has tiles for


def fits_thin(attrs: Conv2DFusion, x: TensorSpec) -> bool:
    """True where one of the thin kernels is the one to take."""
    return attrs.group == 1 and attrs.dilation == (1, 1) and x.shape[3] <= _CHANNELS


def bind_thin(
    operation: Operation, attrs: Conv2DFusion, w: Array, bias: Array | None, place: Window, tile: Tile
) -> NativeClaim:
    """The claim; w [outputs, kernel height, kernel width, channels]."""
    width, outputs = place.output[1], w.shape[0]
    along_outputs = width * tile.panels(outputs) * tile.columns
    planar = outputs <= _PLANAR_OUTPUTS and _vectors(width, tile) * tile.lanes * outputs < along_outputs
    bind = _bind_planar if planar else _bind_channels
    return NativeClaim((bind(operation, attrs, w, bias, place, tile),))


def _bind_channels(
    operation: Operation, attrs: Conv2DFusion, w: Array, bias: Array | None, place: Window, tile: Tile
) -> NativeStep:
    outputs, kernel_height, kernel_width, channels = w.shape
    out_height, out_width = place.output
    row_bytes = ((out_width - 1) * attrs.stride[1] + kernel_width) * channels * 4
    weights = w.reshape(outputs, -1)
    cost = 2 * out_width * weights.shape[1] * tile.panels(outputs) * tile.columns * FLOP
    row_block = _row_block(attrs, kernel_height, out_height, row_bytes, cost)
    arguments: dict[str, Argument] = {
        "w": Packed(tile.pack_weights(weights), replaces=1),
        "bias": Packed(tile.pack_bias(bias, 1, outputs)),
    }
    scratch = 8 * tile.rows * kernel_height + _rows_under(row_block, attrs, kernel_height) * row_bytes
    return _step("conv2d_thin_f32", operation, attrs, w, place, arguments, row_block, cost, scratch)


def _bind_planar(
    operation: Operation, attrs: Conv2DFusion, w: Array, bias: Array | None, place: Window, tile: Tile
) -> NativeStep:
    outputs, kernel_height, kernel_width, channels = w.shape
    out_height, out_width = place.output
    stride = attrs.stride[1]
    vectors = _vectors(out_width, tile)
    plane_width = vectors * tile.lanes + (kernel_width - 1) // stride
    row_bytes = plane_width * 4
    cost = 2 * vectors * tile.lanes * outputs * kernel_height * kernel_width * channels * FLOP
    row_block = _row_block(attrs, kernel_height, out_height, channels * stride * row_bytes, cost)
    plane_bytes = _rows_under(row_block, attrs, kernel_height) * row_bytes
    column = np.arange(kernel_width)
    offsets = (
        np.arange(kernel_height).reshape(-1, 1, 1) * row_bytes
        + (column % stride * plane_bytes + column // stride * 4).reshape(-1, 1)
        + np.arange(channels) * stride * plane_bytes
    )
    arguments: dict[str, Argument] = {
        "w": Packed(np.ascontiguousarray(w.reshape(outputs, -1).T), replaces=1),
        "bias": Packed(np.zeros(outputs, np.float32) if bias is None else bias),
        "offsets": Packed(offsets.astype(np.int64).reshape(-1)),
        "taps": offsets.size,
        "plane_width": plane_width,
    }
    scratch = channels * stride * plane_bytes + 2 * tile.lanes * outputs * 4
    return _step("conv2d_planar_f32", operation, attrs, w, place, arguments, row_block, cost, scratch)


def _step(
    kernel: str,
    operation: Operation,
    attrs: Conv2DFusion,
    w: Array,
    place: Window,
    arguments: dict[str, Argument],
    row_block: int,
    row_cost: float,
    scratch: int,
) -> NativeStep:
    """A step of either kernel; row_cost: nanoseconds of one row of output."""
    x = operation.inputs[0]
    units = split(x.shape[0] * -(-place.output[0] // row_block), row_block * row_cost)
    return NativeStep(
        kernel,
        {
            "x": In(0),
            "y": Out(0),
            "geometry": geometry(x.shape, w.shape[0], place, w.shape[1:3], attrs.stride),
            "row_block": row_block,
            "parts": units.block,
            **finish(operation),
            **arguments,
        },
        units.count,
        scratch,
    )


def _row_block(attrs: Conv2DFusion, kernel_height: int, out_height: int, row_bytes: int, cost: float) -> int:
    """Rows of output that pass together, in blocks of about the same size, so that there are some for threads to share.

    row_bytes: of a row of input. cost: nanoseconds of a row of output.
    """
    most = max((_STRIP // row_bytes - kernel_height) // attrs.stride[0] + 1, 1)
    most = min(most, max(split(out_height, cost).block, -(-out_height // _BLOCKS)))
    return -(-out_height // -(-out_height // most))


def _rows_under(row_block: int, attrs: Conv2DFusion, kernel_height: int) -> int:
    """Rows of input under that many rows of output."""
    return (row_block - 1) * attrs.stride[0] + kernel_height


def _vectors(pixels: int, tile: Tile) -> int:
    """How many vectors a row of pixels takes."""
    return -(-pixels // tile.lanes)
