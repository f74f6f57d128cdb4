"""Conversion between element types: float32, float64, and the integers and bool of 1, 2, 4 and 8 bytes.

Towards an integer a float is cut, not rounded; what does not fit, NaN included, becomes what lite.ops.cast says.
Integers are cut to their low bits. Bool is 1 for everything but 0.
"""
from __future__ import annotations

from typing import Any

import numpy as np

from lite.kernels.codes import CAST
from lite.kernels.declare import Int, Pointer, f32, f64, i8, i16, i32, i64, kernel, routine, u8, u16, u32

_FLOAT32, _FLOAT64 = CAST.index("float32"), CAST.index("float64")
_INT8, _INT16, _INT32, _INT64 = (CAST.index(name) for name in ("int8", "int16", "int32", "int64"))
_UINT8, _UINT16, _UINT32, _BOOL = (CAST.index(name) for name in ("uint8", "uint16", "uint32", "bool"))


@routine
def _integer(x: int, kind: int, i: int) -> Any:
    """Element i as int64."""
    if kind == _INT64:
        return i64(x)[i]
    if kind == _INT32:
        return np.int64(i32(x)[i])
    if kind == _INT16:
        return np.int64(i16(x)[i])
    if kind == _INT8:
        return np.int64(i8(x)[i])
    if kind == _UINT32:
        return np.int64(u32(x)[i])
    if kind == _UINT16:
        return np.int64(u16(x)[i])
    return np.int64(u8(x)[i])


@routine
def _store_integer(y: int, kind: int, i: int, value: int) -> None:
    if kind == _INT64:
        i64(y)[i] = value
    elif kind in (_INT32, _UINT32):
        i32(y)[i] = value
    elif kind in (_INT16, _UINT16):
        i16(y)[i] = value
    elif kind == _BOOL:
        u8(y)[i] = value != 0
    else:
        u8(y)[i] = value


@routine
def _to_integer(value: float, kind: int) -> Any:
    """The float cut to the integer that type `kind` is made from; the least one where it does not fit."""
    if kind in (_INT64, _UINT32):
        return np.int64(value) if abs(value) < 9223372036854775808.0 else np.int64(-(2**63))
    return np.int64(value) if -2147483649.0 < value < 2147483648.0 else np.int64(-(2**31))


@kernel
def cast(
    x: Pointer, y: Pointer, n: Int, source: Int, result: Int, block: Int, begin: Int, end: Int, scratch: Pointer
) -> None:
    """y[n] of type `result` from x[n] of type `source`, indices in codes.CAST. Units: blocks of `block` elements."""
    first, last = begin * block, min(end * block, n)
    to_float = result in (_FLOAT32, _FLOAT64)
    if source in (_FLOAT32, _FLOAT64):
        for i in range(first, last):
            value = np.float64(f32(x)[i]) if source == _FLOAT32 else f64(x)[i]
            if result == _FLOAT32:
                f32(y)[i] = value
            elif result == _FLOAT64:
                f64(y)[i] = value
            elif result == _BOOL:
                u8(y)[i] = value != 0
            else:
                _store_integer(y, result, i, _to_integer(value, result))
    elif to_float:
        for i in range(first, last):
            if result == _FLOAT32:
                f32(y)[i] = np.float32(_integer(x, source, i))
            else:
                f64(y)[i] = np.float64(_integer(x, source, i))
    else:
        for i in range(first, last):
            _store_integer(y, result, i, _integer(x, source, i))
