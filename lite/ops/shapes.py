"""Shape arithmetic that several operators share. A dimension of -1 is not known yet and stays so."""
from __future__ import annotations

import math

from lite.errors import ShapeError
from lite.ops.checks import INDICES, check_dtype, check_rank
from lite.types import Array, TensorSpec


def broadcast(op: str, *specs: TensorSpec) -> tuple[int, ...]:
    """The shape that numpy's rules give; an unknown dimension beside a 1 stays unknown."""
    rank = max(x.rank for x in specs)
    shape = [1] * rank
    for x in specs:
        for i, dim in enumerate(x.shape, rank - x.rank):
            if dim == 1 or dim == shape[i]:
                continue
            if shape[i] == 1 or shape[i] == -1:
                shape[i] = dim
            elif dim != -1:
                raise ShapeError(f"{op} cannot broadcast {' with '.join(str(s) for s in specs)}")
    return tuple(shape)


def normalize_axis(op: str, axis: int, rank: int, x: TensorSpec) -> int:
    """axis within [-rank, rank) as 0 <= axis < rank. Raises ShapeError for one outside."""
    if not -rank <= axis < rank:
        raise ShapeError(f"{op} axis {axis} is outside [-{rank}, {rank}) for input {x}")
    return axis + rank if axis < 0 else axis


def normalize_axes(op: str, axes: tuple[int, ...], rank: int, x: TensorSpec) -> tuple[int, ...]:
    """Each axis as 0 <= axis < rank, in the order given. Raises ShapeError for one outside or named twice."""
    if len(axes) > rank:
        raise ShapeError(f"{op} names {len(axes)} axes for input {x} of rank {rank}")
    normal = tuple(normalize_axis(op, axis, rank, x) for axis in axes)
    if len(set(normal)) != len(normal):
        raise ShapeError(f"{op} axes {axes} name an axis twice for input {x}")
    return normal


def known_integers(op: str, x: TensorSpec, *ranks: int) -> tuple[int, ...] | None:
    """Elements, in order, of an int32 or int64 tensor of one of these ranks (0 or 1), or None where not known yet."""
    check_dtype(op, x, INDICES)
    check_rank(op, x, *(ranks or (0, 1)))
    return None if x.value is None else integers(x.value)


def integers(x: Array) -> tuple[int, ...]:
    """Elements of an integer array, in order."""
    return tuple(x.reshape(-1).tolist())


def known_integer(op: str, what: str, x: TensorSpec) -> int | None:
    """The one element of an int32 or int64 tensor, or None where it is not known yet."""
    values = known_integers(op, x)
    if product(x.shape) not in (1, -1):
        raise ShapeError(f"{op} expects one {what}, got {x}")
    return None if values is None else values[0]


def product(dims: tuple[int, ...]) -> int:
    """Number of elements, or -1 where a dimension is unknown."""
    return -1 if any(d < 0 for d in dims) else math.prod(dims)
