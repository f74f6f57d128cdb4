"""Checks of attributes (ValueError) and of input specs (ShapeError, DTypeError), with the wording in one place.

Models are untrusted: attributes are checked when they are built, inputs when shapes are inferred, so that neither a
reference nor a kernel meets a stride of 0 or an axis beyond the rank. A dimension of -1 is not known yet.
"""
from __future__ import annotations

import math
from collections.abc import Collection

from lite.errors import DTypeError, ShapeError
from lite.ops.enums import ActivationType
from lite.ops.registry import Attributes
from lite.types import DType, TensorSpec

FLOATS = frozenset({DType.FLOAT16, DType.FLOAT32, DType.FLOAT64})
INTEGERS = frozenset(
    {
        DType.INT8, DType.INT16, DType.INT32, DType.INT64,
        DType.UINT8, DType.UINT16, DType.UINT32, DType.UINT64,
    }
)  # fmt: skip
NUMBERS = FLOATS | INTEGERS
BOOLS = frozenset({DType.BOOL})
INDICES = frozenset({DType.INT32, DType.INT64})

MAX_EXTENT = 2**31 - 1  # of one dimension, pad, stride, kernel side or repeat

# What may be fused into an operator's `activation_type`: readers of the format know no others there.
FUSED_ACTIVATIONS = frozenset({ActivationType.NO_ACTIVATION, ActivationType.RELU, ActivationType.RELU6})


def check_range(attrs: Attributes, field: str, low: int, high: int = MAX_EXTENT) -> None:
    """Raise ValueError unless the field, or each of its elements, is within [low, high]."""
    value = getattr(attrs, field)
    for element in value if isinstance(value, tuple) else (value,):
        if not low <= element <= high:
            raise ValueError(f"{attrs.op}.{field} is {value}: expected {low} <= value <= {high}")


def check_length(attrs: Attributes, field: str, *lengths: int) -> None:
    """Raise ValueError unless the field has one of these numbers of elements."""
    value = getattr(attrs, field)
    if len(value) not in lengths:
        expected = " or ".join(str(n) for n in lengths)
        raise ValueError(f"{attrs.op}.{field} is {value}: expected {expected} elements, got {len(value)}")


def check_fused_activation(attrs: Attributes) -> None:
    """Raise ValueError unless the field activation_type may be fused."""
    kind: ActivationType = attrs.activation_type  # type: ignore[attr-defined]  # only called by classes that have it
    if kind not in FUSED_ACTIVATIONS:
        names = ", ".join(sorted(a.name for a in FUSED_ACTIVATIONS))
        raise ValueError(f"{attrs.op}.activation_type is {kind.name}: only {names} can be fused")


def check_epsilon(attrs: Attributes) -> None:
    """Raise ValueError unless the field epsilon is finite and at least 0."""
    epsilon: float = attrs.epsilon  # type: ignore[attr-defined]  # only called by classes that have it
    if not 0 <= epsilon < math.inf:
        raise ValueError(f"{attrs.op}.epsilon is {epsilon}: expected a finite number >= 0")


def check_rank(op: str, x: TensorSpec, *ranks: int) -> None:
    """Raise ShapeError unless x has one of these ranks."""
    if x.rank not in ranks:
        raise ShapeError(f"{op} expects rank {' or '.join(str(r) for r in ranks)}, got {x}")


def check_rank_at_least(op: str, x: TensorSpec, low: int) -> None:
    """Raise ShapeError unless x has at least `low` dimensions."""
    if x.rank < low:
        raise ShapeError(f"{op} expects rank {low} or more, got {x}")


def check_dtype(op: str, x: TensorSpec, allowed: Collection[DType]) -> None:
    """Raise DTypeError unless x has one of the allowed dtypes."""
    if x.dtype not in allowed:
        raise DTypeError(f"{op} expects {', '.join(str(t) for t in sorted(allowed))}, got {x}")


def check_same_dtype(op: str, first: TensorSpec, *others: TensorSpec) -> None:
    """Raise DTypeError unless all specs share a dtype."""
    for other in others:
        if other.dtype != first.dtype:
            raise DTypeError(f"{op} expects inputs of one dtype, got {first} and {other}")


def check_shape(op: str, what: str, x: TensorSpec, expected: tuple[int, ...]) -> None:
    """Raise ShapeError unless x has the expected shape; -1 on either side agrees with anything."""
    if x.rank != len(expected) or any(a != b for a, b in zip(x.shape, expected, strict=True) if a >= 0 and b >= 0):
        dims = ",".join("?" if d < 0 else str(d) for d in expected)
        raise ShapeError(f"{op} expects {what} of shape [{dims}], got {x}")
