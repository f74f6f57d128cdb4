"""Binds Conv2DFusion: to the matrix product where the filter is one pixel, depthwise, or the implicit product."""
from __future__ import annotations

import math
from functools import partial

import numpy as np

from lite.delegates.base import Argument, In, NativeClaim, NativeStep, Operation, Out, Packed
from lite.delegates.cpu.conv2d_thin import bind_thin, fits_thin
from lite.delegates.cpu.finish import finish, residual
from lite.delegates.cpu.matmul import constant_product
from lite.delegates.cpu.strides import Walk, contiguous
from lite.delegates.cpu.tile import Tile
from lite.delegates.cpu.windows import geometry
from lite.delegates.cpu.work import FLOP, split
from lite.ops.conv2d import Conv2DFusion, window
from lite.ops.window import Window
from lite.records import replace
from lite.types import DType, TensorSpec

_ADDRESSES = 1 << 16  # about as many, of input pixels, a thread holds, unless one tile needs more
_DEPTHWISE_BYTES = 24 << 10  # of input rows under a filter: most of the nearest cache
_DEPTHWISE_LEAST = 128  # channels: fewer read memory in too short pieces, then all pass
_PIXEL_BLOCK = 96  # about as many output pixels pass while a panel of weights is in cache; 8 or 16 tiles


def bind(operation: Operation, tile: Tile) -> NativeClaim | None:
    """float32 with constant weights and bias."""
    x, w, *rest = operation.operands
    bias = rest[0] if rest else None
    if x.dtype != DType.FLOAT32 or w.value is None or (bias is not None and bias.value is None):
        return None
    attrs = operation.attrs
    assert isinstance(attrs, Conv2DFusion), "the index names this module for it alone"
    if operation.then:
        from lite.delegates.cpu.chain import bind_chain  # few networks have depthwise convolutions

        return bind_chain((replace(operation, then=()), *operation.then), partial(bind, tile=tile))
    place = window(attrs, x.shape, w.shape)
    outputs, channels = w.shape[0], x.shape[3]
    if w.shape[1:3] == (1, 1) and not any(place.pads) and attrs.group == 1:
        weights = w.value.reshape(outputs, channels)
        pixels = (x.shape[0], *place.output)
        places = None if attrs.stride == (1, 1) else _pixels(x, pixels, attrs.stride)
        return constant_product(operation, In(0), math.prod(pixels), weights, bias, tile, places)
    if attrs.group == channels == outputs and attrs.group > 1:
        return _bind_depthwise(operation, attrs, w, bias, place) if operation.epilogue.residual < 0 else None
    if fits_thin(attrs, x):
        if operation.epilogue.residual >= 0:
            return None
        return bind_thin(operation, attrs, w.value, None if bias is None else bias.value, place, tile)
    from lite.delegates.cpu.winograd import bind_winograd, winograd_form  # networks for phones have no use for it

    form = winograd_form(attrs, x, w, place, tile, clipped=finish(operation)["high"] != math.inf)
    if form is not None:
        return bind_winograd(operation, form, w.value, None if bias is None else bias.value, place, tile)
    return _bind_implicit(operation, attrs, w, bias, place, tile)


def _pixels(x: TensorSpec, pixels: tuple[int, ...], stride: tuple[int, ...]) -> Walk:
    """Where the pixels are that a filter of one pixel takes; those along a stride are copied side by side."""
    image, row, pixel, _ = contiguous(x.shape, 4)
    return Walk(pixels, ((image, row * stride[0], pixel * stride[1]),))


def _bind_implicit(
    operation: Operation, attrs: Conv2DFusion, w: TensorSpec, bias: TensorSpec | None, place: Window, tile: Tile
) -> NativeClaim:
    assert w.value is not None
    images = operation.inputs[0].shape[0]
    outputs, kernel_h, kernel_w, depth = w.shape
    group, columns, taps = attrs.group, outputs // attrs.group, kernel_h * kernel_w
    pixels = place.output[0] * place.output[1]
    blocks = max(round(pixels / min(_PIXEL_BLOCK, max(tile.rows, _ADDRESSES // taps))), 1)
    pixel_block = -(-pixels // blocks)  # equal ones, since the weights pass for a small block as for a large one
    pixel_blocks = images * group * -(-pixels // pixel_block)
    panels = tile.panels(columns)
    cost = 2 * pixel_block * taps * depth * tile.columns * FLOP + 2 * pixel_block * taps / panels  # of a panel
    # Few pixels: the panels are what threads share.
    panel_block = panels if pixel_blocks >= 8 else split(panels, cost).block
    units = split(pixel_blocks * -(-panels // panel_block), cost * panel_block)
    # The kernel's [group][panel][tap][channel][column]: taps and channels are one depth to pack_weights.
    weights = w.value.reshape(group, columns, taps * depth)
    step = NativeStep(
        "conv2d_f32",
        {
            "w": Packed(tile.pack_weights(weights), replaces=1),
            "bias": Packed(tile.pack_bias(None if bias is None else bias.value, group, columns)),
            "zeros": Packed(np.zeros(depth * kernel_w, np.float32)),
            "group": group,
            "pixel_block": pixel_block,
            "panel_block": panel_block,
            "parts": units.block,
            "residual": residual(operation),
            **_shared(operation, attrs, w, place),
        },
        units.count,
        scratch=8 * (pixel_block * taps + -(-pixel_block // tile.rows)),
    )
    return NativeClaim((step,), in_place=operation.epilogue.residual)


def _bind_depthwise(
    operation: Operation, attrs: Conv2DFusion, w: TensorSpec, bias: TensorSpec | None, place: Window
) -> NativeClaim:
    assert w.value is not None
    x = operation.inputs[0]
    channels, taps = x.shape[3], w.shape[1] * w.shape[2]
    padded = np.zeros(channels, np.float32) if bias is None or bias.value is None else bias.value
    rows = x.shape[0] * place.output[0]
    units = split(rows, 2 * place.output[1] * channels * taps * FLOP * 2)
    step = NativeStep(
        "depthwise_f32",
        {
            "w": Packed(np.ascontiguousarray(w.value.reshape(channels, taps).T), replaces=1),
            "bias": Packed(padded),
            "row_block": units.block,
            "channel_block": _channel_block(channels, 4 * w.shape[1] * max(x.shape[2], 1)),
            **_shared(operation, attrs, w, place),
        },
        units.count,
    )
    return NativeClaim((step,))


def _channel_block(channels: int, nbytes: int) -> int:
    """How many channels pass together, where the input rows under a filter have `nbytes` a channel."""
    most = _DEPTHWISE_BYTES // nbytes // 16 * 16
    blocks = -(-channels // most) if most >= _DEPTHWISE_LEAST else 1
    return -(-channels // (16 * blocks)) * 16


def _shared(operation: Operation, attrs: Conv2DFusion, w: TensorSpec, place: Window) -> dict[str, Argument]:
    """The arguments that the kernels share."""
    numbers = geometry(operation.inputs[0].shape, w.shape[0], place, w.shape[1:3], attrs.stride, attrs.dilation)
    return {"x": In(0), "y": Out(0), "geometry": numbers, **finish(operation)}
