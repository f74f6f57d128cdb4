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

    lanes: floats in a vector. int8_rows: rows of the tile of codes; int8_offset: what its kernels add to codes of x.
    slabs: where packed weights go.
    """

    rows: int
    columns: int
    lanes: int
    int8_rows: int
    int8_offset: int
    slabs: Slabs = field(default_factory=Slabs, compare=False, repr=False)

    @classmethod
    def of(cls, pack: Pack) -> Tile:
        """The tile that the pack was compiled for."""
        names = ("tile_rows", "tile_columns", "lanes", "int8_rows", "int8_offset")
        rows, columns, lanes, int8_rows, int8_offset = (pack.constants[name] for name in names)
        return cls(rows, columns, lanes, int8_rows, int8_offset)

    def panels(self, columns: int) -> int:
        """How many tiles lie across that many columns."""
        return -(-columns // self.columns)

    def pack_weights(self, w: Array) -> Array:
        """[..., columns, depth] -> [..., panel, depth, tile columns], zeros beyond the last column."""
        *outer, columns, depth = w.shape
        panels = self.panels(columns)
        shape = (*outer, panels, depth, self.columns)
        packed = self.slabs.allocate(4 * math.prod(shape)).view(np.float32).reshape(shape)
        whole = columns // self.columns
        split = whole * self.columns
        packed[..., :whole, :, :] = w[..., :split, :].reshape(*outer, whole, self.columns, depth).swapaxes(-1, -2)
        if split < columns:
            packed[..., whole, :, : columns - split] = w[..., split:, :].swapaxes(-1, -2)
            packed[..., whole, :, columns - split :] = 0
        return packed

    def pack_bias(self, bias: Array | None, groups: int, columns: int) -> Array:
        """[groups x columns] or None -> [groups, panels x tile columns], zeros beyond."""
        packed = np.zeros((groups, self.panels(columns) * self.columns), np.float32)
        if bias is not None:
            packed[:, :columns] = bias.reshape(groups, columns)
        return packed
