"""Dimensions and strides as the kernels that walk rows take them (see lite.kernels.index)."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lite.delegates.base import Packed
from lite.records import dataclass
from lite.types import Array


@dataclass(frozen=True, slots=True)
class Walk:
    """extents: outermost first. strides: for each operand one a dimension, in bytes."""

    extents: tuple[int, ...]
    strides: tuple[tuple[int, ...], ...]

    def table(self) -> Packed:
        """The int64 numbers that index.row_offset reads."""
        return Packed(np.array([len(self.extents), *self.extents, *(s for row in self.strides for s in row)], np.int64))

    def without(self, *dims: int) -> Walk:
        """The dimensions other than these; negative ones count from the end."""
        dropped = {d % len(self.extents) for d in dims}
        kept = [d for d in range(len(self.extents)) if d not in dropped]
        return Walk(tuple(self.extents[d] for d in kept), tuple(tuple(row[d] for d in kept) for row in self.strides))

    def cut(self, dim: int, count: int) -> Walk:
        """Dimension `dim`, 0 or more, as two: `count` pieces, and the part of its extent in each."""
        piece = self.extents[dim] // count
        extents = (*self.extents[:dim], count, piece, *self.extents[dim + 1 :])
        return Walk(extents, tuple((*row[:dim], row[dim] * piece, *row[dim:]) for row in self.strides))


def contiguous(shape: Sequence[int], size: int) -> tuple[int, ...]:
    """Strides in bytes of a row-major tensor of that shape with elements of `size` bytes."""
    strides = [size] * len(shape)
    for d in range(len(shape) - 2, -1, -1):
        strides[d] = strides[d + 1] * shape[d + 1]
    return tuple(strides)


def ordered(shape: Sequence[int], order: Sequence[int], size: int) -> tuple[int, ...]:
    """Strides of what has that shape and is a row-major tensor transposed by `order`; by () that tensor itself."""
    if not order:
        return contiguous(shape, size)
    own = contiguous([shape[order.index(axis)] for axis in range(len(order))], size)
    return tuple(own[axis] for axis in order)


def broadcast(shape: Sequence[int], result: Sequence[int], size: int) -> tuple[int, ...]:
    """Strides of a row-major tensor seen under the shape it broadcasts to: 0 along what repeats."""
    strides = contiguous(shape, size)
    missing = len(result) - len(shape)
    own = [0 if extent == 1 else stride for extent, stride in zip(shape, strides, strict=True)]
    return (*[0] * missing, *own)


def merge(extents: Sequence[int], *strides: Sequence[int]) -> Walk:
    """The same elements in the same order with as few dimensions as possible, but at least one."""
    merged: list[int] = []
    rows: list[list[int]] = [[] for _ in strides]
    for d, extent in enumerate(extents):
        if extent == 1:
            continue
        if merged and all(row[-1] == own[d] * extent for row, own in zip(rows, strides, strict=True)):
            merged[-1] *= extent
            for row, own in zip(rows, strides, strict=True):
                row[-1] = own[d]
        else:
            merged.append(extent)
            for row, own in zip(rows, strides, strict=True):
                row.append(own[d])
    if not merged:
        return Walk((1,), tuple((0,) for _ in strides))
    return Walk(tuple(merged), tuple(tuple(row) for row in rows))


def offsets(shape: Sequence[int], strides: Sequence[int]) -> Array:
    """int64 of that shape: the bytes from the first element to each."""
    offsets = np.zeros(shape, np.int64)
    for axis, stride in enumerate(strides):
        offsets += np.arange(shape[axis], dtype=np.int64).reshape(-1, *[1] * (len(shape) - axis - 1)) * stride
    return offsets
