"""Normalization over the pixels of each image, a channel or a group of channels at a time, NHWC.

    y = (x - mean) / sqrt(variance + epsilon) * gamma + beta

InstanceNorm takes mean and variance over the pixels of each channel, GroupNormFusion over the pixels and the channels
of each of num_groups runs of neighboring channels.
"""
from __future__ import annotations

import numpy as np

from lite.errors import ShapeError
from lite.ops.checks import (
    FLOATS,
    check_dtype,
    check_epsilon,
    check_range,
    check_rank_at_least,
    check_same_dtype,
    check_shape,
)
from lite.ops.numerics import in_float32, wide
from lite.ops.registry import Attributes, op
from lite.records import dataclass
from lite.types import Array, TensorSpec


@dataclass(frozen=True, slots=True)
class InstanceNorm(Attributes):
    """epsilon: added to the variance."""

    epsilon: float = 0.0

    def __post_init__(self) -> None:
        check_epsilon(self)


@op(InstanceNorm)
def infer_instance_norm(attrs: InstanceNorm, x: TensorSpec, gamma: TensorSpec, beta: TensorSpec) -> TensorSpec:
    """x [N, ..., C], gamma and beta [C] of one floating-point dtype -> the shape of x."""
    return _infer(attrs, x, gamma, beta)


@infer_instance_norm.reference
@in_float32
def instance_norm(attrs: InstanceNorm, x: Array, gamma: Array, beta: Array) -> Array:
    return _normalize(x, x.shape[-1], attrs.epsilon, gamma, beta)


@dataclass(frozen=True, slots=True)
class GroupNormFusion(Attributes):
    """num_groups: divides the channels. epsilon: added to the variance.

    affine: written for other readers; the inputs say it.
    """

    num_groups: int = 0
    epsilon: float = 1e-5
    affine: bool = True

    def __post_init__(self) -> None:
        check_range(self, "num_groups", 1)
        check_epsilon(self)


@op(GroupNormFusion)
def infer_group_norm(
    attrs: GroupNormFusion, x: TensorSpec, gamma: TensorSpec | None = None, beta: TensorSpec | None = None
) -> TensorSpec:
    """x [N, ..., C], gamma and beta [C] of one floating-point dtype -> the shape of x."""
    if (gamma is None) != (beta is None):
        raise ShapeError(f"{attrs.op} expects both gamma and beta or neither, got only {gamma} for {x}")
    y = _infer(attrs, x, *(v for v in (gamma, beta) if v is not None))
    if x.shape[-1] >= 0 and x.shape[-1] % attrs.num_groups:
        raise ShapeError(f"{attrs.op} cannot divide the channels of {x} into {attrs.num_groups} groups")
    return y


@infer_group_norm.reference
@in_float32
def group_norm(attrs: GroupNormFusion, x: Array, gamma: Array | None = None, beta: Array | None = None) -> Array:
    return _normalize(x, attrs.num_groups, attrs.epsilon, gamma, beta)


def _infer(attrs: Attributes, x: TensorSpec, *factors: TensorSpec) -> TensorSpec:
    check_dtype(attrs.op, x, FLOATS)
    check_rank_at_least(attrs.op, x, 2)
    for factor in factors:
        check_same_dtype(attrs.op, x, factor)
        check_shape(attrs.op, f"one number a channel of {x}", factor, x.shape[-1:])
    return x.like()


def _normalize(x: Array, groups: int, epsilon: float, gamma: Array | None, beta: Array | None) -> Array:
    channels = x.shape[-1]
    values = wide(x).reshape(x.shape[0], -1, groups, channels // groups)
    centered = values - values.mean(axis=(1, 3), keepdims=True)
    y = centered / np.sqrt(np.square(centered).mean(axis=(1, 3), keepdims=True) + epsilon)
    y = y.reshape(x.shape)
    if gamma is not None and beta is not None:
        y = y * gamma + beta
    return np.asarray(y, x.dtype)
