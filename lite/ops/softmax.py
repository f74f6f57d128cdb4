"""Softmax along one axis, computed stably.

    Softmax     y = exp(x - max x) / sum exp(x - max x)
    LogSoftmax  y = x - max x - log(sum exp(x - max x))
"""
from __future__ import annotations

import numpy as np

from lite.ops.checks import FLOATS, check_dtype
from lite.ops.numerics import in_float32, wide
from lite.ops.registry import Attributes, op
from lite.ops.shapes import normalize_axis
from lite.records import dataclass
from lite.types import Array, TensorSpec


@dataclass(frozen=True, slots=True)
class Softmax(Attributes):
    """axis: the one dimension to normalize over, -rank <= axis < rank (the schema stores it as a list)."""

    axis: tuple[int, ...] = (-1,)

    def __post_init__(self) -> None:
        if len(self.axis) != 1:
            raise ValueError(f"{self.op}.axis is {self.axis}: expected one axis")


@op(Softmax)
def infer_softmax(attrs: Softmax, x: TensorSpec) -> TensorSpec:
    """Same shape and floating-point dtype as x."""
    return _infer(attrs.op, attrs.axis[0], x)


@infer_softmax.reference
@in_float32
def softmax(attrs: Softmax, x: Array) -> Array:
    e = np.exp(_shifted(x, attrs.axis[0]))
    y: Array = e / e.sum(axis=attrs.axis, keepdims=True)
    return y.astype(x.dtype)


@dataclass(frozen=True, slots=True)
class LogSoftmax(Attributes):
    """axis: the dimension to normalize over, -rank <= axis < rank."""

    axis: int = 0


@op(LogSoftmax)
def infer_log_softmax(attrs: LogSoftmax, x: TensorSpec) -> TensorSpec:
    """Same shape and floating-point dtype as x."""
    return _infer(attrs.op, attrs.axis, x)


@infer_log_softmax.reference
@in_float32
def log_softmax(attrs: LogSoftmax, x: Array) -> Array:
    shifted = _shifted(x, attrs.axis)
    total = np.exp(shifted).sum(axis=attrs.axis, keepdims=True)
    y: Array = shifted - (np.log(total) if x.size else total)
    return y.astype(x.dtype)


def _infer(op_name: str, axis: int, x: TensorSpec) -> TensorSpec:
    check_dtype(op_name, x, FLOATS)
    normalize_axis(op_name, axis, x.rank, x)
    return x.like()


def _shifted(x: Array, axis: int) -> Array:
    y: Array = wide(x) - x.max(axis=axis, keepdims=True, initial=-np.inf)
    return y
