"""Weights of products of codes, and what belongs to their columns, as lite.kernels.gemm_i8 takes them."""
from __future__ import annotations

import math

import numpy as np

from lite.delegates.cpu.tile import Tile
from lite.delegates.cpu.work import FLOP
from lite.types import Array

CODE_OP = FLOP / 4  # nanoseconds for a multiplication or an addition of codes


def packed_weights(w: Array, tile: Tile) -> Array:
    """[groups, columns, taps, depth] -> [groups, panel, tap, steps, lanes, codes of a step], zeros beyond."""
    groups, columns, taps, depth = w.shape
    panels, steps = -(-columns // tile.lanes), -(-depth // tile.int8_step)
    shape = (groups, panels, tile.lanes, taps, steps, tile.int8_step)
    packed = tile.slabs.allocate(math.prod(shape)).view(np.int8)
    padded = np.zeros((groups, panels * tile.lanes, taps, steps * tile.int8_step), np.int8)
    padded[:, :columns, :, :depth] = w
    target = packed.reshape(groups, panels, taps, steps, tile.lanes, tile.int8_step)
    target[...] = padded.reshape(shape).transpose(0, 1, 3, 4, 2, 5)
    return packed


def by_panel(x: Array, groups: int, tile: Tile) -> Array:
    """[groups x columns] -> [groups, panels x lanes], zeros beyond."""
    columns = x.size // groups
    packed = np.zeros((groups, -(-columns // tile.lanes) * tile.lanes), x.dtype)
    packed[:, :columns] = x.reshape(groups, columns)
    return packed
