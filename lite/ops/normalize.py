"""Divide by a norm.

    L2NormalizeFusion  y = act(x / sqrt(max(sum x^2, epsilon))), the sum over the axes named (all where none is)
    LpNormalization    y = x / sum |x| for p = 1, y = x / sqrt(sum x^2) for p = 2, along `axis`
    LRN                y = x / (bias + alpha * sum x^2)^beta, the sum over channels within depth_radius of this one
"""
from __future__ import annotations

import numpy as np

from lite.ops.activation import apply
from lite.ops.checks import FLOATS, check_dtype, check_epsilon, check_fused_activation, check_range, check_rank_at_least
from lite.ops.enums import ActivationType
from lite.ops.numerics import in_float32, wide
from lite.ops.registry import Attributes, op
from lite.ops.shapes import normalize_axes, normalize_axis
from lite.records import dataclass
from lite.types import Array, TensorSpec


@dataclass(frozen=True, slots=True)
class L2NormalizeFusion(Attributes):
    """axis: summed over; empty for all. epsilon: least sum of squares."""

    axis: tuple[int, ...] = ()
    epsilon: float = 0.0
    activation_type: ActivationType = ActivationType.NO_ACTIVATION

    def __post_init__(self) -> None:
        check_epsilon(self)
        check_fused_activation(self)


@op(L2NormalizeFusion)
def infer_l2(attrs: L2NormalizeFusion, x: TensorSpec) -> TensorSpec:
    """Same shape and floating-point dtype as x."""
    check_dtype(attrs.op, x, FLOATS)
    normalize_axes(attrs.op, attrs.axis, x.rank, x)
    return x.like()


@infer_l2.reference
@in_float32
def l2_normalize(attrs: L2NormalizeFusion, x: Array) -> Array:
    values = wide(x)
    squares = np.square(values).sum(axis=attrs.axis or None, keepdims=True)
    return apply(attrs.activation_type, values / np.sqrt(np.maximum(squares, attrs.epsilon))).astype(x.dtype)


@dataclass(frozen=True, slots=True)
class LpNormalization(Attributes):
    """axis: summed over. p: 1 or 2."""

    axis: int = 0
    p: int = 0

    def __post_init__(self) -> None:
        check_range(self, "p", 1, 2)


@op(LpNormalization)
def infer_lp(attrs: LpNormalization, x: TensorSpec) -> TensorSpec:
    """Same shape and floating-point dtype as x."""
    check_dtype(attrs.op, x, FLOATS)
    normalize_axis(attrs.op, attrs.axis, x.rank, x)
    return x.like()


@infer_lp.reference
@in_float32
def lp_normalize(attrs: LpNormalization, x: Array) -> Array:
    values = wide(x)
    norm = np.linalg.norm(values, attrs.p, axis=attrs.axis, keepdims=True)
    return np.asarray(values / norm, x.dtype)


@dataclass(frozen=True, slots=True)
class LRN(Attributes):
    """depth_radius: channels on either side. bias, alpha, beta: see above. norm_region: ACROSS_CHANNELS or nothing."""

    depth_radius: int = 0
    bias: float = 0.0
    alpha: float = 0.0
    beta: float = 0.0
    norm_region: str = ""

    def __post_init__(self) -> None:
        check_range(self, "depth_radius", 0)
        if self.norm_region not in ("", "ACROSS_CHANNELS"):
            raise ValueError(f"{self.op}.norm_region is {self.norm_region!r}: expected ACROSS_CHANNELS")


@op(LRN)
def infer_lrn(attrs: LRN, x: TensorSpec) -> TensorSpec:
    """x [..., C] of a floating-point type -> the same shape."""
    check_dtype(attrs.op, x, FLOATS)
    check_rank_at_least(attrs.op, x, 1)
    return x.like()


@infer_lrn.reference
@in_float32
def local_response_norm(attrs: LRN, x: Array) -> Array:
    values = wide(x)
    channels = x.shape[-1]
    sums = np.concatenate([np.zeros((*x.shape[:-1], 1)), np.cumsum(np.square(values), axis=-1)], axis=-1)
    places = np.arange(channels)
    first = np.maximum(places - attrs.depth_radius, 0)
    last = np.minimum(places + attrs.depth_radius + 1, channels)
    near = sums[..., last] - sums[..., first]
    return np.asarray(values / np.power(attrs.bias + attrs.alpha * near, attrs.beta), x.dtype)
