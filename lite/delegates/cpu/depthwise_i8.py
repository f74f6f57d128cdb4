"""Binds depthwise convolutions of codes."""
from __future__ import annotations

import numpy as np

from lite.delegates.base import In, NativeClaim, NativeStep, Operation, Out, Packed
from lite.delegates.cpu.ends_i8 import bounded, ends
from lite.delegates.cpu.tile import Tile
from lite.delegates.cpu.windows import geometry
from lite.delegates.cpu.work import FLOP, split
from lite.ops.conv2d import Conv2DFusion, window
from lite.ops.quantized import Quantized, multiplier
from lite.types import Array

_QUAD = 4  # rows of a column that one dot product takes
_PIXELS = 4  # of a run
_SLACK = 64  # bytes that may be read behind the last code


def bind_depthwise(
    operation: Operation, attrs: Quantized, inner: Conv2DFusion, w: Array, tile: Tile
) -> NativeClaim | None:
    """As lite.delegates.cpu.product_i8, for a filter [channels, kh, kw, 1] of each channel's own."""
    x = operation.inputs[0]
    images, _, _, channels = x.shape
    _, kernel_h, kernel_w, _ = w.shape
    x_codes, y_codes = attrs.inputs[0], attrs.outputs[0]
    assert x_codes is not None, "the caller has looked"
    assert y_codes is not None, "the caller has looked"
    start = -(x_codes.zero_point[0] + tile.int8_offset) * w.reshape(channels, -1).sum(axis=1, dtype=np.int64)
    if len(operation.operands) > 2:
        bias = operation.operands[2].value
        assert bias is not None, "the caller has looked"
        start = start + bias.reshape(-1)
    largest = int(np.abs(start).max()) + kernel_h * kernel_w * 255 * 128
    scale = bounded(np.broadcast_to(multiplier(attrs), (channels,)), largest)
    if largest >= 1 << 31 or scale is None:
        return None
    place = window(inner, x.shape, w.shape)
    fold = _fold(inner, channels, 4 * tile.lanes)
    w, start, scale = (np.concatenate([x] * fold) for x in (w, start, scale))
    starts = _starts(len(w), 4 * tile.lanes)
    order = _channel_order(tile.lanes)
    rows, quads = images * place.output[0], -(-kernel_h // _QUAD)
    units = split(rows, place.output[1] * max(channels, 4 * tile.lanes) * (kernel_h * kernel_w + 6) * FLOP)
    span = (_PIXELS - 1) * 2 + kernel_w
    step = NativeStep(
        "depthwise_i8",
        {
            "x": In(0),
            "w": Packed(_packed_weights(w[..., 0], starts, order), replaces=1),
            "bias": Packed(_of_blocks(start.astype(np.int32), starts, order)),
            "scale": Packed(_of_blocks(scale, starts, order)),
            "ends": Packed(ends(y_codes, inner.activation_type)),
            "zeros": Packed(np.full(channels + _SLACK, x_codes.zero_point[0], np.int8)),
            "starts": Packed(np.array(starts, np.int64)),
            "y": Out(0),
            "geometry": geometry(x.shape, channels, place, (kernel_h, kernel_w), inner.stride, inner.dilation),
            "blocks": len(starts),
            "fold": fold,
            "row_block": units.block,
        },
        units.count,
        scratch=16 * tile.lanes + 8 * span * quads * _QUAD,
    )
    return NativeClaim((step,))


def _fold(conv: Conv2DFusion, channels: int, block: int) -> int:
    """How many neighboring pixels are computed as one block of channels."""
    return block // channels if conv.stride[1] == conv.dilation[1] == 1 and block % channels == 0 else 1


def _starts(channels: int, block: int) -> list[int]:
    """The first channel of each block; the last one reaches back where channels would be missing."""
    return [max(min(first, channels - block), 0) for first in range(0, channels, block)]


def _channel_order(lanes: int) -> Array:
    """[4, lanes]: which channel of a block is where, once lite.kernels.depthwise_i8 has interleaved rows."""
    quarter, lane = np.indices((_QUAD, lanes))
    order: Array = lane // _QUAD * 16 + quarter * _QUAD + lane % _QUAD
    return order


def _of_blocks(x: Array, starts: list[int], order: Array) -> Array:
    """[channels, ...] -> [blocks, 4, lanes, ...], zeros beyond the last channel."""
    padded = np.zeros((starts[-1] + order.size, *x.shape[1:]), x.dtype)
    padded[: len(x)] = x
    return np.stack([padded[first + order] for first in starts])


def _packed_weights(w: Array, starts: list[int], order: Array) -> Array:
    """[channels, kh, kw] -> [block][column][quad][4][lanes][4 rows], zeros beyond the last row."""
    channels, kernel_h, kernel_w = w.shape
    quads = -(-kernel_h // _QUAD)
    columns = np.zeros((channels, kernel_w, quads * _QUAD), np.int8)
    columns[..., :kernel_h] = w.transpose(0, 2, 1)
    blocks = _of_blocks(columns.reshape(channels, kernel_w, quads, _QUAD), starts, order)
    return np.ascontiguousarray(blocks.transpose(0, 3, 4, 1, 2, 5))
