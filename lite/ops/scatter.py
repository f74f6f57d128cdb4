"""Put elements at indices. A negative index counts from the end; what one that is still outside would put is left out.

    ScatterNd         zeros of the given shape, with each update added at its index
    ScatterNdUpdate   x with the updates in place; of several at one index, the last
    TensorScatterAdd  x with the updates added
    TensorScatterMul  x multiplied by the updates; TensorScatterDiv  divided, of floating-point types
    TensorScatterMax  the larger of x and the updates; TensorScatterMin  the smaller; NaN where either is
    ScatterElements   y = x, then y[.., indices[.., i, ..], ..] = updates[.., i, ..] along `axis`

For all but the last the last axis of indices holds an index into the first axes of the result, as for GatherNd.
"""
from __future__ import annotations

from collections.abc import Collection
from typing import cast

import numpy as np

from lite.errors import ShapeError
from lite.ops.checks import FLOATS, INDICES, NUMBERS, check_dtype, check_rank_at_least, check_same_dtype, check_shape
from lite.ops.registry import Attributes, NoAttributes, op
from lite.ops.shapes import integers, known_integers, normalize_axis, product
from lite.records import dataclass
from lite.types import Array, DType, TensorSpec


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
    return _scatter(np.zeros(integers(shape), updates.dtype), indices, updates, np.add)


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
    return _scatter(x.copy(), indices, updates)


def _define(name: str, function: np.ufunc, dtypes: Collection[DType]) -> type[NoAttributes]:
    cls = type(name, (NoAttributes,), {"__slots__": (), "__doc__": "No attributes.", "__module__": __name__})

    def infer(attrs: NoAttributes, x: TensorSpec, indices: TensorSpec, updates: TensorSpec) -> TensorSpec:
        check_dtype(name, x, dtypes)
        check_same_dtype(name, x, updates)
        _check_updates(name, x, indices, updates)
        return x.like()

    def reference(attrs: NoAttributes, x: Array, indices: Array, updates: Array) -> Array:
        return _scatter(x.copy(), indices, updates, function)

    op(cls)(infer).reference(reference)
    return cast("type[NoAttributes]", cls)


TensorScatterAdd = _define("TensorScatterAdd", np.add, NUMBERS)
TensorScatterDiv = _define("TensorScatterDiv", np.divide, FLOATS)
TensorScatterMax = _define("TensorScatterMax", np.maximum, NUMBERS)
TensorScatterMin = _define("TensorScatterMin", np.minimum, NUMBERS)
TensorScatterMul = _define("TensorScatterMul", np.multiply, NUMBERS)


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
    index: list[Array] = list(np.indices(indices.shape))
    index[place], inside = _resolve(indices, x.shape[place])
    y[tuple(i[inside] for i in index)] = updates[inside]
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


def _scatter(y: Array, indices: Array, updates: Array, function: np.ufunc | None = None) -> Array:
    """Each update where its index is, combined with what is there by the function, if there is one."""
    resolved = [_resolve(indices[..., i], y.shape[i]) for i in range(indices.shape[-1])]
    inside = np.all([part for _, part in resolved], axis=0)
    index = tuple(part[inside] for part, _ in resolved)
    if function is None:
        y[index] = updates[inside]
    else:
        function.at(y, index, updates[inside])
    return y


def _resolve(indices: Array, limit: int) -> tuple[Array, Array]:
    """Indices from 0 on, and which of them are within the limit."""
    index = np.where(indices < 0, indices + limit, indices)
    return index, (index >= 0) & (index < limit)
