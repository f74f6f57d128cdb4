"""Permutations and layouts.

    InvertPermutation  y[x[i]] = i
    FormatTranspose    NHWC to NCHW and back, or nothing where both formats are the same
"""
from __future__ import annotations

import numpy as np

from lite.errors import ShapeError
from lite.ops.checks import INDICES, check_dtype, check_rank
from lite.ops.registry import Attributes, NoAttributes, op
from lite.records import dataclass
from lite.types import Array, Format, TensorSpec

FORMAT_ORDERS = {(Format.NHWC, Format.NCHW): (0, 3, 1, 2), (Format.NCHW, Format.NHWC): (0, 2, 3, 1)}


class InvertPermutation(NoAttributes):
    """No attributes."""

    __slots__ = ()


@op(InvertPermutation)
def infer_invert(attrs: InvertPermutation, x: TensorSpec) -> TensorSpec:
    """x [n] of int32 or int64, each of 0..n-1 once -> the same shape and dtype."""
    check_dtype(attrs.op, x, INDICES)
    check_rank(attrs.op, x, 1)
    return x.like()


@infer_invert.reference
def invert(attrs: InvertPermutation, x: Array) -> Array:
    y = np.argsort(x).astype(x.dtype)
    if not np.array_equal(x[y], np.arange(x.size)):
        raise ShapeError(f"{attrs.op} expects each of 0..{x.size - 1} once, got {x.tolist()[:16]}")
    return y


@dataclass(frozen=True, slots=True)
class FormatTranspose(Attributes):
    """src_format, dst_format: NHWC or NCHW, or the same twice."""

    src_format: Format = Format.NHWC
    dst_format: Format = Format.NHWC

    def __post_init__(self) -> None:
        if self.src_format != self.dst_format and (self.src_format, self.dst_format) not in FORMAT_ORDERS:
            raise ValueError(f"{self.op} from {self.src_format.name} to {self.dst_format.name}: expected NHWC and NCHW")


@op(FormatTranspose)
def infer_format_transpose(attrs: FormatTranspose, x: TensorSpec) -> TensorSpec:
    """x of any dtype; rank 4 unless the formats are the same."""
    order = FORMAT_ORDERS.get((attrs.src_format, attrs.dst_format))
    if order is None:
        return x.like()
    check_rank(attrs.op, x, 4)
    return x.like(tuple(x.shape[i] for i in order))


@infer_format_transpose.reference
def format_transpose(attrs: FormatTranspose, x: Array) -> Array:
    order = FORMAT_ORDERS.get((attrs.src_format, attrs.dst_format))
    return x if order is None else x.transpose(order).copy()
