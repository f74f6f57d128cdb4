"""Memory for plans that shows what is written outside it."""
from __future__ import annotations

import numpy as np

from lite.types import Array

GUARD = 256
_PATTERN = 0xA5


class Guarded:
    """Allocates as a plan does, poisoned, with GUARD bytes of a pattern on either side."""

    def __init__(self) -> None:
        self.blocks: list[Array] = []
        self._guards: list[Array] = []

    def __call__(self, nbytes: int) -> Array:
        memory = np.full(nbytes + 2 * GUARD + 64, _PATTERN, np.uint8)
        start = GUARD + -(memory.ctypes.data + GUARD) % 64
        self._guards += [memory[:start], memory[start + nbytes :]]
        self.blocks.append(memory[start : start + nbytes])
        self.poison()
        return self.blocks[-1]

    def poison(self) -> None:
        """Fill everything with NaNs, as float32 and float64 read them."""
        for block in self.blocks:
            block.fill(0xFF)

    def intact(self) -> bool:
        """Whether nothing was written outside."""
        return all((guard == _PATTERN).all() for guard in self._guards)
