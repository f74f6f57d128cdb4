"""Binds Conv2dTransposeFusion: a matrix product of pixels and filters, then the sum of what falls on each pixel.

Where filters do not overlap nothing is summed: the product's elements are moved to where they belong.
"""
from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import as_strided

from lite.delegates.base import In, NativeClaim, NativeStep, Operation, Out, Packed, Temp
from lite.delegates.cpu.matmul import product_steps
from lite.delegates.cpu.move import Copy, copy_step, stand_in
from lite.delegates.cpu.tile import Tile
from lite.delegates.cpu.work import BYTE, FLOP, bounds, split
from lite.ops.conv2d_transpose import Conv2dTransposeFusion, window
from lite.records import replace
from lite.types import Array, DType, TensorSpec

_ROOM = 10  # key of a temporary; those of the product are smaller
_ROW_BLOCK = 96  # input pixels that pass while a panel of weights is in cache


def bind(operation: Operation, tile: Tile) -> NativeClaim | None:
    """float32 with constant weights and bias."""
    x, w, *rest = operation.inputs
    bias = rest[0] if rest else None
    if x.dtype != DType.FLOAT32 or w.value is None or (bias is not None and bias.value is None):
        return None
    attrs = operation.attrs
    assert isinstance(attrs, Conv2dTransposeFusion), "the index names this module for it alone"
    if _is_apart(attrs, x.shape, w.shape):
        return _bind_apart(operation, attrs, w.value, None if bias is None else bias.value, tile)
    _, kernel_height, kernel_width, outputs = w.shape
    taps = Temp(0, attrs.group * math.prod(x.shape[:3]) * kernel_height * kernel_width * outputs * 4)
    values = np.zeros(attrs.group * outputs, np.float32) if bias is None or bias.value is None else bias.value
    return NativeClaim((_product(x.shape, w.value, attrs.group, taps, tile), _sum(x, w, attrs, taps, values)))


def _product(shape: tuple[int, ...], w: Array, group: int, taps: Temp, tile: Tile) -> NativeStep:
    """What each input pixel contributes to the output pixels that it reaches, for each group of channels.

    shape: of the input. w: [channels, kernel height, kernel width, outputs of a group].
    """
    rows, channels = math.prod(shape[:3]), shape[3]
    depth, columns = channels // group, math.prod(w.shape[1:])
    panels = tile.panels(columns)
    row_block = min(max(rows, 1), _ROW_BLOCK)
    units = split(group * -(-rows // row_block), 2 * row_block * columns * depth * FLOP)
    g = np.arange(group, dtype=np.int64)
    batches = np.stack([g * depth * 4, g * panels * depth * tile.columns * 4, g * rows * columns * 4, 0 * g], axis=1)
    return NativeStep(
        "matmul_f32",
        {
            "a": In(0),
            "b": Packed(tile.pack_weights(np.swapaxes(w.reshape(group, depth, columns), 1, 2)), replaces=1),
            "bias": Packed(tile.pack_bias(None, 1, columns)),
            "y": taps,
            "batches": Packed(np.ascontiguousarray(batches)),
            "batch_count": group,
            "rows": rows,
            "columns": columns,
            "depth": depth,
            "a_stride": channels * 4,
            "y_stride": columns * 4,
            "row_block": row_block,
            "panel_block": panels,
            "parts": units.block,
            "residual": 0,
            "function": -1,
            "alpha": 0.0,
            "beta": 0.0,
            "low": float("-inf"),
            "high": float("inf"),
        },
        units.count,
        scratch=8 * tile.rows,
    )


def _sum(x: TensorSpec, w: TensorSpec, attrs: Conv2dTransposeFusion, taps: Temp, bias: Array) -> NativeStep:
    """The sum of the contributions to each output pixel, with the bias and the activation."""
    place = window(attrs, x.shape, w.shape)
    images, in_height, in_width, _ = x.shape
    _, kernel_height, kernel_width, outputs = w.shape
    out_height, out_width = place.output
    count = kernel_height * kernel_width
    units = split(images * out_height, out_width * attrs.group * (outputs * 4 * count * BYTE + 20))
    return NativeStep(
        "conv2d_transpose_f32",
        {
            "taps": taps,
            "bias": Packed(bias),
            "y": Out(0),
            "images": images,
            "in_height": in_height,
            "in_width": in_width,
            "out_height": out_height,
            "out_width": out_width,
            "group": attrs.group,
            "outputs": outputs,
            "kernel_height": kernel_height,
            "kernel_width": kernel_width,
            "stride_height": attrs.stride[0],
            "stride_width": attrs.stride[1],
            "dilation_height": attrs.dilation[0],
            "dilation_width": attrs.dilation[1],
            "top": place.pads[0],
            "left": place.pads[2],
            "row_block": units.block,
            **bounds(attrs.activation_type),
        },
        units.count,
        scratch=8 * count,
    )


def _is_apart(attrs: Conv2dTransposeFusion, x: tuple[int, ...], w: tuple[int, ...]) -> bool:
    """Whether each element of the result is of one pixel and one place of the filter, and none is left out."""
    place, kernel = window(attrs, x, w), w[1:3]
    whole = place.output == (x[1] * kernel[0], x[2] * kernel[1]) and not any(place.pads)
    return whole and attrs.stride == kernel and attrs.dilation == (1, 1) and attrs.group == 1


def _bind_apart(
    operation: Operation, attrs: Conv2dTransposeFusion, w: Array, bias: Array | None, tile: Tile
) -> NativeClaim:
    x = operation.inputs[0].shape
    channels, kernel_height, kernel_width, outputs = w.shape
    shape = (*x[:3], kernel_height, kernel_width, outputs)
    room = Temp(_ROOM, math.prod(shape) * 4)
    columns = np.ascontiguousarray(w.reshape(channels, -1).T)
    repeated = None if bias is None else np.tile(bias, kernel_height * kernel_width)
    product = product_steps(In(0), math.prod(x[:3]), columns, repeated, room, tile, operation)
    return NativeClaim((*product, spread_step(operation, shape, (0, 0), attrs.stride, room)))


def spread_step(
    operation: Operation, shape: tuple[int, ...], first: tuple[int, int], stride: Sequence[int], room: Temp
) -> NativeStep:
    """The copy from `room` to output 0. shape: images, rows, columns, and for each pixel a block of pixels of channels.

    first, stride: row and column of the first block in the output, and from one block to the next.
    """
    y = stand_in(operation.outputs[0])
    found = np.empty(shape, y.dtype)
    image, row, column, channel = y.strides
    view = found.transpose(0, 1, 3, 2, 4, 5)
    strides = (image, row * stride[0], row, column * stride[1], column, channel)
    place = as_strided(y[:, first[0] :, first[1] :], view.shape, strides)
    step = copy_step(Copy(0, view, 0, place), found, y)
    return replace(step, arguments={**step.arguments, "x": room})
