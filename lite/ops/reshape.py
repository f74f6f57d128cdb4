"""Operators that only rename dimensions; the elements keep their order.

    Reshape     the shape is the second input: -1 once for what is left, 0 for the dimension of x at that place,
                or for 0 itself where x is empty and the result would not be
    Flatten     [product of the dimensions before `axis`, product of the rest]
    Squeeze     without the dimensions named, which are 1; without any that is 1 where none is named
    Unsqueeze   with dimensions of 1 at the places named, counted in the result
    ExpandDims  with one dimension of 1 at the place that the second input names
"""
from __future__ import annotations

import math

from lite.errors import ShapeError
from lite.ops.registry import Attributes, NoAttributes, op
from lite.ops.shapes import integers, known_integer, known_integers, normalize_axes, normalize_axis, product
from lite.records import dataclass
from lite.types import Array, TensorSpec


class Reshape(NoAttributes):
    """No attributes."""

    __slots__ = ()


@op(Reshape)
def infer_reshape(attrs: Reshape, x: TensorSpec, shape: TensorSpec) -> TensorSpec:
    """x of any dtype and shape [rank] of int32 or int64 -> x under that shape."""
    wanted = known_integers(attrs.op, shape)
    if wanted is None:
        if product(shape.shape) < 0:
            raise ShapeError(f"{attrs.op} cannot tell the rank of its result: the length of {shape} is unknown")
        return x.like((-1,) * product(shape.shape))
    return x.like(_resolve(x, wanted))


def _resolve(x: TensorSpec, wanted: tuple[int, ...]) -> tuple[int, ...]:
    """The wanted shape with 0 and, where x is static, -1 replaced. Raises ShapeError where x does not fit it."""
    if any(d < -1 for d in wanted) or wanted.count(-1) > 1:
        raise ShapeError(f"Reshape expects dimensions >= 0 and one -1 at most, got {list(wanted)} for {x}")
    if any(d == 0 and i >= x.rank for i, d in enumerate(wanted)):
        raise ShapeError(f"Reshape to {list(wanted)} copies a dimension that {x} does not have")
    dims = tuple(x.shape[i] if d == 0 else d for i, d in enumerate(wanted))
    if x.is_static and x.size == 0 and 0 in wanted and not {0, -1} & set(dims):
        return wanted
    if not x.is_static:
        return dims
    rest = math.prod(d for d in dims if d != -1)
    if -1 not in wanted and rest != x.size:
        advice = "" if 0 in wanted else "; export the network with -1 for the dimension that is to vary"
        raise ShapeError(f"Reshape cannot turn {x} with {x.size} elements into {list(wanted)}{advice}")
    if -1 in wanted and (rest == 0 or x.size % rest):
        raise ShapeError(f"Reshape cannot turn {x} with {x.size} elements into {list(wanted)}: {rest} must divide them")
    return tuple(x.size // rest if d == -1 else d for d in dims)


@infer_reshape.reference
def reshape(attrs: Reshape, x: Array, shape: Array) -> Array:
    return x.reshape(_resolve(TensorSpec.of(x), integers(shape)))


@dataclass(frozen=True, slots=True)
class Flatten(Attributes):
    """axis: the first dimension of the second part, -rank <= axis <= rank."""

    axis: int = 1


@op(Flatten)
def infer_flatten(attrs: Flatten, x: TensorSpec) -> TensorSpec:
    """x of any dtype -> rank 2."""
    if not -x.rank <= attrs.axis <= x.rank:
        raise ShapeError(f"{attrs.op} axis {attrs.axis} is outside [-{x.rank}, {x.rank}] for input {x}")
    axis = attrs.axis + x.rank if attrs.axis < 0 else attrs.axis
    return x.like((product(x.shape[:axis]), product(x.shape[axis:])))


@infer_flatten.reference
def flatten(attrs: Flatten, x: Array) -> Array:
    return x.reshape(math.prod(x.shape[: attrs.axis]), math.prod(x.shape[attrs.axis :]))


@dataclass(frozen=True, slots=True)
class Squeeze(Attributes):
    """axis: the dimensions to drop; empty for all that are 1."""

    axis: tuple[int, ...] = ()


@op(Squeeze)
def infer_squeeze(attrs: Squeeze, x: TensorSpec) -> TensorSpec:
    """x of any dtype -> lower rank."""
    if not attrs.axis:
        if not x.is_static:
            raise ShapeError(f"{attrs.op} without axes cannot tell the rank of its result for {x}")
        return x.like(tuple(d for d in x.shape if d != 1))
    axes = normalize_axes(attrs.op, attrs.axis, x.rank, x)
    if any(x.shape[axis] not in (1, -1) for axis in axes):
        raise ShapeError(f"{attrs.op} axes {attrs.axis} name a dimension other than 1 of {x}")
    return x.like(tuple(d for i, d in enumerate(x.shape) if i not in axes))


@infer_squeeze.reference
def squeeze(attrs: Squeeze, x: Array) -> Array:
    return x.squeeze(attrs.axis or None)


@dataclass(frozen=True, slots=True)
class Unsqueeze(Attributes):
    """axis: places of the new dimensions in the result."""

    axis: tuple[int, ...] = ()


@op(Unsqueeze)
def infer_unsqueeze(attrs: Unsqueeze, x: TensorSpec) -> TensorSpec:
    """x of any dtype -> higher rank."""
    return x.like(_unsqueezed(attrs, x))


def _unsqueezed(attrs: Unsqueeze, x: TensorSpec) -> tuple[int, ...]:
    rank = x.rank + len(attrs.axis)
    axes = normalize_axes(attrs.op, attrs.axis, rank, x)
    rest = iter(x.shape)
    return tuple(1 if i in axes else next(rest) for i in range(rank))


@infer_unsqueeze.reference
def unsqueeze(attrs: Unsqueeze, x: Array) -> Array:
    return x.reshape(_unsqueezed(attrs, TensorSpec.of(x)))


class ExpandDims(NoAttributes):
    """No attributes."""

    __slots__ = ()


@op(ExpandDims)
def infer_expand_dims(attrs: ExpandDims, x: TensorSpec, axis: TensorSpec) -> TensorSpec:
    """x of any dtype and axis, one int32 or int64 -> rank + 1."""
    where = known_integer(attrs.op, "axis", axis)
    if where is None:
        return x.like((-1,) * (x.rank + 1))
    place = normalize_axis(attrs.op, where, x.rank + 1, x)
    return x.like((*x.shape[:place], 1, *x.shape[place:]))


@infer_expand_dims.reference
def expand_dims(attrs: ExpandDims, x: Array, axis: Array) -> Array:
    place = int(axis.reshape(-1)[0]) % (x.ndim + 1)
    return x.reshape(*x.shape[:place], 1, *x.shape[place:])
