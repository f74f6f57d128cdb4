"""The different elements of a vector, in order of first appearance, and which of them each element is (int32)."""
from __future__ import annotations

import numpy as np

from lite.ops.checks import NUMBERS, check_dtype, check_rank
from lite.ops.registry import NoAttributes, op
from lite.types import Array, DType, TensorSpec


class Unique(NoAttributes):
    """No attributes."""

    __slots__ = ()


@op(Unique)
def infer(attrs: Unique, x: TensorSpec) -> tuple[TensorSpec, TensorSpec]:
    """x [n] of any number type -> its values [-1] and int32 [n]."""
    check_dtype(attrs.op, x, NUMBERS)
    check_rank(attrs.op, x, 1)
    return x.like((-1,)), x.like(dtype=DType.INT32)


@infer.reference
def reference(attrs: Unique, x: Array) -> tuple[Array, Array]:
    values, first, inverse = np.unique(x, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty_like(order)
    place[order] = np.arange(order.size)
    return values[order], place[inverse.reshape(-1)].astype(np.int32)
