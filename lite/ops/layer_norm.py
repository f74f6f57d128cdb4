"""Layer normalization: y = (x - mean) / sqrt(variance + epsilon) * gamma + beta.

Mean and variance are over the axes from begin_norm_axis on; gamma and beta have x's shape from begin_params_axis on.
"""
from __future__ import annotations

import numpy as np

from lite.errors import ShapeError
from lite.ops.checks import FLOATS, check_dtype, check_epsilon, check_same_dtype, check_shape
from lite.ops.numerics import in_float32, wide
from lite.ops.registry import Attributes, op
from lite.ops.shapes import normalize_axis
from lite.records import dataclass
from lite.types import Array, TensorSpec


@dataclass(frozen=True, slots=True)
class LayerNormFusion(Attributes):
    """begin_norm_axis, begin_params_axis: see above; negative counts from the end. epsilon: added to the variance.

    elementwise_affine: written for other readers; gamma and beta are used where they are inputs.
    """

    begin_norm_axis: int = 0
    epsilon: float = 0.00001
    elementwise_affine: bool = False
    begin_params_axis: int = 0

    def __post_init__(self) -> None:
        check_epsilon(self)


@op(LayerNormFusion)
def infer(
    attrs: LayerNormFusion, x: TensorSpec, gamma: TensorSpec | None = None, beta: TensorSpec | None = None
) -> TensorSpec:
    """x, gamma and beta of one floating-point dtype -> the shape of x."""
    check_dtype(attrs.op, x, FLOATS)
    normalize_axis(attrs.op, attrs.begin_norm_axis, x.rank, x)
    if (gamma is None) != (beta is None):
        raise ShapeError(f"{attrs.op} expects both gamma and beta or neither, got only {gamma} for {x}")
    first = normalize_axis(attrs.op, attrs.begin_params_axis, x.rank, x)
    for factor in (gamma, beta):
        if factor is not None:
            check_same_dtype(attrs.op, x, factor)
            check_shape(attrs.op, f"gamma and beta for axes {first} and on of {x}", factor, x.shape[first:])
    return x.like()


@infer.reference
@in_float32
def reference(attrs: LayerNormFusion, x: Array, gamma: Array | None = None, beta: Array | None = None) -> Array:
    axes = tuple(range(attrs.begin_norm_axis % x.ndim, x.ndim))
    values = wide(x)
    centered = values - values.mean(axis=axes, keepdims=True)
    y: Array = centered / np.sqrt(np.square(centered).mean(axis=axes, keepdims=True) + attrs.epsilon)
    if gamma is not None and beta is not None:
        y = y * gamma + beta
    return y.astype(x.dtype)
