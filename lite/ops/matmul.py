"""Matrix product over the last two axes, batched with broadcasting: y = act(a @ b + bias)."""
from __future__ import annotations

import numpy as np

from lite.errors import ShapeError
from lite.ops.activation import apply
from lite.ops.checks import (
    NUMBERS,
    check_dtype,
    check_fused_activation,
    check_rank_at_least,
    check_same_dtype,
    check_shape,
)
from lite.ops.enums import ActivationType
from lite.ops.numerics import in_float32, wide
from lite.ops.registry import Attributes, op
from lite.ops.shapes import broadcast
from lite.records import dataclass
from lite.types import Array, TensorSpec


@dataclass(frozen=True, slots=True)
class MatMulFusion(Attributes):
    """transpose_a, transpose_b: that input's last two axes are swapped before the product."""

    transpose_a: bool = False
    transpose_b: bool = False
    activation_type: ActivationType = ActivationType.NO_ACTIVATION

    def __post_init__(self) -> None:
        check_fused_activation(self)


@op(MatMulFusion)
def infer(attrs: MatMulFusion, a: TensorSpec, b: TensorSpec, bias: TensorSpec | None = None) -> TensorSpec:
    """a [..., M, K], b [..., K, N] (before transposition), bias [N], of one dtype -> [..., M, N]."""
    check_dtype(attrs.op, a, NUMBERS)
    check_same_dtype(attrs.op, a, b)
    check_rank_at_least(attrs.op, a, 2)
    check_rank_at_least(attrs.op, b, 2)
    rows, inner_a = a.shape[-2:][::-1] if attrs.transpose_a else a.shape[-2:]
    inner_b, columns = b.shape[-2:][::-1] if attrs.transpose_b else b.shape[-2:]
    if inner_a != inner_b and inner_a >= 0 and inner_b >= 0:
        raise ShapeError(
            f"{attrs.op} inner dimensions {inner_a} and {inner_b} differ: {a} (transposed: {attrs.transpose_a}) "
            f"times {b} (transposed: {attrs.transpose_b})"
        )
    if bias is not None:
        check_same_dtype(attrs.op, a, bias)
        check_shape(attrs.op, "a bias", bias, (columns,))
    return a.like((*broadcast(attrs.op, a.like(a.shape[:-2]), b.like(b.shape[:-2])), rows, columns))


@infer.reference
@in_float32
def reference(attrs: MatMulFusion, a: Array, b: Array, bias: Array | None = None) -> Array:
    left = np.swapaxes(a, -1, -2) if attrs.transpose_a else a
    right = np.swapaxes(b, -1, -2) if attrs.transpose_b else b
    y = wide(left) @ wide(right)
    return apply(attrs.activation_type, y if bias is None else y + bias).astype(a.dtype)
