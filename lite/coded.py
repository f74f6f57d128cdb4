"""float32 constants that are stored as small integers, and decoded one at a time when their elements are needed.

    real = (code - zero_point) * scale * var_corr + mean_corr

Codes are stored one an element (8 and 16 bits), or as the `.ms` format packs them: `bits` each, the lowest bit first,
across the bytes in order, as code + 2^(bits - 1).
"""
from __future__ import annotations

import math

import numpy as np

from lite.compressed import INDEXING, SPARSE, expand
from lite.records import dataclass
from lite.stored import elements
from lite.types import Array

_CHUNK = 1 << 18  # elements unpacked at once


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """A constant of this shape as codes of 1 to 16 bits.

    words: int8 or int16 [elements], or the bytes of a packed stream, uint8. scale float32, zero_point int32, and the
    corrections var_corr, mean_corr float32 (1 and 0 where there are none): [channels], one or one for each block.
    blocks: the shape as (outer, channels, inner): element [i, c, j] of that has the parameters of channel c. A group of
    weights is a channel too: (1, rows * groups, group size). form: of a stream that is compressed, as lite.compressed
    numbers them; 0 of one that is not.
    """

    words: Array
    bits: int
    shape: tuple[int, ...]
    blocks: tuple[int, int, int]
    scale: Array
    zero_point: Array
    var_corr: Array
    mean_corr: Array
    form: int = 0

    @property
    def storage(self) -> str:
        """How it is stored, in words."""
        scales, form = len(self.scale), {INDEXING: ", by index", SPARSE: ", sparse"}.get(self.form, "")
        return f"codes of {self.bits} bit{'s'[: self.bits > 1]}, {scales} scale{'s'[: scales > 1]}{form}"

    @property
    def nbytes(self) -> int:
        """Bytes that the codes take."""
        return self.words.nbytes

    def codes(self) -> Array:
        """The codes, int8 or int16 of the constant's shape; a view where they are not packed."""
        size = math.prod(self.shape)
        if self.form:
            codes = expand(self.words, self.form, self.bits, size, self.zero_point)
        else:
            codes = self.words if self.words.dtype != np.uint8 else unpack(self.words, self.bits, size)
        return codes.reshape(self.shape)

    def decode(self) -> Array:
        """The elements, float32 and read-only; see lite.stored."""
        return elements(self, self._decode)

    def _decode(self) -> Array:
        per_channel = (-1, 1)
        value: Array = self.codes().reshape(self.blocks).astype(np.float32)
        if self.zero_point.any():
            value -= self.zero_point.astype(np.float32).reshape(per_channel)
        value *= self.scale.reshape(per_channel)
        if (self.var_corr != 1).any():
            value *= self.var_corr.reshape(per_channel)
        if self.mean_corr.any():
            value += self.mean_corr.reshape(per_channel)
        return value.reshape(self.shape)


@dataclass(frozen=True, slots=True, eq=False)
class Clustered:
    """A constant of this shape whose elements are entries of a float32 codebook. words: int8, the index minus 128."""

    words: Array
    shape: tuple[int, ...]
    book: Array

    @property
    def bits(self) -> int:
        """That an element takes."""
        return 8

    @property
    def storage(self) -> str:
        """How it is stored, in words."""
        return f"codes of 8 bits, {len(self.book)} numbers"

    @property
    def nbytes(self) -> int:
        """Bytes that the elements take."""
        return self.words.nbytes

    def decode(self) -> Array:
        """The elements, float32 and read-only; see lite.stored."""
        return elements(self, lambda: self.book[self.words.view(np.uint8) ^ 128].reshape(self.shape))


def unpack(stream: Array, bits: int, size: int) -> Array:
    """`size` codes of `bits` each (1 to 15) from a packed stream, uint8: int8 up to 8 bits, else int16."""
    dtype, half = (np.int8, 1 << (bits - 1)) if bits <= 8 else (np.int16, 1 << (bits - 1))
    codes = np.empty(size, dtype)
    padded = np.concatenate([stream, np.zeros(2, np.uint8)])
    for first in range(0, size, _CHUNK):
        at = np.arange(first, min(first + _CHUNK, size), dtype=np.int64) * bits
        byte = at >> 3
        window = padded[byte].astype(np.int32)
        window |= padded[byte + 1].astype(np.int32) << 8
        if bits > 9:  # a code and its offset within a byte can take three
            window |= padded[byte + 2].astype(np.int32) << 16
        codes[first : first + _CHUNK] = ((window >> (at & 7)) & ((1 << bits) - 1)) - half
    return codes


def pack(codes: Array, bits: int) -> Array:
    """The stream, uint8, of integers in [-2^(bits - 1), 2^(bits - 1)); whole 16-bit words for more than 8 bits."""
    unsigned = (codes.reshape(-1).astype(np.int32) + (1 << (bits - 1))).astype(np.uint16)
    single = (unsigned[:, None] >> np.arange(bits, dtype=np.uint16)) & 1
    stream = np.packbits(single.astype(np.uint8).reshape(-1), bitorder="little")
    return stream if bits <= 8 else np.pad(stream, (0, -stream.size % 2))
