"""Repeat a tensor.

    TileFusion   y is x repeated `multiples` times along each axis; missing leading dimensions of x are 1
    BroadcastTo  y is x with each dimension of 1 repeated to the wanted one; -1 keeps x's dimension
"""
from __future__ import annotations

import numpy as np

from lite.errors import ShapeError
from lite.ops.checks import check_range
from lite.ops.registry import Attributes, op
from lite.ops.shapes import integers, known_integers, product
from lite.records import dataclass
from lite.types import Array, TensorSpec


@dataclass(frozen=True, slots=True)
class TileFusion(Attributes):
    """dims: the multiples where they are not the second input."""

    dims: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        check_range(self, "dims", 0)


@op(TileFusion)
def infer_tile(attrs: TileFusion, x: TensorSpec, multiples: TensorSpec | None = None) -> TensorSpec:
    """x of any dtype; multiples of int32 or int64, one for each axis of x or more."""
    times = attrs.dims if multiples is None else known_integers(attrs.op, multiples)
    if times is None:
        if multiples is None or product(multiples.shape) < 0:
            raise ShapeError(f"{attrs.op} cannot tell the rank of its result: the length of {multiples} is unknown")
        return x.like((-1,) * max(product(multiples.shape), x.rank))
    if len(times) < x.rank or min(times, default=0) < 0:
        raise ShapeError(f"{attrs.op} expects {x.rank} multiples >= 0 or more for {x}, got {list(times)}")
    shape = (1,) * (len(times) - x.rank) + x.shape
    return x.like(tuple(-1 if d < 0 else d * n for d, n in zip(shape, times, strict=True)))


@infer_tile.reference
def tile(attrs: TileFusion, x: Array, multiples: Array | None = None) -> Array:
    return np.tile(x, attrs.dims if multiples is None else integers(multiples))


@dataclass(frozen=True, slots=True)
class BroadcastTo(Attributes):
    """shape: the wanted shape where it is not the second input."""

    shape: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        check_range(self, "shape", -1)


@op(BroadcastTo)
def infer_broadcast_to(attrs: BroadcastTo, x: TensorSpec, shape: TensorSpec | None = None) -> TensorSpec:
    """x of any dtype; shape of int32 or int64, at least x's rank."""
    wanted = attrs.shape if shape is None else known_integers(attrs.op, shape)
    if wanted is None:
        if shape is None or product(shape.shape) < 0:
            raise ShapeError(f"{attrs.op} cannot tell the rank of its result: the length of {shape} is unknown")
        return x.like((-1,) * product(shape.shape))
    return x.like(_target(attrs, x, wanted))


def _target(attrs: BroadcastTo, x: TensorSpec, wanted: tuple[int, ...]) -> tuple[int, ...]:
    added = len(wanted) - x.rank
    if added < 0 or min(wanted, default=0) < -1 or -1 in wanted[:added]:
        raise ShapeError(f"{attrs.op} cannot broadcast {x} to {list(wanted)}")
    shape = list(wanted)
    for i, dim in enumerate(x.shape, added):
        if shape[i] == -1:
            shape[i] = dim
        elif dim not in (1, -1, shape[i]):
            raise ShapeError(f"{attrs.op} cannot broadcast {x} to {list(wanted)}")
    return tuple(shape)


@infer_broadcast_to.reference
def broadcast_to(attrs: BroadcastTo, x: Array, shape: Array | None = None) -> Array:
    wanted = attrs.shape if shape is None else integers(shape)
    return np.array(np.broadcast_to(x, _target(attrs, TensorSpec.of(x), wanted)))
