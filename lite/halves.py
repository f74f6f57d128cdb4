"""float32 constants that are stored in 16 bits: as float16, or as bfloat16, the upper half of a float32."""
from __future__ import annotations

from functools import cache

import numpy as np

from lite.records import dataclass
from lite.stored import elements
from lite.types import Array

_CHUNK = 1 << 15  # elements widened at once: they stay in a near cache


@dataclass(frozen=True, slots=True, eq=False)
class Half:
    """A constant of this shape. words: uint16, the bits of its elements; brain: they are bfloat16's."""

    words: Array
    shape: tuple[int, ...]
    brain: bool = False

    @property
    def bits(self) -> int:
        """That an element takes."""
        return 16

    @property
    def storage(self) -> str:
        """How it is stored, in words."""
        return "bfloat16" if self.brain else "float16"

    @property
    def nbytes(self) -> int:
        """Bytes that the elements take."""
        return self.words.nbytes

    def decode(self) -> Array:
        """The elements, float32 and read-only; see lite.stored."""
        return elements(self, self._decode)

    def _decode(self) -> Array:
        value = np.empty(self.words.size, np.float32)
        bits, numbers = value.view(np.uint32), None if self.brain else _every_half()
        for first in range(0, value.size, _CHUNK):
            part = slice(first, first + _CHUNK)
            if numbers is None:
                bits[part] = self.words[part]
                bits[part] <<= 16
            else:
                np.take(numbers, self.words[part], out=value[part], mode="clip")
        return value.reshape(self.shape)


@cache
def _every_half() -> Array:
    """All float16 as float32, by their bits: looking them up is faster than numpy's conversion."""
    return np.arange(1 << 16, dtype=np.uint16).view(np.float16).astype(np.float32)


def from_bfloat16(words: Array) -> Array:
    """float32 of bfloat16 numbers given as uint16, exactly."""
    return (words.astype(np.uint32) << 16).view(np.float32)


def halved(value: Array, brain: bool = False) -> Array:
    """The nearest float16 or bfloat16 of each float32, as uint16; of two as near the even one. NaN stays NaN."""
    if not brain:
        with np.errstate(over="ignore"):
            return value.astype(np.float16).view(np.uint16)
    bits = np.ascontiguousarray(value, np.float32).view(np.uint32)
    near = bits + (0x7FFF + ((bits >> 16) & 1))
    words: Array = (np.where(np.isnan(value), bits | 0x400000, near) >> 16).astype(np.uint16)
    return words
