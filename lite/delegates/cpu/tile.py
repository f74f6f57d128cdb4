"""What weight packing knows of a pack: how weights and bias are laid out for the tile of lite.kernels.gemm."""
from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Protocol

import numpy as np

from lite.delegates.cpu.strides import offsets
from lite.memory import Slabs, address_of, allocate
from lite.records import dataclass, field
from lite.types import Array


class Pack(Protocol):
    """The part of a kernel pack that binding needs."""

    @property
    def constants(self) -> Mapping[str, int]: ...
    def call(self, kernel: str, words: Mapping[str, int], units: int = 1, scratch: int = 0) -> None: ...


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

    def pack_weights(self, w: Array) -> Array:
        """[..., columns, depth] -> [..., panel, depth, tile columns], zeros beyond the last column."""
        return self.pack_words(np.asarray(w, np.float32), self.columns)

    def pack_pairs(self, w: Array) -> Array:
        """[columns, depth] -> [pair of panels, depth, 2 x tile columns], then the odd panel; flat, zeros beyond."""
        return self.pack_words(np.asarray(w, np.float32), self.columns, abreast=2).reshape(-1)

    def pack_words(self, w: Array, width: int, abreast: int = 1) -> Array:
        """[..., columns, depth] of 4 bytes each -> [..., panel, depth, width], see lite.kernels.panels."""
        *outer, columns, depth = w.shape
        matrices = offsets(outer, w.strides[:-2])
        panels = -(-columns // width)
        packed = self.floats(*outer, panels, depth, width)
        counts = {"depth": depth, "columns": columns, "width": width, "abreast": abreast}
        strides = {"depth_stride": w.strides[-1], "column_stride": w.strides[-2]}
        units = {"panel_count": math.prod(outer) * panels, "block": 1}
        arrays = {"b": w, "packed": packed, "matrices": matrices}
        self.call("pack_columns", arrays, counts | strides | units, units["panel_count"])
        return packed

    def floats(self, *shape: int) -> Array:
        """A float32 array for packed weights, not initialized."""
        return self.slabs.allocate(4 * math.prod(shape)).view(np.float32).reshape(shape)

    def call(
        self, kernel: str, arrays: Mapping[str, Array], integers: Mapping[str, int], units: int, scratch: int = 0
    ) -> None:
        """Run all units of a kernel of the pack here and now, with these arguments and that many bytes of scratch."""
        assert self.pack is not None, "there are no weights where only costs are asked"
        words = {name: address_of(array) for name, array in arrays.items()}
        room = allocate(scratch)
        self.pack.call(kernel, {**words, **integers}, units, address_of(room))

    def pack_bias(self, bias: Array | None, groups: int, columns: int) -> Array:
        """[groups x columns] or None -> [groups, panels x tile columns], zeros beyond."""
        packed = np.zeros((groups, self.panels(columns) * self.columns), np.float32)
        if bias is not None:
            packed[:, :columns] = bias.reshape(groups, columns)
        return packed
