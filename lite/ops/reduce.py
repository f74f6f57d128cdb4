"""Reductions over axes.

    ReduceMean       sum x / n, integers rounded towards zero     ReduceSumSquare  sum x^2
    ReduceMax/Min    largest, smallest                            ReduceASum       sum |x|
    ReduceProd/Sum   product, sum                                 ReduceL2         sqrt(sum x^2)
    ReduceAll        logical and of booleans
"""
from __future__ import annotations

import math
from enum import IntEnum

import numpy as np

from lite.errors import ShapeError
from lite.ops.checks import BOOLS, FLOATS, NUMBERS, check_dtype
from lite.ops.numerics import in_float32, wide
from lite.ops.registry import Attributes, op
from lite.ops.shapes import integers, known_integers, normalize_axes
from lite.records import dataclass
from lite.types import Array, TensorSpec


class ReduceMode(IntEnum):
    """What ReduceFusion computes over its axes."""

    ReduceMean = 0
    ReduceMax = 1
    ReduceMin = 2
    ReduceProd = 3
    ReduceSum = 4
    ReduceSumSquare = 5
    ReduceASum = 6
    ReduceAll = 7
    ReduceL2 = 8


@dataclass(frozen=True, slots=True)
class ReduceFusion(Attributes):
    """keep_dims: reduced dimensions stay, as 1. mode: what is computed.

    reduce_to_end: the one axis given, and all after it, are reduced; the result is then multiplied by coeff unless that
    is (nearly) 0. coeff is not used otherwise.
    """

    keep_dims: bool = False
    mode: ReduceMode = ReduceMode.ReduceMean
    reduce_to_end: bool = False
    coeff: float = 0.0


def reduced_axes(attrs: ReduceFusion, x: TensorSpec, axes: tuple[int, ...]) -> tuple[int, ...]:
    """The axes reduced, ascending, for the values of the second input; none given means all."""
    normal = normalize_axes(attrs.op, axes, x.rank, x)
    if attrs.reduce_to_end:
        if len(normal) != 1:
            raise ShapeError(f"{attrs.op} to the end expects one axis, got {list(axes)} for {x}")
        return tuple(range(normal[0], x.rank))
    return tuple(sorted(normal)) or tuple(range(x.rank))


@op(ReduceFusion)
def infer(attrs: ReduceFusion, x: TensorSpec, axes: TensorSpec | None = None) -> TensorSpec:
    """x of any number type (bool for ReduceAll, floating point for ReduceL2), axes int32 or int64; same dtype as x."""
    check_dtype(attrs.op, x, {ReduceMode.ReduceAll: BOOLS, ReduceMode.ReduceL2: FLOATS}.get(attrs.mode, NUMBERS))
    given = () if axes is None else known_integers(attrs.op, axes)
    if given is None:
        if not attrs.keep_dims:
            raise ShapeError(f"{attrs.op} cannot tell the rank of its result: the axes {axes} are unknown")
        return x.like((-1,) * x.rank)
    reduced = reduced_axes(attrs, x, given)
    if attrs.mode in (ReduceMode.ReduceMax, ReduceMode.ReduceMin) and any(x.shape[axis] == 0 for axis in reduced):
        raise ShapeError(f"{attrs.op} cannot find the {attrs.mode.name[6:].lower()} of nothing: axes {reduced} of {x}")
    if attrs.keep_dims:
        return x.like(tuple(1 if i in reduced else d for i, d in enumerate(x.shape)))
    return x.like(tuple(d for i, d in enumerate(x.shape) if i not in reduced))


@infer.reference
@in_float32
def reference(attrs: ReduceFusion, x: Array, axes: Array | None = None) -> Array:
    given = () if axes is None else integers(axes)
    over = reduced_axes(attrs, TensorSpec.of(x), given)
    y = _reduce(attrs.mode, wide(x), over, attrs.keep_dims)
    if attrs.reduce_to_end and abs(attrs.coeff) > 1e-5:
        y = y * attrs.coeff
    return np.asarray(y).astype(x.dtype)


def _reduce(mode: ReduceMode, x: Array, axis: tuple[int, ...], keepdims: bool) -> Array:
    dtype = x.dtype
    if mode == ReduceMode.ReduceMean:
        total = np.sum(x, axis=axis, keepdims=keepdims, dtype=None if dtype.kind == "f" else dtype)
        count = math.prod(x.shape[i] for i in axis)
        return np.asarray(total / count if dtype.kind == "f" else np.trunc(np.true_divide(total, count)))
    if mode == ReduceMode.ReduceMax:
        return np.asarray(np.max(x, axis=axis, keepdims=keepdims))
    if mode == ReduceMode.ReduceMin:
        return np.asarray(np.min(x, axis=axis, keepdims=keepdims))
    if mode == ReduceMode.ReduceProd:
        return np.asarray(np.prod(x, axis=axis, keepdims=keepdims, dtype=dtype))
    if mode == ReduceMode.ReduceAll:
        return np.asarray(np.all(x, axis=axis, keepdims=keepdims))
    if mode == ReduceMode.ReduceASum:
        return np.asarray(np.sum(np.abs(x), axis=axis, keepdims=keepdims, dtype=dtype))
    if mode == ReduceMode.ReduceSum:
        return np.asarray(np.sum(x, axis=axis, keepdims=keepdims, dtype=dtype))
    squares = np.asarray(np.sum(np.square(x), axis=axis, keepdims=keepdims, dtype=dtype))
    return np.sqrt(squares) if mode == ReduceMode.ReduceL2 else squares
