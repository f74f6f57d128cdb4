"""Reorder dimensions: y's dimension i is x's dimension perm[i]."""
from __future__ import annotations

from lite.errors import ShapeError
from lite.ops.registry import NoAttributes, op
from lite.ops.shapes import known_integers, normalize_axes
from lite.types import Array, TensorSpec


class Transpose(NoAttributes):
    """No attributes."""

    __slots__ = ()


@op(Transpose)
def infer(attrs: Transpose, x: TensorSpec, perm: TensorSpec) -> TensorSpec:
    """x of any dtype and perm [rank of x] of int32 or int64 -> x with its dimensions in that order."""
    order = known_integers(attrs.op, perm)
    if order is None:
        return x.like((-1,) * x.rank)
    if len(order) != x.rank:
        raise ShapeError(f"{attrs.op} expects {x.rank} axes for {x}, got {list(order)}")
    return x.like(tuple(x.shape[axis] for axis in normalize_axes(attrs.op, order, x.rank, x)))


@infer.reference
def reference(attrs: Transpose, x: Array, perm: Array) -> Array:
    return x.transpose(perm.reshape(-1)).copy()
