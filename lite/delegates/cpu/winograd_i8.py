"""Gives 3 x 3 convolutions of codes to the exact Winograd kernel where a model of their cost says that it pays.

It takes a quarter of the direct way's products, and transforms of its tiles besides, and it fetches weights that are 8
times as many bytes; on small images its tiles reach over the edge. Its products are of int16: where the direct way
multiplies bytes, one takes as long as two of that, but where codes are widened to int16 there too, as long as one.
"""
from __future__ import annotations

import math

import numpy as np

from lite.delegates.base import Argument, In, NativeStep, Operation, Packed, Packing
from lite.delegates.cpu.packed_i8 import PANELS, shared_panels
from lite.delegates.cpu.tile import Tile
from lite.delegates.cpu.windows import geometry
from lite.delegates.cpu.work import split
from lite.ops.conv2d import Conv2DFusion
from lite.ops.window import Window
from lite.records import dataclass
from lite.types import Array

_OUT = 4  # rows and columns of a tile of output
_FREQUENCIES = 36
_CHANNELS = 128  # whose filters are transformed at once, see lite.kernels.winograd_i8
_GAP = 64  # bytes between frequencies beside their data
_BLOCK_BYTES = 512 << 10  # of transformed tiles and their sums, which stay in cache while the weights pass
_LEAST = 24  # tiles of a block, or weights would pass too often
_SLACK = 64  # bytes that may be read behind the last code
_LARGEST = 1 << 29  # a convolution's sums are less than this, see lite.kernels.winograd_i8

_BYTE = 1 / 20  # nanoseconds that it takes to fetch a byte of weights, and as much again for the memory it holds


@dataclass(frozen=True, slots=True)
class Times:
    """Nanoseconds of a product of the direct way, of one of this, and of an element of a transformed tile."""

    direct: float
    product: float
    element: float


_DOT = Times(1 / 220, 1 / 110, 0.16)  # an instruction adds four products of bytes
_PAIRS = Times(1 / 125, 1 / 85, 0.2)  # one adds two, of codes of 7 bits
_WIDENED = Times(1 / 84, 1 / 85, 0.2)  # one adds two of int16
_SMALL = 2 << 20  # bytes of weights; more are held only where that would pay on the fastest level too


def times(bits: int, tile: Tile) -> Times:
    """Of codes of so many bits."""
    if tile.int8_staged == 1:
        return _DOT
    return _PAIRS if bits <= 7 and tile.int7_offset else _WIDENED


def fits(
    conv: Conv2DFusion, shape: tuple[int, ...], w: tuple[int, ...], place: Window, bits: int, tile: Tile
) -> bool:
    """Whether the kernel can run the convolution of x with w, in these shapes; takes what `pays` does."""
    plain = w[1:3] == (3, 3) and conv.stride == conv.dilation == (1, 1) and conv.group == 1
    return plain and 9 * shape[3] * 128 * 128 < _LARGEST


def pays(
    conv: Conv2DFusion, shape: tuple[int, ...], w: tuple[int, ...], place: Window, bits: int, tile: Tile
) -> bool:
    """Whether it can, and in less time than the direct way. bits: of the codes of x."""
    if not fits(conv, shape, w, place, bits, tile):
        return False
    channels, outputs = shape[3], -(-w[0] // tile.lanes) * tile.lanes
    pixels = shape[0] * math.prod(place.output)
    tiles = shape[0] * math.prod(-(-extent // _OUT) for extent in place.output)
    time = times(bits, tile) if 2 * _FREQUENCIES * channels * outputs <= _SMALL else _DOT
    direct = 9 * channels * outputs * (pixels * time.direct + _BYTE)
    products = channels * outputs * (tiles * time.product + 2 * _BYTE)
    return _FREQUENCIES * (products + tiles * (channels + outputs) * time.element) < direct


def winograd_step(
    operation: Operation, w: Array, place: Window, ends: dict[str, Argument], zero: int, tile: Tile
) -> NativeStep:
    """The step; w [outputs, 3, 3, channels]. ends: what becomes of the sums, as for conv2d_i8. zero: of x."""
    images, _, _, channels = operation.inputs[0].shape
    outputs, panels = w.shape[0], -(-w.shape[0] // tile.lanes)
    down, across = (-(-extent // _OUT) for extent in place.output)
    tiles = images * down * across
    depth_bytes = -(-channels // (2 * tile.lanes)) * tile.lanes * 4
    tile_bytes = _FREQUENCIES * (depth_bytes + PANELS * tile.lanes * 4)
    blocks = -(-tiles // max(_LEAST, _BLOCK_BYTES // tile_bytes))
    block = -(-tiles // blocks)
    blocks = -(-tiles // block)
    cost = _FREQUENCIES * block * channels * tile.lanes * _DOT.product  # of a panel
    panel_block = shared_panels(panels, cost, blocks)
    units = split(blocks * -(-panels // panel_block), cost * panel_block)
    scratch = (
        512 + 256 * block + -(-panels * tile.lanes // 64) * 64
        + _FREQUENCIES * (block * (depth_bytes + PANELS * tile.lanes * 4) + 2 * _GAP)
    )  # fmt: skip
    return NativeStep(
        "winograd_i8",
        {
            "x": In(0),
            "w": Packed(transformed(w, tile), replaces=1),
            **ends,
            "zeros": Packed(np.full(channels + _SLACK, zero, np.int8)),
            "geometry": geometry(operation.inputs[0].shape, outputs, place, (3, 3), (1, 1)),
            "down": down,
            "across": across,
            "tile_block": block,
            "panel_block": panel_block,
            "parts": units.block,
        },
        units.count,
        scratch,
    )


def transformed(w: Array, tile: Tile) -> Array | Packing:
    """[outputs, 3, 3, channels] as int16 [pair of panels][frequency][steps][panel][lanes][2]: G g G^T; zeros beyond."""
    outputs, _, _, channels = w.shape
    panels, steps = -(-outputs // tile.lanes), -(-channels // 2)
    shape = (_FREQUENCIES * panels * steps * tile.lanes,)  # in pairs
    sizes = {"outputs": outputs, "channels": channels}
    scratch = _CHANNELS * (9 + _FREQUENCIES * tile.lanes * 2) + _FREQUENCIES * _GAP
    arrays = {"g": np.ascontiguousarray(w)}
    return tile.made(shape, "winograd_weights_i8", "w", arrays, sizes, panels, scratch)
