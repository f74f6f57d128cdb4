"""Softmax along one axis, computed stably: y = exp(x - max x) / sum exp(x - max x)."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lite.errors import ShapeError
from lite.ops.registry import Attributes, op
from lite.types import Array, TensorSpec


@dataclass(frozen=True, slots=True)
class Softmax(Attributes):
    """axis: the one dimension to normalize over, -rank <= axis < rank (the schema stores it as a list)."""

    axis: tuple[int, ...] = (-1,)


@op(Softmax)
def infer(attrs: Softmax, x: TensorSpec) -> TensorSpec:
    """Same shape and dtype as x."""
    if len(attrs.axis) != 1 or not -x.rank <= attrs.axis[0] < x.rank:
        raise ShapeError(f"softmax axis {attrs.axis} is not one axis within [-{x.rank}, {x.rank}) for input {x}")
    return x.like()


@infer.reference
def reference(attrs: Softmax, x: Array) -> Array:
    e = np.exp(x - x.max(axis=attrs.axis, keepdims=True))
    y: Array = e / e.sum(axis=attrs.axis, keepdims=True)
    return y
