"""Element-wise functions of any number of tensors of one shape.

    AddN      sum
    Eltwise   product, sum or maximum, as `mode` says
"""
from __future__ import annotations

import functools
from enum import IntEnum

import numpy as np

from lite.ops.checks import NUMBERS, check_dtype, check_same_dtype, check_shape
from lite.ops.numerics import in_float32, wide
from lite.ops.registry import Attributes, NoAttributes, op
from lite.records import dataclass
from lite.types import Array, TensorSpec


class EltwiseMode(IntEnum):
    """What Eltwise computes of its inputs."""

    PROD = 0
    SUM = 1
    MAXIMUM = 2
    UNKNOWN = 3


_FUNCTIONS = {EltwiseMode.PROD: np.multiply, EltwiseMode.SUM: np.add, EltwiseMode.MAXIMUM: np.maximum}


class AddN(NoAttributes):
    """No attributes."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Eltwise(Attributes):
    """mode: the function."""

    mode: EltwiseMode = EltwiseMode.PROD

    def __post_init__(self) -> None:
        if self.mode not in _FUNCTIONS:
            raise ValueError(f"{self.op}.mode is {self.mode.name}: expected PROD, SUM or MAXIMUM")


@op(AddN)
def infer_add_n(attrs: AddN, first: TensorSpec, *others: TensorSpec) -> TensorSpec:
    """One or more tensors of one number type and shape -> that shape."""
    return _infer(attrs, first, others)


@op(Eltwise)
def infer_eltwise(attrs: Eltwise, first: TensorSpec, *others: TensorSpec) -> TensorSpec:
    """One or more tensors of one number type and shape -> that shape."""
    return _infer(attrs, first, others)


def _infer(attrs: Attributes, first: TensorSpec, others: tuple[TensorSpec, ...]) -> TensorSpec:
    check_dtype(attrs.op, first, NUMBERS)
    check_same_dtype(attrs.op, first, *others)
    for other in others:
        check_shape(attrs.op, f"inputs like {first}, all", other, first.shape)
    return first.like()


@infer_add_n.reference
@in_float32
def add_n(attrs: AddN, *inputs: Array) -> Array:
    return functools.reduce(np.add, map(wide, inputs)).astype(inputs[0].dtype)


@infer_eltwise.reference
@in_float32
def eltwise(attrs: Eltwise, *inputs: Array) -> Array:
    return functools.reduce(_FUNCTIONS[attrs.mode], map(wide, inputs)).astype(inputs[0].dtype)
