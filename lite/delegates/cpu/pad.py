"""Binds padding, and moving blocks of pixels between space and batch: several copies, over a fill where it shows."""
from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from lite.delegates.base import NativeClaim, Operation, Packed
from lite.delegates.cpu.fill import fill_step
from lite.delegates.cpu.move import Copy, copy_step, stand_in
from lite.delegates.cpu.tile import Tile
from lite.ops.pad import PaddingMode
from lite.ops.shapes import integers
from lite.types import Array, DType

_MOST_COPIES = 100  # a mirrored border of 4 dimensions takes 81


def bind(operation: Operation, tile: Tile) -> NativeClaim | None:
    """Any dtype, paddings known beforehand."""
    attrs: Any = operation.attrs
    y = operation.outputs[0]
    if y.dtype == DType.STRING or any(x.value is None for x in operation.inputs[1:]):
        return None
    source, target = stand_in(operation.inputs[0]), stand_in(y)
    copies = list(itertools.islice(_COPIES[operation.op](operation, source, target), _MOST_COPIES + 1))
    if len(copies) > _MOST_COPIES:
        return None
    steps = [copy_step(copy, source, target) for copy in copies if copy.view.size]
    if sum(copy.view.size for copy in copies) < y.size:
        value = np.array([getattr(attrs, "constant_value", 0)]).astype(y.dtype.dtype)
        steps.insert(0, fill_step(y, Packed(value)))
    return NativeClaim(tuple(steps))


def _pad(operation: Operation, x: Array, y: Array) -> Iterator[Copy]:
    """The input into the middle; for a mirror, also its edges turned around into each border and corner."""
    attrs: Any = operation.attrs
    paddings = operation.inputs[1].value if len(operation.inputs) > 1 else None
    flat = sum(attrs.paddings, ()) if paddings is None else integers(paddings)
    edge = 1 if attrs.padding_mode == PaddingMode.REFLECT else 0
    parts = []
    for n, before, after in zip(x.shape, flat[::2], flat[1::2], strict=True):
        axis = [(slice(0, n), slice(before, before + n))]
        if attrs.padding_mode != PaddingMode.CONSTANT and before:
            axis.append((slice(edge, edge + before), slice(before - 1, None, -1)))
        if attrs.padding_mode != PaddingMode.CONSTANT and after:
            axis.append((slice(n - edge - after, n - edge), slice(before + n + after - 1, before + n - 1, -1)))
        parts.append(axis)
    for places in itertools.product(*parts):
        source: tuple[Any, ...] = (*(part[0] for part in places), ...)
        target: tuple[Any, ...] = (*(part[1] for part in places), ...)
        yield Copy(0, x[source], 0, y[target])


def _space_to_batch(operation: Operation, x: Array, y: Array) -> Iterator[Copy]:
    attrs: Any = operation.attrs
    for block, space, places in _phases(attrs.block_shape, attrs.paddings, x.shape, y):
        yield Copy(0, x[(slice(None), *space)], 0, block[(slice(None), *places)])


def _batch_to_space(operation: Operation, x: Array, y: Array) -> Iterator[Copy]:
    attrs: Any = operation.attrs
    for block, space, places in _phases(attrs.block_shape, attrs.crops, y.shape, x):
        yield Copy(0, block[(slice(None), *places)], 0, y[(slice(None), *space)])


def _phases(
    block_shape: tuple[int, ...], margins: Any, shape: tuple[int, ...], batches: Array
) -> Iterator[tuple[Array, list[slice], list[slice]]]:
    """For each pixel of a block: the images of `batches` that hold it; its places in space; and those in the images."""
    images = batches.reshape(*block_shape, shape[0], *batches.shape[1:])
    for phase in itertools.product(*map(range, block_shape)):
        space, places = [], []
        for first, step, (before, _), extent in zip(phase, block_shape, margins, shape[1:3], strict=True):
            start = max(-((first - before) // step), 0)  # the first place that is not in the margin
            at = start * step + first - before
            count = max(-((at - extent) // step), 0)
            space.append(slice(at, at + count * step, step) if count else slice(0, 0))
            places.append(slice(start, start + count))
        yield images[phase], space, places


_COPIES = {"BatchToSpaceND": _batch_to_space, "PadFusion": _pad, "SpaceToBatchND": _space_to_batch}
