"""Change the element type.

Floating point to integer drops the fraction (a value that does not fit gives an unspecified one), anything to bool is
"not 0", and a wider integer to a narrower one keeps the low bits.
"""
from __future__ import annotations

from lite.errors import DTypeError
from lite.ops.checks import BOOLS, NUMBERS, check_dtype
from lite.ops.registry import NoAttributes, op
from lite.ops.shapes import known_integer
from lite.types import Array, DType, TensorSpec


class Cast(NoAttributes):
    """No attributes."""

    __slots__ = ()


@op(Cast)
def infer(attrs: Cast, x: TensorSpec, type_id: TensorSpec) -> TensorSpec:
    """x of any number type or bool, type_id one int32 or int64, the value of a DType -> x's shape in that type."""
    check_dtype(attrs.op, x, NUMBERS | BOOLS)
    wanted = known_integer(attrs.op, "type id", type_id)
    if wanted is None:
        raise DTypeError(f"{attrs.op} of {x} needs its type id as a constant, got {type_id}")
    if wanted not in NUMBERS | BOOLS:
        raise DTypeError(f"{attrs.op} of {x} to type id {wanted}: there is no number type of that id")
    return x.like(dtype=DType(wanted))


@infer.reference
def reference(attrs: Cast, x: Array, type_id: Array) -> Array:
    return x.astype(DType(int(type_id.reshape(-1)[0])))
