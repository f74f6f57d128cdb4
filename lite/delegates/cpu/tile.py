"""What weight packing knows of a pack: how weights and bias are laid out for the tile of lite.kernels.gemm."""
from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Protocol

import numpy as np

from lite.delegates.base import Packer, Packing
from lite.delegates.cpu.strides import offsets
from lite.memory import Slabs, mapping_of
from lite.records import dataclass, field
from lite.types import Array


class Pack(Packer, Protocol):
    """The part of a kernel pack that binding needs."""

    @property
    def constants(self) -> Mapping[str, int]: ...


@dataclass(frozen=True, slots=True)
class Tile:
    """The register tile of a pack's matrix kernels: rows x columns of the result.

    lanes: floats in a vector. int8_offset: what kernels add to codes of x; int8_step: codes that their products take at
    once; int8_staged: bytes of a staged one; int7_offset: what kernels for codes of 7 bits add, 0 where there are none.
    gemv_columns: of a block of weights that stay codes, see lite.kernels.gemv_coded. pack: None for a tile of which
    only costs are asked. slabs: where packed weights go.
    """

    rows: int
    columns: int
    lanes: int
    int8_offset: int
    int8_step: int
    int8_staged: int
    int7_offset: int
    gemv_columns: int
    pack: Pack | None = field(default=None, compare=False, repr=False)
    slabs: Slabs = field(default_factory=Slabs, compare=False, repr=False)

    @classmethod
    def of(cls, pack: Pack) -> Tile:
        """The tile that the pack was compiled for."""
        codes = ("int8_offset", "int8_step", "int8_staged", "int7_offset")
        names = ("tile_rows", "tile_columns", "lanes", *codes, "gemv_columns")
        rows, columns, lanes, offset, step, staged, offset_of_seven, gemv_columns = (pack.constants[n] for n in names)
        return cls(rows, columns, lanes, offset, step, staged, offset_of_seven, gemv_columns, pack)

    def panels(self, columns: int) -> int:
        """How many tiles lie across that many columns."""
        return -(-columns // self.columns)

    def pack_weights(self, w: Array) -> Array | Packing:
        """[..., columns, depth] -> [..., panel, depth, tile columns], zeros beyond the last column."""
        return self.pack_words(np.asarray(w, np.float32), self.columns)

    def pack_pairs(self, w: Array) -> Array | Packing:
        """[columns, depth] -> [pair of panels, depth, 2 x tile columns], then the odd panel; zeros beyond."""
        return self.pack_words(np.asarray(w, np.float32), self.columns, abreast=2)

    def pack_words(self, w: Array, width: int, abreast: int = 1) -> Array | Packing:
        """[..., columns, depth] of 4 bytes each -> [..., panel, depth, width], see lite.kernels.panels."""
        *outer, columns, depth = w.shape
        matrices = offsets(outer, w.strides[:-2])
        panels = -(-columns // width)
        counts = {"depth": depth, "columns": columns, "width": width, "abreast": abreast}
        strides = {"depth_stride": w.strides[-1], "column_stride": w.strides[-2]}
        units = {"panel_count": math.prod(outer) * panels, "block": 1}
        shape = (*outer, panels, depth, width)
        arrays, integers = {"b": w, "matrices": matrices}, counts | strides | units
        return self.made(shape, "pack_columns", "packed", arrays, integers, units["panel_count"])

    def made(
        self,
        shape: tuple[int, ...],
        kernel: str,
        result: str,
        arrays: Mapping[str, Array],
        integers: Mapping[str, int],
        units: int,
        scratch: int = 0,
    ) -> Array | Packing:
        """What a kernel of the pack makes, float32 of this shape; arguments as of Packing, the weights first.

        Weights in the mapped file can wait until the plan is final. Others, which have been decoded, take memory, so
        theirs are made at once.
        """
        packing = Packing(kernel, result, 4 * math.prod(shape), arrays, integers, units, scratch)
        if mapping_of(next(iter(arrays.values()))) is not None:
            return packing
        assert self.pack is not None, "there are no weights where only costs are asked"
        packed = self.slabs.allocate(packing.nbytes)
        packing.write(self.pack, packed)
        return packed.view(np.float32).reshape(shape)

    def pack_bias(self, bias: Array | None, groups: int, columns: int) -> Array:
        """[groups x columns] or None -> [groups, panels x tile columns], zeros beyond."""
        packed = np.zeros((groups, self.panels(columns) * self.columns), np.float32)
        if bias is not None:
            packed[:, :columns] = bias.reshape(groups, columns)
        return packed
