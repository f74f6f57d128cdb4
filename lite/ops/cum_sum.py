"""Running sums along an axis: y[i] = x[0] + ... + x[i].

exclusive leaves x[i] out; reverse sums from the end. Integers wrap around.
"""
from __future__ import annotations

import numpy as np

from lite.ops.checks import NUMBERS, check_dtype
from lite.ops.numerics import in_float32, wide
from lite.ops.registry import Attributes, op
from lite.ops.shapes import known_integer, normalize_axis
from lite.records import dataclass
from lite.types import Array, TensorSpec


@dataclass(frozen=True, slots=True)
class CumSum(Attributes):
    """exclusive, reverse: see above."""

    exclusive: bool = False
    reverse: bool = False


@op(CumSum)
def infer(attrs: CumSum, x: TensorSpec, axis: TensorSpec) -> TensorSpec:
    """x of any number type, axis one int32 or int64 -> the shape of x."""
    check_dtype(attrs.op, x, NUMBERS)
    where = known_integer(attrs.op, "axis", axis)
    if where is not None:
        normalize_axis(attrs.op, where, x.rank, x)
    return x.like()


@infer.reference
@in_float32
def reference(attrs: CumSum, x: Array, axis: Array) -> Array:
    place = axis.item()
    values = np.flip(wide(x), place) if attrs.reverse else wide(x)
    y = np.cumsum(values, axis=place, dtype=values.dtype)
    if attrs.exclusive:
        y = y - values
    return (np.flip(y, place) if attrs.reverse else y).astype(x.dtype)
