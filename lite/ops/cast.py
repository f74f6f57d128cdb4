"""Change the element type.

Floating point to integer drops the fraction. A value that does not fit, NaN included, becomes what MindSpore's CPU
kernels give: it is converted to int64 for int64 and uint32, to int32 for smaller types, where the least integer stands
for everything outside, and the low bits are kept. (uint64 is left to numpy.) Anything to bool is "not 0", and a wider
integer to a narrower one keeps the low bits.
"""
from __future__ import annotations

import numpy as np

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
    wanted = DType(int(type_id.reshape(-1)[0]))
    if x.dtype.kind == "f" and wanted.dtype.kind in "iu" and wanted is not DType.UINT64:
        return _cut(x.astype(np.float64), wanted).astype(wanted)
    return x.astype(wanted)


def _cut(x: Array, wanted: DType) -> Array:
    bits = 63 if wanted in (DType.INT64, DType.UINT32) else 31
    fits = (np.trunc(x) >= -(2.0**bits)) & (x < 2.0**bits)
    return np.where(fits, np.where(fits, x, 0.0).astype(np.int64), np.int64(-(2**bits)))
