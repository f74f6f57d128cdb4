"""Pick elements by index. A negative index counts from the end; one that is still outside gives 0.

    Gather    y = x[..., indices, ...] along `axis`, the third input: indices' shape takes that axis's place
    GatherNd  the last axis of indices holds an index into the first axes of x: y[i...] = x[indices[i..., :], ...]
    GatherD   y[.., i, ..] = x[.., indices[.., i, ..], ..] along `axis`, the second input; y has indices' shape
"""
from __future__ import annotations

import numpy as np

from lite.errors import ShapeError
from lite.ops.checks import INDICES, check_dtype, check_rank_at_least
from lite.ops.registry import NoAttributes, op
from lite.ops.shapes import known_integer, normalize_axis
from lite.types import Array, TensorSpec


class Gather(NoAttributes):
    """No attributes."""

    __slots__ = ()


@op(Gather)
def infer_gather(attrs: Gather, x: TensorSpec, indices: TensorSpec, axis: TensorSpec) -> TensorSpec:
    """x of any dtype, indices of int32 or int64 in any shape, axis one of either -> rank of both, less 1."""
    check_dtype(attrs.op, indices, INDICES)
    check_rank_at_least(attrs.op, x, 1)
    where = known_integer(attrs.op, "axis", axis)
    if where is None:
        return x.like((-1,) * (x.rank + indices.rank - 1))
    place = normalize_axis(attrs.op, where, x.rank, x)
    return x.like((*x.shape[:place], *indices.shape, *x.shape[place + 1 :]))


@infer_gather.reference
def gather(attrs: Gather, x: Array, indices: Array, axis: Array) -> Array:
    place = int(axis.reshape(-1)[0]) % x.ndim
    shape = (*x.shape[:place], *indices.shape, *x.shape[place + 1 :])
    if x.shape[place] == 0:
        return np.zeros(shape, x.dtype)
    index, inside = _resolve(indices, x.shape[place])
    y = np.take(x, index, axis=place)
    return _zero_outside(y, inside.reshape(inside.shape + (1,) * (x.ndim - place - 1)))


class GatherNd(NoAttributes):
    """No attributes."""

    __slots__ = ()


@op(GatherNd)
def infer_gather_nd(attrs: GatherNd, x: TensorSpec, indices: TensorSpec) -> TensorSpec:
    """x of any dtype, indices [..., n] of int32 or int64 with n <= rank of x -> [..., dimensions of x from n on]."""
    check_dtype(attrs.op, indices, INDICES)
    check_rank_at_least(attrs.op, indices, 1)
    depth = indices.shape[-1]
    if depth == -1:
        raise ShapeError(f"{attrs.op} cannot tell the rank of its result: the last dimension of {indices} is unknown")
    if not 0 <= depth <= x.rank:
        raise ShapeError(f"{attrs.op} expects indices with 0 to {x.rank} numbers for {x}, got {indices}")
    return x.like((*indices.shape[:-1], *x.shape[depth:]))


@infer_gather_nd.reference
def gather_nd(attrs: GatherNd, x: Array, indices: Array) -> Array:
    depth = indices.shape[-1]
    shape = (*indices.shape[:-1], *x.shape[depth:])
    if 0 in x.shape[:depth]:
        return np.zeros(shape, x.dtype)
    resolved = [_resolve(indices[..., i], x.shape[i]) for i in range(depth)]
    y = np.broadcast_to(x[tuple(index for index, _ in resolved)], shape)
    inside = np.all([ok for _, ok in resolved], axis=0) if resolved else np.True_
    return _zero_outside(y, np.reshape(inside, inside.shape + (1,) * (x.ndim - depth)))


class GatherD(NoAttributes):
    """No attributes."""

    __slots__ = ()


@op(GatherD)
def infer_gather_d(attrs: GatherD, x: TensorSpec, axis: TensorSpec, indices: TensorSpec) -> TensorSpec:
    """x of any dtype; indices of x's rank, no larger than x but along the axis -> indices' shape."""
    check_dtype(attrs.op, indices, INDICES)
    check_rank_at_least(attrs.op, x, 1)
    if indices.rank != x.rank:
        raise ShapeError(f"{attrs.op} expects indices of the rank of {x}, got {indices}")
    where = known_integer(attrs.op, "axis", axis)
    if where is not None:
        place = normalize_axis(attrs.op, where, x.rank, x)
        if any(0 <= a < b for i, (a, b) in enumerate(zip(x.shape, indices.shape, strict=True)) if i != place):
            raise ShapeError(f"{attrs.op} along axis {place} expects indices no larger than {x}, got {indices}")
    return x.like(indices.shape)


@infer_gather_d.reference
def gather_d(attrs: GatherD, x: Array, axis: Array, indices: Array) -> Array:
    place = int(axis.reshape(-1)[0]) % x.ndim
    if x.shape[place] == 0:
        return np.zeros(indices.shape, x.dtype)
    index, inside = _resolve(indices, x.shape[place])
    block = tuple(slice(None) if i == place else slice(n) for i, n in enumerate(indices.shape))
    return _zero_outside(np.take_along_axis(x[block], index, axis=place), inside)


def _resolve(indices: Array, limit: int) -> tuple[Array, Array]:
    """Indices within [0, limit), any that are outside replaced by 0, and which were inside."""
    index = np.where(indices < 0, indices + limit, indices)
    inside = (index >= 0) & (index < limit)
    return np.where(inside, index, 0), inside


def _zero_outside(y: Array, inside: Array) -> Array:
    return np.array(y) if inside.all() else np.where(inside, y, np.zeros((), y.dtype))
