"""Binds products of codes with constant weights: convolutions, and matrix products as convolutions of one pixel."""
from __future__ import annotations

import math

import numpy as np

from lite.delegates.base import Argument, In, NativeClaim, NativeStep, Operation, Out, Packed
from lite.delegates.cpu import rows_i8, winograd_i8
from lite.delegates.cpu.depthwise_i8 import bind_depthwise
from lite.delegates.cpu.ends_i8 import bounded, ends
from lite.delegates.cpu.packed_i8 import CODE_OP, by_panel, packed_sevens, packed_weights, shared_panels
from lite.delegates.cpu.tile import Tile
from lite.delegates.cpu.windows import geometry
from lite.delegates.cpu.work import split
from lite.memory import ALIGNMENT
from lite.ops.conv2d import Conv2DFusion, window
from lite.ops.full_connection import FullConnection
from lite.ops.matmul import MatMulFusion
from lite.ops.quantized import Quantized, is_by_row, multiplier, shares
from lite.ops.window import Window
from lite.types import Array, DType

_RESULT = Out(0)
_PIXEL_BLOCK = 96  # output pixels that pass while a panel of weights is in cache
_LARGEST_PATCH = 1 << 24  # bytes of staged input that a thread holds


def bind(operation: Operation, tile: Tile) -> NativeClaim | None:
    """int8 codes with one zero point, or float32 by row; constant weights, their zero points 0, and constant bias."""
    attrs = operation.attrs
    assert isinstance(attrs, Quantized), "the index names this module for quantized operators"
    if is_by_row(attrs):
        return rows_i8.bind(operation, attrs, tile)
    if not is_of_codes(operation, attrs):
        return None
    added = operation.epilogue.codes
    if added is not None and sum(shares(added)) >= 1 << 22:
        return None  # kernels could not round what is added
    x, w = operation.operands[:2]
    assert w.value is not None, "is_of_codes has looked"
    inner = attrs.inner
    if isinstance(inner, Conv2DFusion):
        if inner.group == x.shape[3] == w.shape[0] and inner.group > 1:
            return bind_depthwise(operation, attrs, inner, w.value, tile) if operation.epilogue.residual < 0 else None
        return _claim(operation, inner, x.shape, w.value, tile)
    weights = w.value
    if isinstance(inner, MatMulFusion):
        if inner.transpose_a or math.prod(w.shape[:-2]) != 1:
            return None
        weights = (weights if inner.transpose_b else weights.swapaxes(-1, -2)).reshape(-1, x.shape[-1])
    elif not isinstance(inner, FullConnection):
        return None
    columns, depth = weights.shape
    rows = operation.outputs[0].size // columns
    pixel = Conv2DFusion(stride=(1, 1), dilation=(1, 1), group=1, activation_type=inner.activation_type)
    return _claim(operation, pixel, (1, 1, rows, depth), weights.reshape(columns, 1, 1, depth), tile)


def is_of_codes(operation: Operation, attrs: Quantized) -> bool:
    """Whether it is a product of int8 codes with constant weights, their zero points 0, and constant bias."""
    x, *constants = operation.operands
    stored = (attrs.inputs[0], attrs.inputs[1], attrs.outputs[0])
    if any(a is None or a.dtype != DType.INT8 for a in stored) or x.is_known or not x.size:
        return False
    return all(spec.value is not None for spec in constants) and not any(attrs.inputs[1].zero_point)  # type: ignore[union-attr]


def _claim(
    operation: Operation, inner: Conv2DFusion, shape: tuple[int, ...], w: Array, tile: Tile
) -> NativeClaim | None:
    step = product_step(operation, inner, shape, window(inner, shape, w.shape), w, tile)
    return None if step is None else NativeClaim((step,), in_place=operation.epilogue.residual)


def product_step(
    operation: Operation,
    inner: Conv2DFusion,
    shape: tuple[int, ...],
    place: Window,
    w: Array,
    tile: Tile,
    *,
    times: int = 1,
    y: Argument = _RESULT,
) -> NativeStep | None:
    """The convolution of x, seen in this shape [N, H, W, C], with w [O, kh, kw, C / group], where `place` says.

    times: how many filters in w each output channel of the operation has.
    """
    attrs = operation.attrs
    assert isinstance(attrs, Quantized), "it is of codes"
    images, height, width, channels = shape
    outputs, kernel_h, kernel_w, depth = w.shape
    group, columns, taps = inner.group, outputs // inner.group, kernel_h * kernel_w
    if taps * depth * 255 * 128 >= 1 << 31:
        return None
    if taps == 1 and inner.stride == (1, 1) and place == Window((height, width), (0, 0, 0, 0)):
        images, height, width = 1, 1, images * height * width
        place = Window((1, width), (0, 0, 0, 0))
    x_codes, y_codes = attrs.inputs[0], attrs.outputs[0]
    assert x_codes is not None, "bind has looked"
    assert y_codes is not None, "bind has looked"
    bias = operation.operands[2].value if len(operation.operands) > 2 else None
    winograd = winograd_i8.pays(inner, shape, w.shape, place, x_codes.bits, tile)
    of_seven = x_codes.bits <= 7 and tile.int7_offset > 0 and not winograd
    shift = 0 if winograd else tile.int7_offset if of_seven else tile.int8_offset
    start = -(x_codes.zero_point[0] + shift) * w.reshape(outputs, -1).sum(axis=1, dtype=np.int64)
    if bias is not None:
        start = start + np.tile(bias.reshape(-1), times)
    largest = int(np.abs(start).max(initial=0)) + taps * depth * 255 * 128
    scale = bounded(np.tile(np.broadcast_to(multiplier(attrs), (outputs // times,)), times), largest)
    if largest >= 1 << 31 or scale is None:
        return None
    sums: dict[str, Argument] = {
        "bias": Packed(by_panel(start.astype(np.int32), group, tile)),
        "scale": Packed(by_panel(scale, group, tile)),
        "ends": Packed(ends(y_codes, inner.activation_type, operation.epilogue.codes)),
        "residual": _residual(operation),
        "y": y,
    }
    if winograd:
        return winograd_i8.winograd_step(operation, w, place, sums, x_codes.zero_point[0], tile)
    dilation_w = inner.dilation[1] if kernel_w > 1 else 1
    blocks = _blocks(inner, place, kernel_h, kernel_w, dilation_w, depth * (1 if of_seven else tile.int8_staged))
    if blocks["patch_bytes"] > _LARGEST_PATCH:
        return None
    row_block, column_block = blocks["row_block"], blocks["column_block"]
    pixels = row_block * column_block
    pixel_blocks = images * group * -(-place.output[0] // row_block) * -(-place.output[1] // column_block)
    panels = -(-columns // tile.lanes)
    cost = 2 * pixels * taps * depth * tile.lanes * CODE_OP + 2 * pixels * kernel_h / panels  # of a panel
    panel_block = shared_panels(panels, cost, pixel_blocks)  # each part stages its own input
    units = split(pixel_blocks * -(-panels // panel_block), cost * panel_block)
    runs, length = (kernel_h, kernel_w * depth) if dilation_w == 1 else (taps, depth)
    by_tap = w.reshape(group, columns, runs, length)
    packed, doubles, tap_bytes = packed_sevens(by_tap, tile) if of_seven else (packed_weights(by_tap, tile), 0, 0)
    return NativeStep(
        "conv2d_i8",
        {
            "x": In(0),
            "w": Packed(packed, replaces=1),
            **sums,
            "zero": x_codes.zero_point[0],
            "geometry": geometry(
                (images, height, width, channels), outputs, place, (kernel_h, kernel_w), inner.stride, (1, dilation_w)
            ),
            "group": group,
            **blocks,
            "tap_bytes": tap_bytes,
            "doubles": doubles,
            "panel_block": panel_block,
            "parts": units.block,
        },
        units.count,
        scratch=blocks["patch_bytes"] + 8 * pixels * runs,
    )


def _blocks(
    conv: Conv2DFusion, place: Window, kernel_h: int, kernel_w: int, dilation_w: int, pixel: int
) -> dict[str, int]:
    """The rectangles of output pixels that lite.kernels.conv2d_i8 computes at once, and what it stages for them.

    pixel: bytes of a staged pixel.
    """
    high, wide = place.output
    dilation_h = conv.dilation[0]
    column_block = -(-wide // max(1, round(wide / _PIXEL_BLOCK)))
    rows = 1 if column_block < wide or (dilation_h > 1 and kernel_h > 1) else max(1, round(_PIXEL_BLOCK / wide))
    row_block = -(-high // -(-high // rows))
    row_advance = 1 if kernel_h == 1 else conv.stride[0]
    column_advance = 1 if kernel_w == 1 else conv.stride[1]
    patch_row = ((column_block - 1) * column_advance + (kernel_w - 1) * dilation_w + 1) * pixel
    patch = ((row_block - 1) * row_advance + kernel_h) * patch_row
    return {
        "row_block": row_block,
        "column_block": column_block,
        "row_step": conv.stride[0] if kernel_h == 1 else dilation_h if row_block == 1 else 1,
        "row_advance": row_advance,
        "column_step": conv.stride[1] if kernel_w == 1 else 1,
        "column_advance": column_advance,
        "patch_row": patch_row,
        "patch_bytes": (patch // ALIGNMENT + 3) * ALIGNMENT,  # what is staged last may end two vectors behind
    }


def _residual(operation: Operation) -> Argument:
    return In(operation.epilogue.residual) if operation.epilogue.residual >= 0 else 0
