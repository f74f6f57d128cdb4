"""Exponentials and powers with a linear map inside.

    ExpFusion   y = base ^ (shift + scale x), base e where it is given as -1
    PowFusion   y = (shift + scale x) ^ exponent, x and exponent broadcasting
"""
from __future__ import annotations

import math

import numpy as np

from lite.ops.checks import FLOATS, check_dtype, check_same_dtype
from lite.ops.numerics import in_float32, wide
from lite.ops.registry import Attributes, op
from lite.ops.shapes import broadcast
from lite.records import dataclass
from lite.types import Array, TensorSpec


@dataclass(frozen=True, slots=True)
class ExpFusion(Attributes):
    """base: greater than 0, or -1 for e."""

    base: float = -1.0
    scale: float = 1.0
    shift: float = 0.0

    def __post_init__(self) -> None:
        if self.base != -1 and not 0 < self.base < math.inf:
            raise ValueError(f"{self.op}.base is {self.base}: expected a finite number > 0, or -1 for e")


@op(ExpFusion)
def infer_exp(attrs: ExpFusion, x: TensorSpec) -> TensorSpec:
    """Same shape and floating-point dtype as x."""
    check_dtype(attrs.op, x, FLOATS)
    return x.like()


@infer_exp.reference
@in_float32
def exp(attrs: ExpFusion, x: Array) -> Array:
    rate = 1.0 if attrs.base == -1 else math.log(attrs.base)
    return np.exp(rate * (attrs.shift + attrs.scale * wide(x))).astype(x.dtype)


@dataclass(frozen=True, slots=True)
class PowFusion(Attributes):
    """scale, shift: see above."""

    scale: float = 1.0
    shift: float = 0.0


@op(PowFusion)
def infer_pow(attrs: PowFusion, x: TensorSpec, exponent: TensorSpec) -> TensorSpec:
    """x and exponent of one floating-point dtype -> their broadcast shape; NaN for a negative base to a fraction."""
    check_dtype(attrs.op, x, FLOATS)
    check_same_dtype(attrs.op, x, exponent)
    return x.like(broadcast(attrs.op, x, exponent))


@infer_pow.reference
@in_float32
def power(attrs: PowFusion, x: Array, exponent: Array) -> Array:
    return np.power(attrs.shift + attrs.scale * wide(x), wide(exponent)).astype(x.dtype)
