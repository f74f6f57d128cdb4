"""One number a channel: bias, scale and batch normalization over the last axis (ScaleFusion: any run of axes).

    BiasAdd         y = x + b
    ScaleFusion     y = act(x * scale + offset), scale and offset laid along x's axes from `axis` on
    BatchNorm       y = (x - mean) / sqrt(variance + epsilon)
    FusedBatchNorm  y = (x - mean) / sqrt(variance + epsilon) * scale + offset
"""
from __future__ import annotations

import numpy as np

from lite.ops.activation import apply
from lite.ops.checks import (
    FLOATS,
    NUMBERS,
    check_dtype,
    check_epsilon,
    check_fused_activation,
    check_rank_at_least,
    check_same_dtype,
    check_shape,
)
from lite.ops.enums import ActivationType
from lite.ops.numerics import in_float32, wide
from lite.ops.registry import Attributes, NoAttributes, op
from lite.ops.shapes import normalize_axis
from lite.records import dataclass
from lite.types import Array, TensorSpec


class BiasAdd(NoAttributes):
    """No attributes."""

    __slots__ = ()

    ignored = ("format",)


@op(BiasAdd)
def infer_bias_add(attrs: BiasAdd, x: TensorSpec, b: TensorSpec) -> TensorSpec:
    """x [..., C] and b [C] of one dtype -> the shape of x."""
    check_dtype(attrs.op, x, NUMBERS)
    _check_channels(attrs.op, x, b)
    return x.like()


@infer_bias_add.reference
@in_float32
def bias_add(attrs: BiasAdd, x: Array, b: Array) -> Array:
    y: Array = x + b
    return y


@dataclass(frozen=True, slots=True)
class ScaleFusion(Attributes):
    """axis: the axis of x that the first axis of scale lies along; negative counts from the end."""

    axis: int = 0
    activation_type: ActivationType = ActivationType.NO_ACTIVATION

    def __post_init__(self) -> None:
        check_fused_activation(self)


@op(ScaleFusion)
def infer_scale(attrs: ScaleFusion, x: TensorSpec, scale: TensorSpec, offset: TensorSpec | None = None) -> TensorSpec:
    """scale, and offset where there is one, have the shape of a run of x's axes and its floating-point dtype."""
    check_dtype(attrs.op, x, FLOATS)
    axis = normalize_axis(attrs.op, attrs.axis, x.rank, x)
    for factor in (scale, offset):
        if factor is not None:
            check_same_dtype(attrs.op, x, factor)
            check_shape(attrs.op, f"a factor along axis {axis} of {x}", factor, x.shape[axis : axis + scale.rank])
    return x.like()


@infer_scale.reference
@in_float32
def scale_by(attrs: ScaleFusion, x: Array, scale: Array, offset: Array | None = None) -> Array:
    axis = attrs.axis % x.ndim
    along = scale.shape + (1,) * (x.ndim - axis - scale.ndim)
    y = wide(x) * scale.reshape(along)
    return apply(attrs.activation_type, y if offset is None else y + offset.reshape(along)).astype(x.dtype)


@dataclass(frozen=True, slots=True)
class BatchNorm(Attributes):
    """epsilon: added to the variance. is_training: mean and variance are x's own, over all but the last axis."""

    ignored = ("format",)

    epsilon: float = 0.0
    is_training: bool = False

    def __post_init__(self) -> None:
        check_epsilon(self)


@op(BatchNorm)
def infer_batch_norm(attrs: BatchNorm, x: TensorSpec, mean: TensorSpec, variance: TensorSpec) -> TensorSpec:
    """x [..., C], mean [C] and variance [C] of one floating-point dtype -> the shape of x."""
    check_dtype(attrs.op, x, FLOATS)
    _check_channels(attrs.op, x, mean, variance)
    return x.like()


@infer_batch_norm.reference
@in_float32
def batch_norm(attrs: BatchNorm, x: Array, mean: Array, variance: Array) -> Array:
    values = wide(x)
    if attrs.is_training:
        axes = tuple(range(x.ndim - 1))
        mean, variance = values.mean(axis=axes), values.var(axis=axes)
    return _normalize(values, wide(mean), wide(variance), attrs.epsilon).astype(x.dtype)


@dataclass(frozen=True, slots=True)
class FusedBatchNorm(Attributes):
    """epsilon: added to the variance."""

    ignored = ("momentum", "mode")

    epsilon: float = 0.0001

    def __post_init__(self) -> None:
        check_epsilon(self)


@op(FusedBatchNorm)
def infer_fused_batch_norm(
    attrs: FusedBatchNorm, x: TensorSpec, scale: TensorSpec, offset: TensorSpec, mean: TensorSpec, variance: TensorSpec
) -> TensorSpec:
    """x [..., C] and four of [C], of one floating-point dtype -> the shape of x."""
    check_dtype(attrs.op, x, FLOATS)
    _check_channels(attrs.op, x, scale, offset, mean, variance)
    return x.like()


@infer_fused_batch_norm.reference
@in_float32
def fused_batch_norm(
    attrs: FusedBatchNorm, x: Array, scale: Array, offset: Array, mean: Array, variance: Array
) -> Array:
    y: Array = _normalize(wide(x), wide(mean), wide(variance), attrs.epsilon) * scale + offset
    return y.astype(x.dtype)


def _normalize(x: Array, mean: Array, variance: Array, epsilon: float) -> Array:
    y: Array = (x - mean) / np.sqrt(variance + epsilon)
    return y


def _check_channels(op_name: str, x: TensorSpec, *vectors: TensorSpec) -> None:
    check_rank_at_least(op_name, x, 1)
    for vector in vectors:
        check_same_dtype(op_name, x, vector)
        check_shape(op_name, f"one number a channel of {x}", vector, x.shape[-1:])
