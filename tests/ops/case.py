"""One row of the operator tables: attributes, inputs, what is special about it, and sometimes the result.

Inputs are made when asked for, the same each time. `weights`, `ints` and `const` make inputs that a model would hold as
constants; the others are computed or fed.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from lite.ops.registry import Attributes
from lite.types import Array


@dataclass(frozen=True)
class Source:
    """An input: `make(seed)` gives the array."""

    make: Callable[[int], Array]
    constant: bool = False


@dataclass(frozen=True)
class Case:
    """attrs applied to inputs. expected: the outputs, worked out by hand, for the rows that have them."""

    attrs: Attributes
    sources: tuple[Source, ...]
    note: str
    expected: tuple[Any, ...] = ()

    @property
    def op(self) -> str:
        """The operator's schema name."""
        return self.attrs.op

    @property
    def id(self) -> str:
        """Unique among the cases."""
        return f"{self.op}-{self.note.replace(' ', '_')}"

    @property
    def constant(self) -> tuple[int, ...]:
        """Indices of the inputs that are constants of the model."""
        return tuple(i for i, source in enumerate(self.sources) if source.constant)

    def inputs(self) -> list[Array]:
        """The input arrays, the same at each call."""
        return [source.make(seed) for seed, source in enumerate(self.sources)]

    def __str__(self) -> str:
        return self.id


def case(attrs: Attributes, *sources: Source, note: str = "plain", expected: Any = None) -> Case:
    """A row. expected: the one output, or a tuple of outputs."""
    outputs = () if expected is None else expected if isinstance(expected, tuple) else (expected,)
    return Case(attrs, sources, note, outputs)


def normal(*shape: int, dtype: npt.DTypeLike = np.float32) -> Source:
    """Standard normal numbers."""
    return Source(lambda seed: np.random.default_rng([seed, *shape]).standard_normal(shape).astype(dtype))


def uniform(low: float, high: float, *shape: int, dtype: npt.DTypeLike = np.float32) -> Source:
    """Evenly distributed numbers from low to high."""
    return Source(lambda seed: np.random.default_rng([seed, *shape]).uniform(low, high, shape).astype(dtype))


def randint(low: int, high: int, *shape: int, dtype: npt.DTypeLike = np.int32) -> Source:
    """Evenly distributed integers from low up to, not with, high."""
    return Source(lambda seed: np.random.default_rng([seed, *shape]).integers(low, high, shape).astype(dtype))


def full(shape: Sequence[int], value: float, dtype: npt.DTypeLike = np.float32) -> Source:
    """One value everywhere."""
    return Source(lambda _: np.full(tuple(shape), value, dtype))


def data(values: Any, dtype: npt.DTypeLike = np.float32) -> Source:
    """The values given."""
    return Source(lambda _: np.array(values, dtype))


def const(values: Any, dtype: npt.DTypeLike = np.float32) -> Source:
    """The values given, a constant of the model."""
    return replace(data(values, dtype), constant=True)


def ints(*values: int, dtype: npt.DTypeLike = np.int32) -> Source:
    """A vector of integers, a constant of the model."""
    return const(values, dtype)


def scalar(value: float, dtype: npt.DTypeLike = np.int32) -> Source:
    """One number without dimensions, a constant of the model."""
    return const(value, dtype)


def weights(*shape: int, dtype: npt.DTypeLike = np.float32) -> Source:
    """Normal numbers that keep the scale of what they multiply, a constant of the model."""
    fan_in = max(int(np.prod(shape[1:])), 1)

    def make(seed: int) -> Array:
        return (np.random.default_rng([seed, *shape]).standard_normal(shape) / np.sqrt(fan_in)).astype(dtype)

    return Source(make, constant=True)


def positive(*shape: int, dtype: npt.DTypeLike = np.float32) -> Source:
    """Numbers from 0.5 to 1.5, a constant of the model: variances and scales."""
    return replace(uniform(0.5, 1.5, *shape, dtype=dtype), constant=True)
