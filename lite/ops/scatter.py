"""Put elements at indices. Every index must be within the tensor; a negative one counts from the end.

    ScatterNd         zeros of the given shape, with each update added at its index
    ScatterNdUpdate   x with the updates in place; of several at one index, the last
    TensorScatterAdd  x with the updates added
    ScatterElements   y = x, then y[.., indices[.., i, ..], ..] = updates[.., i, ..] along `axis`

For the first three the last axis of indices holds an index into the first axes of the result, as for GatherNd.
"""
from __future__ import annotations

import numpy as np

from lite.errors import ShapeError
from lite.ops.checks import INDICES, NUMBERS, check_dtype, check_rank_at_least, check_same_dtype, check_shape
from lite.ops.registry import Attributes, NoAttributes, op
from lite.ops.shapes import integers, known_integers, normalize_axis, product
from lite.records import dataclass
from lite.types import Array, TensorSpec


class ScatterNd(NoAttributes):
    """No attributes."""

    __slots__ = ()


@op(ScatterNd)
def infer_scatter_nd(attrs: ScatterNd, indices: TensorSpec, updates: TensorSpec, shape: TensorSpec) -> TensorSpec:
    """indices [..., n] of int32 or int64, updates [..., rest of shape], shape [rank] -> that shape, updates' dtype."""
    check_dtype(attrs.op, updates, NUMBERS)
    wanted = known_integers(attrs.op, shape)
    if wanted is None:
        if product(shape.shape) < 0:
            raise ShapeError(f"{attrs.op} cannot tell the rank of its result: the length of {shape} is unknown")
        wanted = (-1,) * product(shape.shape)
    elif min(wanted, default=0) < 0:
        raise ShapeError(f"{attrs.op} expects a shape >= 0, got {list(wanted)}")
    result = updates.like(wanted)
    _check_updates(attrs.op, result, indices, updates)
    return result


@infer_scatter_nd.reference
def scatter_nd(attrs: ScatterNd, indices: Array, updates: Array, shape: Array) -> Array:
    return _scatter(attrs.op, np.zeros(integers(shape), updates.dtype), indices, updates, True)


class ScatterNdUpdate(NoAttributes):
    """No attributes."""

    __slots__ = ()


@op(ScatterNdUpdate)
def infer_scatter_nd_update(
    attrs: ScatterNdUpdate, x: TensorSpec, indices: TensorSpec, updates: TensorSpec
) -> TensorSpec:
    """x and updates of one dtype -> the shape of x."""
    check_same_dtype(attrs.op, x, updates)
    _check_updates(attrs.op, x, indices, updates)
    return x.like()


@infer_scatter_nd_update.reference
def scatter_nd_update(attrs: ScatterNdUpdate, x: Array, indices: Array, updates: Array) -> Array:
    return _scatter(attrs.op, x.copy(), indices, updates, False)


class TensorScatterAdd(NoAttributes):
    """No attributes."""

    __slots__ = ()


@op(TensorScatterAdd)
def infer_tensor_scatter_add(
    attrs: TensorScatterAdd, x: TensorSpec, indices: TensorSpec, updates: TensorSpec
) -> TensorSpec:
    """x and updates of one number type -> the shape of x."""
    check_dtype(attrs.op, x, NUMBERS)
    check_same_dtype(attrs.op, x, updates)
    _check_updates(attrs.op, x, indices, updates)
    return x.like()


@infer_tensor_scatter_add.reference
def tensor_scatter_add(attrs: TensorScatterAdd, x: Array, indices: Array, updates: Array) -> Array:
    return _scatter(attrs.op, x.copy(), indices, updates, True)


@dataclass(frozen=True, slots=True)
class ScatterElements(Attributes):
    """axis: the one that indices are for."""

    axis: int = 0


@op(ScatterElements)
def infer_scatter_elements(
    attrs: ScatterElements, x: TensorSpec, indices: TensorSpec, updates: TensorSpec
) -> TensorSpec:
    """indices and updates of one shape, x's rank and no larger than x but along the axis -> the shape of x."""
    check_dtype(attrs.op, indices, INDICES)
    check_same_dtype(attrs.op, x, updates)
    place = normalize_axis(attrs.op, attrs.axis, x.rank, x)
    check_shape(attrs.op, f"updates like indices {indices}", updates, indices.shape)
    if indices.rank != x.rank or any(
        0 <= a < b for i, (a, b) in enumerate(zip(x.shape, indices.shape, strict=True)) if i != place
    ):
        raise ShapeError(f"{attrs.op} along axis {place} expects indices no larger than {x}, got {indices}")
    return x.like()


@infer_scatter_elements.reference
def scatter_elements(attrs: ScatterElements, x: Array, indices: Array, updates: Array) -> Array:
    y = x.copy()
    place = attrs.axis % x.ndim
    index: list[Array] = list(np.indices(indices.shape, sparse=True))
    index[place] = _inside(attrs.op, indices, x.shape[place])
    y[tuple(index)] = updates
    return y


def _check_updates(op_name: str, x: TensorSpec, indices: TensorSpec, updates: TensorSpec) -> None:
    check_dtype(op_name, indices, INDICES)
    check_rank_at_least(op_name, indices, 1)
    depth = indices.shape[-1]
    if depth == -1:
        return
    if not 1 <= depth <= x.rank:
        raise ShapeError(f"{op_name} expects indices with 1 to {x.rank} numbers for {x}, got {indices}")
    check_shape(op_name, f"updates for indices {indices} into {x}", updates, (*indices.shape[:-1], *x.shape[depth:]))


def _scatter(op_name: str, y: Array, indices: Array, updates: Array, add: bool) -> Array:
    index = tuple(_inside(op_name, indices[..., i], y.shape[i]) for i in range(indices.shape[-1]))
    if add:
        np.add.at(y, index, updates)
    else:
        y[index] = updates
    return y


def _inside(op_name: str, indices: Array, limit: int) -> Array:
    if indices.size and not -limit <= int(indices.min()) <= int(indices.max()) < limit:
        raise ShapeError(f"{op_name} indices from {indices.min()} to {indices.max()} are outside [-{limit}, {limit})")
    return indices
