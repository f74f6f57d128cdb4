"""y is on_value where its place along the new axis is the index, off_value elsewhere; an index outside is never "on".

Inputs are indices, depth, on_value, off_value, or indices, depth and [off_value, on_value] in one tensor.
"""
from __future__ import annotations

import numpy as np

from lite.errors import ShapeError
from lite.ops.checks import INDICES, check_dtype, check_same_dtype, check_shape
from lite.ops.registry import Attributes, op
from lite.ops.shapes import known_integer, normalize_axis
from lite.records import dataclass
from lite.types import Array, TensorSpec


@dataclass(frozen=True, slots=True)
class OneHot(Attributes):
    """axis: place of the new dimension in the result; -1 for the last."""

    axis: int = 0


@op(OneHot)
def infer(
    attrs: OneHot, indices: TensorSpec, depth: TensorSpec, values: TensorSpec, off: TensorSpec | None = None
) -> TensorSpec:
    """indices of int32 or int64, depth one of either -> rank + 1, in the dtype of the values."""
    check_dtype(attrs.op, indices, INDICES)
    if off is None:
        check_shape(attrs.op, "values (off, on)", values, (2,))
    else:
        check_same_dtype(attrs.op, values, off)
        for value in (values, off):
            check_shape(attrs.op, "one value", value, (1,) * min(value.rank, 1))
    axis = normalize_axis(attrs.op, attrs.axis, indices.rank + 1, indices)
    count = known_integer(attrs.op, "depth", depth)
    if count is not None and count < 0:
        raise ShapeError(f"{attrs.op} expects a depth >= 0, got {count}")
    return values.like((*indices.shape[:axis], -1 if count is None else count, *indices.shape[axis:]))


@infer.reference
def reference(attrs: OneHot, indices: Array, depth: Array, values: Array, off: Array | None = None) -> Array:
    low, high = (values[0], values[1]) if off is None else (off.reshape(()), values.reshape(()))
    axis = attrs.axis % (indices.ndim + 1)
    places = np.arange(depth.item()).reshape((-1,) + (1,) * (indices.ndim - axis))
    return np.where(np.expand_dims(indices, axis) == places, high, low).astype(values.dtype)
