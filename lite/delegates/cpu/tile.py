"""What weight packing knows of a pack: how weights and bias are laid out for the tile of lite.kernels.gemm."""
from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Protocol

import numpy as np

from lite.memory import Slabs
from lite.records import dataclass, field
from lite.types import Array


class Pack(Protocol):
    """The part of a kernel pack that binding needs."""

    @property
    def constants(self) -> Mapping[str, int]: ...


@dataclass(frozen=True, slots=True)
class Tile:
    """The register tile of a pack's matrix kernels: rows x columns of the result.

    lanes: floats in a vector. int8_offset: what kernels add to codes of x; int8_step: codes that their products take at
    once; int8_staged: bytes of a staged one; int7_offset: what kernels for codes of 7 bits add, 0 where there are none.
    gemv_columns: of a block of weights that stay codes, see lite.kernels.gemv_coded. slabs: where packed weights go.
    """

    rows: int
    columns: int
    lanes: int
    int8_offset: int
    int8_step: int
    int8_staged: int
    int7_offset: int
    gemv_columns: int
    slabs: Slabs = field(default_factory=Slabs, compare=False, repr=False)

    @classmethod
    def of(cls, pack: Pack) -> Tile:
        """The tile that the pack was compiled for."""
        codes = ("int8_offset", "int8_step", "int8_staged", "int7_offset")
        names = ("tile_rows", "tile_columns", "lanes", *codes, "gemv_columns")
        rows, columns, lanes, offset, step, staged, offset_of_seven, gemv_columns = (pack.constants[n] for n in names)
        return cls(rows, columns, lanes, offset, step, staged, offset_of_seven, gemv_columns)

    def panels(self, columns: int) -> int:
        """How many tiles lie across that many columns."""
        return -(-columns // self.columns)

    def pack_weights(self, w: Array) -> Array:
        """[..., columns, depth] -> [..., panel, depth, tile columns], zeros beyond the last column."""
        *outer, columns, depth = w.shape
        packed = self._allocate(*outer, self.panels(columns), depth, self.columns)
        _fill(w, packed)
        return packed

    def pack_pairs(self, w: Array) -> Array:
        """[columns, depth] -> [pair of panels, depth, 2 x tile columns], then the odd panel; flat, zeros beyond."""
        columns, depth = w.shape
        pairs, odd = divmod(self.panels(columns), 2)
        packed = self._allocate((2 * pairs + odd) * depth * self.columns)
        split = 2 * pairs * depth * self.columns
        _fill(w[: 2 * pairs * self.columns], packed[:split].reshape(pairs, depth, 2 * self.columns))
        _fill(w[2 * pairs * self.columns :], packed[split:].reshape(odd, depth, self.columns))
        return packed

    def _allocate(self, *shape: int) -> Array:
        return self.slabs.allocate(4 * math.prod(shape)).view(np.float32).reshape(shape)

    def pack_bias(self, bias: Array | None, groups: int, columns: int) -> Array:
        """[groups x columns] or None -> [groups, panels x tile columns], zeros beyond."""
        packed = np.zeros((groups, self.panels(columns) * self.columns), np.float32)
        if bias is not None:
            packed[:, :columns] = bias.reshape(groups, columns)
        return packed


def _fill(w: Array, packed: Array) -> None:
    """[..., columns, depth] into [..., panel, depth, width], zeros beyond the last column."""
    *outer, columns, depth = w.shape
    width = packed.shape[-1]
    whole, left = divmod(columns, width)
    split = whole * width
    packed[..., :whole, :, :] = w[..., :split, :].reshape(*outer, whole, width, depth).swapaxes(-1, -2)
    if left:
        packed[..., whole, :, :left] = w[..., split:, :].swapaxes(-1, -2)
        packed[..., whole, :, left:] = 0
