"""Piecewise functions with parameters of their own.

    Elu          y = x > 0 ? x : alpha (exp x - 1)        PReLUFusion  y = x > 0 ? x : slope x, a slope a channel
    LeakyRelu    y = x > 0 ? x : negative_slope x         Clip         y = min(max(x, min), max)
"""
from __future__ import annotations

import numpy as np

from lite.errors import ShapeError
from lite.ops.checks import FLOATS, NUMBERS, check_dtype, check_rank, check_rank_at_least, check_same_dtype, check_shape
from lite.ops.numerics import in_float32, wide
from lite.ops.registry import Attributes, op
from lite.ops.shapes import product
from lite.records import dataclass
from lite.types import Array, TensorSpec


@dataclass(frozen=True, slots=True)
class Elu(Attributes):
    """alpha: minus the limit for small x."""

    alpha: float = 0.0


@op(Elu)
def infer_elu(attrs: Elu, x: TensorSpec) -> TensorSpec:
    """Same shape and floating-point dtype as x."""
    check_dtype(attrs.op, x, FLOATS)
    return x.like()


@infer_elu.reference
@in_float32
def elu(attrs: Elu, x: Array) -> Array:
    return np.where(x > 0, x, attrs.alpha * np.expm1(np.minimum(wide(x), 0))).astype(x.dtype)


@dataclass(frozen=True, slots=True)
class LeakyRelu(Attributes):
    """negative_slope: slope below 0."""

    negative_slope: float = 0.0


@op(LeakyRelu)
def infer_leaky_relu(attrs: LeakyRelu, x: TensorSpec) -> TensorSpec:
    """Same shape and floating-point dtype as x."""
    check_dtype(attrs.op, x, FLOATS)
    return x.like()


@infer_leaky_relu.reference
@in_float32
def leaky_relu(attrs: LeakyRelu, x: Array) -> Array:
    return np.where(x > 0, x, attrs.negative_slope * wide(x)).astype(x.dtype)


@dataclass(frozen=True, slots=True)
class PReLUFusion(Attributes):
    """channel_shared: one slope for all channels instead of one a channel (the last axis)."""

    channel_shared: bool = False


@op(PReLUFusion)
def infer_prelu(attrs: PReLUFusion, x: TensorSpec, slope: TensorSpec) -> TensorSpec:
    """x [..., C] and slope [C], or one element where shared, of one floating-point dtype -> the shape of x."""
    check_dtype(attrs.op, x, FLOATS)
    check_same_dtype(attrs.op, x, slope)
    if attrs.channel_shared:
        if product(slope.shape) not in (1, -1):
            raise ShapeError(f"{attrs.op} expects one shared slope, got {slope}")
    else:
        check_rank_at_least(attrs.op, x, 1)
        check_shape(attrs.op, f"one slope a channel of {x}", slope, x.shape[-1:])
    return x.like()


@infer_prelu.reference
@in_float32
def prelu(attrs: PReLUFusion, x: Array, slope: Array) -> Array:
    return np.where(x > 0, x, wide(x) * slope.reshape(-1)).astype(x.dtype)


@dataclass(frozen=True, slots=True)
class Clip(Attributes):
    """max, min: the bounds, unless they are inputs."""

    max: float = 0.0
    min: float = 0.0

    def __post_init__(self) -> None:
        if not self.min <= self.max:
            raise ValueError(f"{self.op}.min is {self.min}: expected at most max = {self.max}")


@op(Clip)
def infer_clip(
    attrs: Clip, x: TensorSpec, low: TensorSpec | None = None, high: TensorSpec | None = None
) -> TensorSpec:
    """x of any number type; low and high, where given, of its dtype with one element -> the shape of x."""
    check_dtype(attrs.op, x, NUMBERS)
    if (low is None) != (high is None):
        raise ShapeError(f"{attrs.op} expects both bounds as inputs or neither, got only {low} for {x}")
    for bound in (low, high):
        if bound is not None:
            check_same_dtype(attrs.op, x, bound)
            check_rank(attrs.op, bound, 0, 1)
            check_shape(attrs.op, "one bound", bound, (1,) * bound.rank)
    return x.like()


@infer_clip.reference
@in_float32
def clip(attrs: Clip, x: Array, low: Array | None = None, high: Array | None = None) -> Array:
    if low is None or high is None:
        return np.minimum(np.maximum(x, attrs.min), attrs.max).astype(x.dtype)
    return np.minimum(np.maximum(x, low.reshape(())), high.reshape(()))
