"""Normal equations: x^T x, and something on its diagonal that holds what is solved for.

Of x [groups, rows, width] with fewer rows than columns nothing as large as width x width is made or inverted:

    inv(x^T x + h) = (1 - x^T inv(x x^T + h) x) / h
"""
from __future__ import annotations

from functools import cached_property

import numpy as np

from lite.types import Array


class Normal:
    """x^T x + held, for each group; held: [groups, 1, 1], above 0."""

    def __init__(self, x: Array, held: Array) -> None:
        self.held = held
        self.diagonal: Array = np.square(x).sum(axis=1)[:, :, None] + held
        self._x = x if x.shape[1] < x.shape[2] else None
        self._square = x @ x.transpose(0, 2, 1) if self._x is not None else x.transpose(0, 2, 1) @ x
        self._square += held * np.eye(self._square.shape[1])

    def times(self, v: Array) -> Array:
        """The matrix times v, [groups, width, columns]."""
        if self._x is None:
            return self._square @ v
        product: Array = self._x.transpose(0, 2, 1) @ (self._x @ v) + self.held * v
        return product

    def solve(self, v: Array) -> Array:
        """Its inverse times v."""
        if self._x is None:
            return self._inverse @ v
        solved: Array = (v - self._x.transpose(0, 2, 1) @ (self._inverse @ (self._x @ v))) / self.held
        return solved

    @cached_property
    def _inverse(self) -> Array:
        return np.linalg.inv(self._square)
