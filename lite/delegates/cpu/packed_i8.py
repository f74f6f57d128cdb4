"""Weights of products of codes, and what belongs to their columns, as lite.kernels.gemm_i8 takes them."""
from __future__ import annotations

import numpy as np

from lite.delegates.base import Packing
from lite.delegates.cpu.excess import pack_split
from lite.delegates.cpu.tile import Tile
from lite.delegates.cpu.work import FLOP, split
from lite.types import Array

CODE_OP = FLOP / 4  # nanoseconds for a multiplication or an addition of codes
PANELS = 2  # that a tile takes at once, see lite.kernels.gemm_i8
_FEW = 8  # blocks of rows, below which threads share the panels instead


def packed_weights(w: Array, tile: Tile) -> Array | Packing:
    """[groups, columns, taps, depth] -> [groups, panel, tap, steps, lanes, codes of a step], zeros beyond."""
    groups, columns, taps, depth = w.shape
    panels, steps = -(-columns // tile.lanes), -(-depth // tile.int8_step)
    if tile.int8_step == 4:  # a word
        if depth % 4:
            w = np.pad(w, ((0, 0), (0, 0), (0, 0), (0, -depth % 4)))
        words = np.ascontiguousarray(w).view(np.float32).reshape(groups, columns, taps * steps)
        return tile.pack_words(words, tile.lanes)
    packed = tile.slabs.allocate(groups * panels * tile.lanes * taps * steps * tile.int8_step).view(np.int8)
    target = packed.reshape(groups, panels, taps, steps, tile.lanes, tile.int8_step)
    for group, panel in np.ndindex(groups, panels):  # one by one: what is in between stays small
        some = w[group, panel * tile.lanes : (panel + 1) * tile.lanes]
        padded = np.zeros((tile.lanes, taps, steps * tile.int8_step), np.int8)
        padded[: len(some), :, :depth] = some
        target[group, panel] = padded.reshape(tile.lanes, taps, steps, tile.int8_step).transpose(1, 2, 0, 3)
    return packed


def packed_sevens(w: Array, tile: Tile) -> tuple[Array, int, int]:
    """[groups, columns, taps, depth] as gemm_tile_i7 takes them, its `doubles` and `tap_bytes`."""
    groups, columns, taps, depth = w.shape
    panels, steps = -(-columns // tile.lanes), -(-depth // 4)
    padded = np.zeros((groups, panels * tile.lanes, taps, steps * 4), np.int8)
    padded[:, :columns, :, :depth] = w
    ordered = padded.reshape(groups, panels, tile.lanes, taps, steps, 4).transpose(0, 1, 3, 4, 2, 5)
    return pack_split(ordered.reshape(-1, steps, tile.lanes, 4), tile)


def shared_panels(panels: int, cost: float, blocks: int) -> int:
    """The panels of a part, `cost` nanoseconds each, where there are that many blocks of rows: all, or some pairs."""
    if blocks >= _FEW:
        return panels
    return split(-(-panels // PANELS), cost * PANELS, _FEW // blocks).block * PANELS


def by_panel(x: Array, groups: int, tile: Tile) -> Array:
    """[groups x columns] -> [groups, panels x lanes], zeros beyond."""
    columns = x.size // groups
    packed = np.zeros((groups, -(-columns // tile.lanes) * tile.lanes), x.dtype)
    packed[:, :columns] = x.reshape(groups, columns)
    return packed
