"""Blocks of elements of any type, as int64 or float64 and back: how kernels compute on types that are rarely used.

A kernel widens a block of each operand into scratch, computes there, and narrows the result. So a function is one loop
for all integers and one for all floats, and a type is one loop in and one out, each of which becomes vectors. Integers
wrap around as numpy's do, because the low bits of a sum or product do not depend on the width it is computed in.
"""
from __future__ import annotations

import numpy as np

from lite.kernels.codes import TYPES
from lite.kernels.declare import f32, f64, i8, i16, i32, i64, routine, u8, u16, u32
from lite.kernels.halves import narrow_far_to_halves, widen_halves_far

FLOAT16, FLOAT32, FLOAT64, BOOL = (TYPES.index(name) for name in ("float16", "float32", "float64", "bool"))
INT64, UINT32 = TYPES.index("int64"), TYPES.index("uint32")
_INT8, _INT16, _INT32 = (TYPES.index(name) for name in ("int8", "int16", "int32"))
_UINT8, _UINT16 = TYPES.index("uint8"), TYPES.index("uint16")


@routine
def is_float(kind: int) -> bool:
    """True for a floating-point type; `kind` is an index in codes.TYPES here and below."""
    return kind <= FLOAT64


@routine
def item_bytes(kind: int) -> int:
    """Bytes an element takes."""
    if kind in (FLOAT64, INT64):
        return 8
    if kind in (FLOAT32, _INT32, UINT32):
        return 4
    return 2 if kind in (FLOAT16, _INT16, _UINT16) else 1


@routine
def load_integers(x: int, kind: int, n: int, out: int) -> None:
    """n elements of an integer type, or bool, as int64."""
    if kind == INT64:
        for i in range(n):
            i64(out)[i] = i64(x)[i]
    elif kind == _INT32:
        for i in range(n):
            i64(out)[i] = np.int64(i32(x)[i])
    elif kind == _INT16:
        for i in range(n):
            i64(out)[i] = np.int64(i16(x)[i])
    elif kind == _INT8:
        for i in range(n):
            i64(out)[i] = np.int64(i8(x)[i])
    elif kind == UINT32:
        for i in range(n):
            i64(out)[i] = np.int64(u32(x)[i])
    elif kind == _UINT16:
        for i in range(n):
            i64(out)[i] = np.int64(u16(x)[i])
    else:
        for i in range(n):
            i64(out)[i] = np.int64(u8(x)[i])


@routine
def store_integers(values: int, kind: int, n: int, y: int) -> None:
    """The low bits of n int64; for bool, whether they are not 0."""
    if kind == INT64:
        for i in range(n):
            i64(y)[i] = i64(values)[i]
    elif kind in (_INT32, UINT32):
        for i in range(n):
            i32(y)[i] = i64(values)[i]
    elif kind in (_INT16, _UINT16):
        for i in range(n):
            i16(y)[i] = i64(values)[i]
    elif kind == BOOL:
        for i in range(n):
            u8(y)[i] = i64(values)[i] != 0
    else:
        for i in range(n):
            u8(y)[i] = i64(values)[i]


@routine
def load_floats(x: int, kind: int, n: int, out: int) -> None:
    """n elements of a floating-point type as float64."""
    if kind == FLOAT32:
        for i in range(n):
            f64(out)[i] = np.float64(f32(x)[i])
    elif kind == FLOAT64:
        for i in range(n):
            f64(out)[i] = f64(x)[i]
    else:
        widen_halves_far(x, out, n)


@routine
def store_floats(values: int, kind: int, n: int, y: int) -> None:
    """n float64, each rounded to the nearest of a floating-point type."""
    if kind == FLOAT32:
        for i in range(n):
            f32(y)[i] = np.float32(f64(values)[i])
    elif kind == FLOAT64:
        for i in range(n):
            f64(y)[i] = f64(values)[i]
    else:
        narrow_far_to_halves(values, y, n)


@routine
def floats_to_integers(values: int, kind: int, n: int) -> None:
    """n float64 cut to int64 in place, as lite.ops.cast says for a result of that type; for bool, 1 where not 0."""
    if kind == BOOL:
        for i in range(n):
            i64(values)[i] = f64(values)[i] != 0.0
    elif kind in (INT64, UINT32):
        for i in range(n):
            value = f64(values)[i]
            i64(values)[i] = np.int64(value) if abs(value) < 9223372036854775808.0 else np.int64(-(2**63))
    else:
        for i in range(n):
            value = f64(values)[i]
            i64(values)[i] = np.int64(value) if -2147483649.0 < value < 2147483648.0 else np.int64(-(2**31))


@routine
def integers_to_floats(values: int, n: int) -> None:
    """n int64 as float64, in place."""
    for i in range(n):
        f64(values)[i] = np.float64(i64(values)[i])


@routine
def spread(values: int, n: int) -> None:
    """The first of n words of 8 bytes, in all of them."""
    word = i64(values)[0]
    for i in range(1, n):
        i64(values)[i] = word
