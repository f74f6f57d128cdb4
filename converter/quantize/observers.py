"""What is kept of a tensor while samples pass, and the range that follows from it."""
from __future__ import annotations

from typing import Protocol

import numpy as np

from lite.types import Array


class Observer(Protocol):
    """Watches one tensor."""

    def see(self, x: Array) -> None:
        """Take one sample's elements into account."""
        ...

    def range(self) -> tuple[float, float]:
        """The real numbers that codes are to stand for."""
        ...


class MinMax:
    """The least and the largest element of all samples."""

    def __init__(self) -> None:
        self._low, self._high = np.inf, -np.inf

    def see(self, x: Array) -> None:
        """Elements that are not finite do not count."""
        finite = x if np.isfinite(x).all() else x[np.isfinite(x)]
        if finite.size:
            self._low, self._high = min(self._low, float(finite.min())), max(self._high, float(finite.max()))

    def range(self) -> tuple[float, float]:
        """(0, 0) where nothing was seen."""
        return (self._low, self._high) if self._low <= self._high else (0.0, 0.0)


OBSERVERS: dict[str, type[MinMax]] = {"minmax": MinMax}
