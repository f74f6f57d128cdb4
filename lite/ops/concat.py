"""Join tensors: Concat along an existing axis, Stack along a new one; and Unstack, the reverse of Stack."""
from __future__ import annotations

import numpy as np

from lite.errors import ShapeError
from lite.ops.checks import check_same_dtype
from lite.ops.registry import Attributes, op
from lite.ops.shapes import normalize_axis
from lite.ops.split import MOST_OUTPUTS
from lite.records import dataclass
from lite.types import Array, TensorSpec


@dataclass(frozen=True, slots=True)
class Concat(Attributes):
    """axis: the dimension that grows, -rank <= axis < rank."""

    axis: int = 0


@op(Concat)
def infer_concat(attrs: Concat, first: TensorSpec, *others: TensorSpec) -> TensorSpec:
    """Tensors of one dtype and, but for `axis`, of one shape."""
    check_same_dtype(attrs.op, first, *others)
    axis = normalize_axis(attrs.op, attrs.axis, first.rank, first)
    shape = list(first.shape)
    for x in others:
        if x.rank != first.rank:
            raise ShapeError(f"{attrs.op} expects inputs of one rank, got {first} and {x}")
        for i, dim in enumerate(x.shape):
            if i == axis:
                shape[i] = -1 if -1 in (dim, shape[i]) else shape[i] + dim
            elif shape[i] == -1:
                shape[i] = dim
            elif dim not in (-1, shape[i]):
                raise ShapeError(f"{attrs.op} along axis {axis} cannot join {first} and {x}")
    return first.like(tuple(shape))


@infer_concat.reference
def concat(attrs: Concat, *inputs: Array) -> Array:
    return np.concatenate(inputs, axis=attrs.axis)


@dataclass(frozen=True, slots=True)
class Stack(Attributes):
    """axis: place of the new dimension in the result, -rank <= axis < rank of the result."""

    axis: int = 0


@op(Stack)
def infer_stack(attrs: Stack, first: TensorSpec, *others: TensorSpec) -> TensorSpec:
    """n tensors of one dtype and shape -> rank + 1, the new dimension n."""
    check_same_dtype(attrs.op, first, *others)
    axis = normalize_axis(attrs.op, attrs.axis, first.rank + 1, first)
    shape = list(first.shape)
    for x in others:
        if x.rank != first.rank or any(a != b for a, b in zip(x.shape, shape, strict=True) if a >= 0 and b >= 0):
            raise ShapeError(f"{attrs.op} expects inputs of one shape, got {first} and {x}")
        shape = [b if a < 0 else a for a, b in zip(shape, x.shape, strict=True)]
    return first.like((*shape[:axis], 1 + len(others), *shape[axis:]))


@infer_stack.reference
def stack(attrs: Stack, *inputs: Array) -> Array:
    return np.stack(inputs, axis=attrs.axis)


@dataclass(frozen=True, slots=True)
class Unstack(Attributes):
    """axis: the dimension to take apart, -rank <= axis < rank."""

    axis: int = 0


@op(Unstack)
def infer_unstack(attrs: Unstack, x: TensorSpec) -> tuple[TensorSpec, ...]:
    """One output for each index along `axis`, without that dimension."""
    axis = normalize_axis(attrs.op, attrs.axis, x.rank, x)
    if not 0 <= x.shape[axis] <= MOST_OUTPUTS:
        raise ShapeError(f"{attrs.op} along axis {axis} of {x} must give at most {MOST_OUTPUTS} outputs")
    return (x.like(x.shape[:axis] + x.shape[axis + 1 :]),) * x.shape[axis]


@infer_unstack.reference
def unstack(attrs: Unstack, x: Array) -> tuple[Array, ...]:
    return tuple(part.copy() for part in np.moveaxis(x, attrs.axis, 0))
