"""A case, and what generators draw it with."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")
Array = np.ndarray[Any, np.dtype[Any]]
Shape = tuple[int, ...]

_SIZES = (1, 1, 2, 3, 3, 4, 5, 6, 7, 8, 9, 11, 13, 16, 17, 19)
_LIMIT = 3000  # elements of a tensor: a case is small, and there are many


@dataclass(frozen=True)
class Case:
    """One use of a primitive.

    expression: what construct returns, with {name} for every operand and {op} for self.op. operands: the tensors.
    op: what self.op is, a primitive with its settings. constant: names of operands that are constants of the network.
    exact: floats agree to the last bit, since elements are only moved.
    """

    expression: str
    operands: dict[str, Array]
    op: str = ""
    constant: tuple[str, ...] = ()
    exact: bool = False

    def __str__(self) -> str:
        what = {
            name: f"{'constant ' if name in self.constant else ''}{value.dtype}{list(value.shape)}"
            for name, value in self.operands.items()
        }
        return self.expression.format(op=self.op, **what)


@dataclass(frozen=True)
class Draw:
    """What a case is drawn with: the same seed, primitive and index give the same case on every machine."""

    rng: np.random.Generator = field(repr=False)

    @staticmethod
    def of(seed: int, primitive: str, index: int) -> Draw:
        """The draws of one case."""
        return Draw(np.random.default_rng([seed, zlib.crc32(primitive.encode()), index]))

    def chance(self, probability: float) -> bool:
        """True that often."""
        return bool(self.rng.random() < probability)

    def one_of(self, *options: T) -> T:
        """One of them; what is named twice comes twice as often."""
        return options[int(self.rng.integers(len(options)))]

    def integer(self, low: int, high: int) -> int:
        """From low up to and with high."""
        return int(self.rng.integers(low, high + 1))

    def number(self, low: float, high: float) -> float:
        """Between low and high, of few digits, so that it prints short and is the same in float32."""
        return round(float(self.rng.uniform(low, high)) * 64) / 64

    def size(self, high: int = 19) -> int:
        """The length of a dimension: often odd, and 1 more often than by chance."""
        return self.one_of(*(size for size in _SIZES if size <= high))

    def shape(self, low: int = 0, high: int = 4, empty: bool = True) -> Shape:
        """A shape of `low` to `high` dimensions. Now and then one of them is 0, where `empty` allows it."""
        rank = self.integer(low, high)
        dims = [self.size() for _ in range(rank)]
        while np.prod(dims, initial=1) > _LIMIT:
            dims[self.integer(0, rank - 1)] = self.size(4)
        if rank and empty and self.chance(0.03):
            dims[self.integer(0, rank - 1)] = 0
        return tuple(dims)

    def broadcasting(self, count: int) -> list[Shape]:
        """Shapes that broadcast together: dimensions left out in front, or 1."""
        whole = self.shape()
        shapes = []
        for _ in range(count):
            dims = [1 if self.chance(0.2) else size for size in whole]
            shapes.append(tuple(dims[self.integer(0, len(dims)) if self.chance(0.3) else 0 :]))
        return shapes

    def axis(self, rank: int) -> int:
        """A dimension, from the front or from the back."""
        return self.integer(-rank, rank - 1)

    def axes(self, rank: int) -> Shape:
        """Some dimensions, at least one, in any order and counted from either end."""
        chosen = self.rng.permutation(rank)[: self.integer(1, rank)]
        return tuple(int(axis) - rank * self.chance(0.3) for axis in chosen)

    def array(self, shape: Shape, dtype: str = "float32", low: float = -3.0, high: float = 3.0) -> Array:
        """Elements between low and high; what an unsigned type lacks is left out."""
        kind = np.dtype(dtype)
        if kind.kind == "b":
            return self.rng.integers(0, 2, shape).astype(bool)
        if kind.kind == "f":
            return np.asarray(self.rng.uniform(low, high, shape)).astype(kind)
        least = max(0, round(low)) if kind.kind == "u" else round(low)
        return self.rng.integers(least, max(least, round(high)) + 1, shape).astype(kind)

    def distinct(self, shape: Shape, dtype: str = "float32") -> Array:
        """Elements of which no two are equal, in any order."""
        size = int(np.prod(shape, initial=1))
        return (self.rng.permutation(size) - size // 2).reshape(shape).astype(dtype)

    def constants(self, *names: str) -> tuple[str, ...]:
        """Which of these operands are constants of the network: usually none."""
        return tuple(name for name in names if self.chance(0.25))


Generator = Callable[[Draw], Case]
