"""Element-wise functions of tensors of any type, see codes.TYPED.

A block of each operand is widened to int64 or float64, computed on, and narrowed (elements.py), so a function is one
loop for all integers and one for all floats. Of int32 and float32 the plain functions are computed as they are, which
gives the same: the low bits of a sum or product do not depend on the width, nor does an order. Broadcasting is that of
binary_f32: rows in which each operand is contiguous or one number. Integers wrap around; an integer divided by 0 gives
0.
"""
from __future__ import annotations

from typing import Any

import numpy as np

from lite.kernels.codes import BLOCK, BLOCK_BYTES, TYPED, TYPED_PLAIN, TYPED_UNARY, TYPES
from lite.kernels.declare import Int, Pointer, f32, f64, i32, i64, kernel, routine, u8, u32
from lite.kernels.division import (
    DIV,
    FLOOR_DIV,
    FLOOR_MOD,
    MOD,
    are_exact,
    divide,
    divide_exact,
    floor_divide,
    floor_quotient,
    floor_remainder,
    remainder,
)
from lite.kernels.elements import (
    FLOAT32,
    is_float,
    item_bytes,
    load_floats,
    load_integers,
    spread,
    store_floats,
    store_integers,
)
from lite.kernels.index import row_offset
from lite.kernels.trigonometry import cosine, sine

_FIRST_OF_TWO, _FIRST_NOT_PLAIN = len(TYPED_UNARY), len(TYPED_UNARY) + len(TYPED_PLAIN)
_INT32 = TYPES.index("int32")
_ABS, _IS_FINITE, _SIN, _COS, _TAN = range(_FIRST_OF_TWO)
_ADD, _SUB, _MUL, _MAX, _MIN = (TYPED.index(name) for name in ("add", "sub", "mul", "max", "min"))
_EQUAL, _NOT_EQUAL, _GREATER, _GREATER_EQUAL = (
    TYPED.index(name) for name in ("equal", "not_equal", "greater", "greater_equal")
)
_BIT_AND, _BIT_OR, _BIT_XOR = (TYPED.index(name) for name in ("bit_and", "bit_or", "bit_xor"))


@routine
def _elements(function: int, x: Any, y: Any, z: Any, truth: Any, n: int) -> None:
    """z[i] = function(x[i], y[i]) for n elements and a function that is the same for all types.

    truth: where z is, as the integers which comparisons give.
    """
    if function == _ADD:
        for i in range(n):
            z[i] = x[i] + y[i]
    elif function == _SUB:
        for i in range(n):
            z[i] = x[i] - y[i]
    elif function == _MUL:
        for i in range(n):
            z[i] = x[i] * y[i]
    elif function == _MAX:
        for i in range(n):
            z[i] = x[i] if x[i] > y[i] or x[i] != x[i] else y[i]
    elif function == _MIN:
        for i in range(n):
            z[i] = x[i] if x[i] < y[i] or x[i] != x[i] else y[i]
    elif function == _EQUAL:
        for i in range(n):
            truth[i] = x[i] == y[i]
    elif function == _NOT_EQUAL:
        for i in range(n):
            truth[i] = x[i] != y[i]
    elif function == _GREATER:
        for i in range(n):
            truth[i] = x[i] > y[i]
    elif function == _GREATER_EQUAL:
        for i in range(n):
            truth[i] = x[i] >= y[i]
    elif function == _ABS:
        for i in range(n):
            z[i] = abs(x[i])


@routine
def _integers(function: int, a: int, b: int, n: int) -> None:
    """a[i] = function(a[i], b[i]) for n int64; b may change."""
    x, y = i64(a), i64(b)
    if function == _IS_FINITE:
        for i in range(n):
            x[i] = 1
    elif function == _BIT_AND:
        for i in range(n):
            x[i] &= y[i]
    elif function == _BIT_OR:
        for i in range(n):
            x[i] |= y[i]
    elif function == _BIT_XOR:
        for i in range(n):
            x[i] ^= y[i]
    elif function not in (DIV, FLOOR_DIV, FLOOR_MOD, MOD):
        _elements(function, x, y, x, x, n)
    elif are_exact(a, b, n):
        divide_exact(function, a, b, n)
    elif function == DIV:
        for i in range(n):
            x[i] = divide(x[i], y[i])
    elif function == FLOOR_DIV:
        for i in range(n):
            x[i] = floor_divide(x[i], y[i])
    elif function == FLOOR_MOD:
        for i in range(n):
            x[i] = x[i] - y[i] * floor_divide(x[i], y[i]) if y[i] != 0 else 0
    else:
        for i in range(n):
            x[i] = x[i] - y[i] * divide(x[i], y[i]) if y[i] != 0 else 0


@routine
def _floats(function: int, a: int, b: int, n: int) -> None:
    """a[i] = function(a[i], b[i]) for n float64; comparisons give int64."""
    x, y, truth = f64(a), f64(b), i64(a)
    if function == DIV:
        for i in range(n):
            x[i] = x[i] / y[i]
    elif function == FLOOR_DIV:
        for i in range(n):
            x[i] = floor_quotient(x[i], y[i])
    elif function == FLOOR_MOD:
        for i in range(n):
            x[i] = floor_remainder(x[i], y[i])
    elif function == MOD:
        for i in range(n):
            x[i] = remainder(x[i], y[i])
    elif function == _IS_FINITE:
        for i in range(n):
            truth[i] = abs(x[i]) < np.inf
    elif function == _SIN:
        for i in range(n):
            x[i] = sine(x[i])
    elif function == _COS:
        for i in range(n):
            x[i] = cosine(x[i])
    elif function == _TAN:
        for i in range(n):
            x[i] = sine(x[i]) / cosine(x[i])
    else:
        _elements(function, x, y, x, truth, n)


@routine
def _load(x: int, kind: int, step: int, n: int, out: int) -> None:
    """A block of n elements, or one number n times where the step is 0."""
    count = n if step else 1
    if is_float(kind):
        load_floats(x, kind, count, out)
    else:
        load_integers(x, kind, count, out)
    if step == 0:
        spread(out, n)


@routine
def _words(x: int, step: int, n: int, place: int) -> Any:
    """Where n words of 4 bytes are: at x, or one of them n times at `place` where the step is 0."""
    if step:
        return x
    word = u32(x)[0]
    for i in range(n):
        u32(place)[i] = word
    return place


@routine
def compute(
    function: int, x: int, x_step: int, y: int, y_step: int, z: int, source: int, result: int, n: int, scratch: int
) -> None:
    """z = function(x, y) for up to BLOCK elements, see `typed`; z may be x."""
    other = scratch + BLOCK_BYTES
    if (source in (FLOAT32, _INT32)) and _FIRST_OF_TWO <= function < _FIRST_NOT_PLAIN:
        left, right = _words(x, x_step, n, scratch), _words(y, y_step, n, other)
        if source == _INT32:
            _elements(function, i32(left), i32(right), i32(z), u8(z), n)
        else:
            _elements(function, f32(left), f32(right), f32(z), u8(z), n)
        return
    _load(x, source, x_step, n, scratch)
    if function >= _FIRST_OF_TWO:
        _load(y, source, y_step, n, other)
    if is_float(source):
        _floats(function, scratch, other, n)
    else:
        _integers(function, scratch, other, n)
    if is_float(result):
        store_floats(scratch, result, n, z)
    else:
        store_integers(scratch, result, n, z)


@kernel
def typed(
    x: Pointer,
    y: Pointer,
    z: Pointer,
    function: Int,
    source: Int,
    result: Int,
    x_step: Int,
    y_step: Int,
    dims: Pointer,
    rows: Int,
    n: Int,
    row_block: Int,
    block: Int,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """z = function(x, y) for rows of n elements; function: index in codes.TYPED, which takes y or does not.

    source, result: types of the operands and of z, in codes.TYPES. x_step, y_step: bytes to the next element of a row,
    or 0. dims: the dimensions over rows, see index.row_offset (strides of x, then of y). Units: blocks of row_block
    rows x blocks of `block` elements of a row. scratch: 2 codes.BLOCK_BYTES.
    """
    blocks = (n + block - 1) // block
    for unit in range(begin, end):
        first_row = unit // blocks * row_block
        start = unit % blocks * block
        for row in range(first_row, min(first_row + row_block, rows)):
            left, right = x + row_offset(dims, row, 0), y + row_offset(dims, row, 1)
            for first in range(start, min(start + block, n), BLOCK):
                compute(
                    function,
                    left + first * x_step,
                    x_step,
                    right + first * y_step,
                    y_step,
                    z + (row * n + first) * item_bytes(result),
                    source,
                    result,
                    min(BLOCK, min(start + block, n) - first),
                    scratch,
                )
