"""Conversion between element types: see codes.TYPES.

Towards an integer a float is cut, not rounded; what does not fit, NaN included, becomes what lite.ops.cast says.
Integers are cut to their low bits. Bool is 1 for everything but 0.
"""
from __future__ import annotations

from lite.kernels.codes import BLOCK
from lite.kernels.declare import Int, Pointer, f32, i64, kernel
from lite.kernels.elements import (
    FLOAT16,
    FLOAT32,
    INT64,
    floats_to_integers,
    integers_to_floats,
    is_float,
    item_bytes,
    load_floats,
    load_integers,
    store_floats,
    store_integers,
)
from lite.kernels.halves import narrow_to_halves, widen_halves


@kernel
def cast(
    x: Pointer, y: Pointer, n: Int, source: Int, result: Int, block: Int, begin: Int, end: Int, scratch: Pointer
) -> None:
    """y[n] of type `result` from x[n] of type `source`, indices in codes.TYPES. Units: blocks of `block` elements.

    scratch: codes.BLOCK_BYTES.
    """
    last = min(end * block, n)
    for first in range(begin * block, last, BLOCK):
        count = min(BLOCK, last - first)
        here, there = x + first * item_bytes(source), y + first * item_bytes(result)
        if source == INT64 and result == FLOAT32:  # rounded once, not by way of float64
            for i in range(count):
                f32(there)[i] = i64(here)[i]
            continue
        if source == FLOAT16 and result == FLOAT32:
            widen_halves(here, there, count)
            continue
        if source == FLOAT32 and result == FLOAT16:
            narrow_to_halves(here, there, count)
            continue
        if is_float(source):
            load_floats(here, source, count, scratch)
            if not is_float(result):
                floats_to_integers(scratch, result, count)
        else:
            load_integers(here, source, count, scratch)
            if is_float(result):
                integers_to_floats(scratch, count)
        if is_float(result):
            store_floats(scratch, result, count, there)
        else:
            store_integers(scratch, result, count, there)
