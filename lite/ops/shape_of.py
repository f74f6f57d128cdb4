"""What is known of a tensor, as tensors of int32: Shape (its dimensions), Size (their product), Rank (their number).

Their values are known as soon as the shape is: this is how computed shapes reach Reshape and the like.
"""
from __future__ import annotations

import numpy as np

from lite.ops.registry import NoAttributes, op
from lite.types import Array, DType, TensorSpec


class Shape(NoAttributes):
    """No attributes."""

    __slots__ = ()


@op(Shape)
def infer_shape(attrs: Shape, x: TensorSpec) -> TensorSpec:
    """x of any dtype and shape -> int32 [rank]."""
    return TensorSpec.of(np.array(x.shape, np.int32)) if x.is_static else TensorSpec(DType.INT32, (x.rank,))


@infer_shape.reference
def shape_of(attrs: Shape, x: Array) -> Array:
    return np.array(x.shape, np.int32)


class Size(NoAttributes):
    """No attributes."""

    __slots__ = ()


@op(Size)
def infer_size(attrs: Size, x: TensorSpec) -> TensorSpec:
    """x of any dtype and fewer than 2^31 elements -> int32 []."""
    known = x.is_static and x.size < 2**31
    return TensorSpec.of(np.array(x.size, np.int32)) if known else TensorSpec(DType.INT32, ())


@infer_size.reference
def size_of(attrs: Size, x: Array) -> Array:
    return np.array(x.size, np.int32)


class Rank(NoAttributes):
    """No attributes."""

    __slots__ = ()


@op(Rank)
def infer_rank(attrs: Rank, x: TensorSpec) -> TensorSpec:
    """x of any dtype -> int32 []."""
    return TensorSpec.of(np.array(x.rank, np.int32))


@infer_rank.reference
def rank_of(attrs: Rank, x: Array) -> Array:
    return np.array(x.ndim, np.int32)
