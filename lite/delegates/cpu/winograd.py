"""Binds 3 x 3 convolutions to the Winograd kernels where a model of their cost says that it pays.

The cost of a convolution is what its products, the transforms of its tiles and the fetching of its weights take:
F(4) needs the fewest products, but 4 times the weights of the direct way, and on small images its tiles reach over the
edge. The figures come from measurements of images of 7 to 112 pixels with 16 to 512 channels.

Their results are sums of larger numbers than the direct way's. On standard normal data of up to 512 channels F(2) is
within 6e-6 of the largest output, F(4) within 4e-5; so where much larger ones may have been clipped, by ReLU6, F(4) is
not taken. A pixel that is no number spoils its tile, and numbers beyond 1e36 may leave float32.
"""
from __future__ import annotations

import numpy as np

from lite.delegates.base import Argument, In, NativeClaim, NativeStep, Operation, Out, Packed, Packing, Temp
from lite.delegates.cpu.finish import finish, residual
from lite.delegates.cpu.tile import Tile
from lite.delegates.cpu.windows import geometry
from lite.delegates.cpu.work import split
from lite.ops.conv2d import Conv2DFusion
from lite.ops.window import Window
from lite.records import dataclass
from lite.types import Array, TensorSpec

_BLOCK_BYTES = 384 << 10  # of transformed tiles that stay in cache while the weights pass
_V = 0  # key of the temporary
_GAP = 64  # bytes between frequencies beside their data
_FEW = 8  # blocks of tiles, below which threads share the panels instead

# Nanoseconds of one product, of an element of a transformed tile, and of a byte of weights: what it takes to fetch it,
# and as much again for the memory it holds.
_PRODUCT = 1 / 55
_ELEMENT = 0.10
_BYTE = 1 / 18

SIZES = (2, 4)  # rows and columns of a tile, in the kernels' order of forms


@dataclass(frozen=True, slots=True)
class Form:
    """One of SIZES for an image: its index, and the tiles down and across."""

    index: int
    down: int
    across: int

    @property
    def size(self) -> int:
        """Rows and columns of a tile of output."""
        return SIZES[self.index]

    @property
    def frequencies(self) -> int:
        """Elements of a transformed tile."""
        return (self.size + 2) ** 2


def winograd_form(
    attrs: Conv2DFusion, x: TensorSpec, w: TensorSpec, place: Window, tile: Tile, clipped: bool = False
) -> Form | None:
    """The cheapest form, or None where the direct way costs less or the kernels do not fit. clipped: from above."""
    if w.shape[1:3] != (3, 3) or attrs.stride != (1, 1) or attrs.dilation != (1, 1) or attrs.group != 1:
        return None
    outputs, channels = tile.panels(w.shape[0]) * tile.columns, x.shape[3]
    height, width = place.output
    best = None
    least = 9 * channels * outputs * (x.shape[0] * height * width * _PRODUCT + 4 * _BYTE)
    for index, size in enumerate(SIZES[:1] if clipped else SIZES):
        form = Form(index, -(-height // size), -(-width // size))
        tiles = x.shape[0] * form.down * form.across
        cost = form.frequencies * (
            max(tiles, tile.rows / 2) * channels * outputs * _PRODUCT
            + tiles * (channels + outputs) * _ELEMENT
            + 4 * channels * outputs * _BYTE
        )
        if cost < least:
            best, least = form, cost
    return best


def bind_winograd(
    operation: Operation, form: Form, w: Array, bias: Array | None, place: Window, tile: Tile
) -> NativeClaim:
    """The claim; w [outputs, 3, 3, channels]."""
    images, _, _, channels = operation.inputs[0].shape
    outputs, panels = w.shape[0], tile.panels(w.shape[0])
    tiles = images * form.down * form.across
    tile_bytes = form.frequencies * channels * 4
    blocks = -(-tiles // max(tile.rows, _BLOCK_BYTES // tile_bytes))
    block = -(-tiles // blocks)
    blocks = -(-tiles // block)
    part_cost = form.frequencies * block * channels * tile.columns * _PRODUCT  # of a panel
    zeros = Packed(np.zeros(channels, np.float32))
    shape: dict[str, Argument] = {
        "form": form.index,
        "geometry": geometry(operation.inputs[0].shape, outputs, place, (3, 3), (1, 1)),
        "down": form.down,
        "across": form.across,
        "zeros": zeros,
    }
    steps: list[NativeStep] = []
    shared = blocks < _FEW
    v: Argument = 0
    if shared:
        v = Temp(_V, form.frequencies * (tiles * channels * 4 + _GAP))
        units = split(tiles, 2 * tile_bytes / 4 * _ELEMENT)
        arguments: dict[str, Argument] = {"x": In(0), "v": v, **shape, "block": units.block}
        steps.append(NativeStep("winograd_transform_f32", arguments, units.count, scratch=320))
        units = split(panels * blocks, part_cost)
    else:
        units = split(blocks, part_cost * panels)
    m = form.frequencies * (block * tile.columns * 4 + _GAP)
    own = 0 if shared else form.frequencies * (block * channels * 4 + _GAP)
    arguments = {
        "x": In(0),
        "v": v,
        "w": Packed(transformed(w, form, tile), replaces=1),
        "bias": Packed(tile.pack_bias(bias, 1, outputs)),
        "y": Out(0),
        "tile_block": block,
        "panel_block": 1 if shared else panels,
        "parts": units.block,
        "residual": residual(operation),
        **shape,
        **finish(operation),
    }
    scratch = 320 + 256 * block + -(-panels * tile.columns * 4 // 64) * 64 + m + own
    steps.append(NativeStep("winograd_f32", arguments, units.count, scratch))
    return NativeClaim(tuple(steps), in_place=operation.epilogue.residual)


def transformed(w: Array, form: Form, tile: Tile) -> Array | Packing:
    """Filters [outputs, 3, 3, channels] as [panel, frequency, channel, tile columns]: G g G^T."""
    outputs, channels = w.shape[0], w.shape[3]
    shape = (tile.panels(outputs), form.frequencies, channels, tile.columns)
    arrays = {"g": np.ascontiguousarray(w, np.float32)}
    sizes = {"form": form.index, "outputs": outputs, "channels": channels}
    scratch = 4 * 9 * channels * tile.columns
    return tile.made(shape, "winograd_weights_f32", "w", arrays, sizes, shape[0], scratch)
