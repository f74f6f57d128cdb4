"""Turn tensors around.

    ReverseV2        the order of elements along each axis named
    ReverseSequence  the first lengths[b] elements along seq_dim, for each b along batch_dim
"""
from __future__ import annotations

import numpy as np

from lite.errors import ShapeError
from lite.ops.checks import INDICES, check_dtype, check_shape
from lite.ops.registry import Attributes, op
from lite.ops.shapes import normalize_axes, normalize_axis
from lite.records import dataclass
from lite.types import Array, TensorSpec


@dataclass(frozen=True, slots=True)
class ReverseV2(Attributes):
    """axis: the axes to reverse."""

    axis: tuple[int, ...] = ()


@op(ReverseV2)
def infer_reverse(attrs: ReverseV2, x: TensorSpec) -> TensorSpec:
    """x of any dtype -> the same shape."""
    normalize_axes(attrs.op, attrs.axis, x.rank, x)
    return x.like()


@infer_reverse.reference
def reverse(attrs: ReverseV2, x: Array) -> Array:
    return np.array(np.flip(x, attrs.axis))


@dataclass(frozen=True, slots=True)
class ReverseSequence(Attributes):
    """seq_dim, batch_dim: two different axes."""

    seq_dim: int = 0
    batch_dim: int = 0


@op(ReverseSequence)
def infer_reverse_sequence(attrs: ReverseSequence, x: TensorSpec, lengths: TensorSpec) -> TensorSpec:
    """x of any dtype, lengths [x's size along batch_dim] of int32 or int64 -> the same shape."""
    check_dtype(attrs.op, lengths, INDICES)
    along = normalize_axis(attrs.op, attrs.seq_dim, x.rank, x)
    batch = normalize_axis(attrs.op, attrs.batch_dim, x.rank, x)
    if along == batch:
        raise ShapeError(f"{attrs.op} seq_dim and batch_dim are both axis {along} of {x}")
    check_shape(attrs.op, f"one length for each element of axis {batch} of {x}", lengths, (x.shape[batch],))
    return x.like()


@infer_reverse_sequence.reference
def reverse_sequence(attrs: ReverseSequence, x: Array, lengths: Array) -> Array:
    rows = np.moveaxis(x, (attrs.batch_dim, attrs.seq_dim), (0, 1))
    steps = np.arange(rows.shape[1])
    ends = np.clip(lengths, 0, rows.shape[1])[:, None]
    order = np.where(steps < ends, ends - 1 - steps, steps)
    y = np.take_along_axis(rows, order.reshape(order.shape + (1,) * (x.ndim - 2)), axis=1)
    return np.moveaxis(y, (0, 1), (attrs.batch_dim, attrs.seq_dim)).copy()
