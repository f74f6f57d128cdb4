"""Binds GatherNd, GatherD and OneHot."""
from __future__ import annotations

import math
from typing import Any

import numpy as np

from lite.delegates.base import In, NativeClaim, NativeStep, Operation, Out, Packed
from lite.delegates.cpu.fill import fill_step
from lite.delegates.cpu.strides import Walk, contiguous
from lite.delegates.cpu.tile import Tile
from lite.delegates.cpu.work import BYTE, split
from lite.ops.shapes import integers
from lite.types import DType

_ELEMENT = 4.0  # nanoseconds to follow one index


def bind(operation: Operation, tile: Tile) -> NativeClaim | None:
    """Any dtype, an axis known beforehand."""
    if operation.outputs[0].dtype == DType.STRING:
        return None
    return {"GatherD": _gather_elements, "GatherNd": _gather_nd, "OneHot": _one_hot}[operation.op](operation)


def _gather_nd(operation: Operation) -> NativeClaim:
    x, indices = operation.inputs
    depth = indices.shape[-1]
    count, run = math.prod(indices.shape[:-1]), math.prod(x.shape[depth:]) * x.dtype.itemsize
    units = split(count, depth * _ELEMENT + 2 * run * BYTE)
    step = NativeStep(
        "gather_nd",
        {
            "x": In(0),
            "indices": In(1),
            "y": Out(0),
            "index_bytes": indices.dtype.itemsize,
            "depth": depth,
            "extents": Packed(np.array(x.shape[:depth], np.int64)),
            "count": count,
            "run": run,
            "block": units.block,
        },
        units.count,
    )
    return NativeClaim((step,))


def _gather_elements(operation: Operation) -> NativeClaim | None:
    x, where, indices = operation.inputs
    if where.value is None:
        return None
    axis = integers(where.value)[0] % x.rank
    size = x.dtype.itemsize
    strides = contiguous(x.shape, size)
    outer = tuple(0 if d == axis else stride for d, stride in enumerate(strides[:-1]))
    rows, n = math.prod(indices.shape[:-1]), indices.shape[-1]
    units = split(rows, n * _ELEMENT + 10)
    step = NativeStep(
        "gather_elements",
        {
            "x": In(0),
            "indices": In(2),
            "y": Out(0),
            "index_bytes": indices.dtype.itemsize,
            "dims": Walk(indices.shape[:-1], (outer,)).table(),
            "rows": rows,
            "n": n,
            "extent": x.shape[axis],
            "stride": strides[axis],
            "step": 0 if axis == x.rank - 1 else size,
            "size": size,
            "row_block": units.block,
        },
        units.count,
    )
    return NativeClaim((step,))


def _one_hot(operation: Operation) -> NativeClaim:
    """Off everywhere, then on where the indices say."""
    attrs: Any = operation.attrs
    indices, y = operation.inputs[0], operation.outputs[0]
    axis = attrs.axis % y.rank
    pair = len(operation.inputs) == 3  # off and on in one tensor
    outer, depth, inner = math.prod(y.shape[:axis]), y.shape[axis], math.prod(y.shape[axis + 1 :])
    units = split(outer, inner * _ELEMENT)
    step = NativeStep(
        "one_hot",
        {
            "indices": In(0),
            "on": In(2),
            "y": Out(0),
            "index_bytes": indices.dtype.itemsize,
            "on_offset": y.dtype.itemsize if pair else 0,
            "outer": outer,
            "depth": depth,
            "inner": inner,
            "size": y.dtype.itemsize,
            "block": units.block,
        },
        units.count,
    )
    return NativeClaim((fill_step(y, In(2 if pair else 3)), step))
