"""Binds the operators that put elements at indices, and ReverseSequence."""
from __future__ import annotations

import math
from typing import Any

import numpy as np

from lite.delegates.base import Argument, In, NativeClaim, NativeStep, Operation, Out, Packed
from lite.delegates.cpu.strides import Walk, contiguous
from lite.delegates.cpu.tile import Tile
from lite.delegates.cpu.work import BYTE, split
from lite.kernels.codes import BINARY, TYPES
from lite.types import DType, TensorSpec

_ELEMENT = 4.0  # nanoseconds to follow one index

# What combines an update with what is there.
_FUNCTIONS = {
    "ScatterNd": "add",
    "TensorScatterAdd": "add",
    "TensorScatterDiv": "div",
    "TensorScatterMax": "max",
    "TensorScatterMin": "min",
    "TensorScatterMul": "mul",
}


def bind(operation: Operation, tile: Tile) -> NativeClaim | None:
    """Any dtype where elements are replaced or moved, else one of codes.TYPES."""
    x = operation.outputs[0]
    if x.dtype == DType.STRING or (operation.op in _FUNCTIONS and str(x.dtype) not in TYPES):
        return None
    if operation.op == "ScatterElements":
        return _elements(operation)
    if operation.op == "ReverseSequence":
        return _reverse(operation)
    if operation.op == "ScatterNd":
        return NativeClaim((_scatter(operation, 0, (operation.inputs[0], In(0)), In(1)),))
    step = _scatter(operation, In(0), (operation.inputs[1], In(1)), In(2))
    return NativeClaim((step,), in_place=_in_place(operation))


def _in_place(operation: Operation) -> int:
    return 0 if operation.inputs[0].value is None else -1


def _scatter(operation: Operation, x: Argument, indices: tuple[TensorSpec, In], updates: In) -> NativeStep:
    index, place = indices
    depth, count = index.shape[-1], math.prod(index.shape[:-1])
    found: dict[str, Argument] = {"indices": place, "updates": updates, "index_bytes": index.dtype.itemsize}
    return _step(operation, x, depth, count, found)


def _step(operation: Operation, x: Argument, depth: int, count: int, arguments: dict[str, Argument]) -> NativeStep:
    y = operation.outputs[0]
    rows, elements, size = math.prod(y.shape[:depth]), math.prod(y.shape[depth:]), y.dtype.itemsize
    units = split(elements, size * (rows + 2 * count) * BYTE + count)
    arguments = {
        **arguments,
        "x": x,
        "y": Out(0),
        "depth": depth,
        "extents": Packed(np.array(y.shape[:depth], np.int64)),
        "rows": rows,
        "count": count,
        "run": elements * size,
        "function": BINARY.index(_FUNCTIONS[operation.op]) if operation.op in _FUNCTIONS else -1,
        "kind": TYPES.index(str(y.dtype)) if operation.op in _FUNCTIONS else 0,
        "block": units.block * size,
    }
    return NativeStep("scatter_nd", arguments, units.count, scratch=16)


def _elements(operation: Operation) -> NativeClaim:
    """A copy of x, whose elements are then replaced."""
    attrs: Any = operation.attrs
    x, indices, _ = operation.inputs
    axis, size = attrs.axis % x.rank, x.dtype.itemsize
    n = indices.shape[axis]
    strides, own = contiguous(x.shape, size), contiguous(indices.shape, 1)
    walk = Walk(indices.shape, (strides, own)).without(axis)
    rows = math.prod(walk.extents)
    units = split(rows, n * _ELEMENT + 10)
    arguments: dict[str, Argument] = {
        "indices": In(1),
        "updates": In(2),
        "y": Out(0),
        "index_bytes": indices.dtype.itemsize,
        "dims": walk.table(),
        "rows": rows,
        "n": n,
        "extent": x.shape[axis],
        "stride": strides[axis],
        "step": own[axis],
        "size": size,
        "row_block": units.block,
    }
    step = NativeStep("scatter_elements", arguments, units.count)
    copy = _step(operation, In(0), 0, 0, {"indices": 0, "updates": 0, "index_bytes": 0})
    return NativeClaim((copy, step), in_place=_in_place(operation))


def _reverse(operation: Operation) -> NativeClaim:
    attrs: Any = operation.attrs
    x, lengths = operation.inputs
    along, batch = attrs.seq_dim % x.rank, attrs.batch_dim % x.rank
    last = max(along, batch)
    strides = contiguous(x.shape, x.dtype.itemsize)
    run = strides[last]
    walk = Walk(x.shape[: last + 1], (strides[: last + 1],)).without(along, batch)
    rows = math.prod(walk.extents)
    units = split(rows * x.shape[batch], x.shape[along] * (2 * run * BYTE + 2))
    arguments: dict[str, Argument] = {
        "x": In(0),
        "lengths": In(1),
        "y": Out(0),
        "index_bytes": lengths.dtype.itemsize,
        "dims": walk.table(),
        "rows": rows,
        "batch": x.shape[batch],
        "batch_stride": strides[batch],
        "steps": x.shape[along],
        "stride": strides[along],
        "run": run,
        "block": units.block,
    }
    return NativeClaim((NativeStep("reverse_sequence", arguments, units.count),))
