"""The k largest or smallest elements along an axis, best first; of equal ones the first wins, and NaN is the largest.

An element and its index become one integer: the element's bits, made to grow as the element does, above the index,
which counts down. So one comparison is all there is to the order, and the k largest integers, kept in a heap whose root
is the least of them, are the answer. Elements have up to 32 bits.
"""
from __future__ import annotations

from typing import Any

import numpy as np

from lite.kernels.codes import TYPES
from lite.kernels.declare import Int, Pointer, f32, f64, i32, i64, kernel, routine
from lite.kernels.elements import FLOAT16, FLOAT32, UINT32, item_bytes, load_floats, load_integers
from lite.kernels.move import copy_elements

_INT32 = TYPES.index("int32")
_LEAST = -(2**63)


@routine
def _rank(x: int, kind: int, place: int) -> Any:
    """An integer of 32 bits that grows as the element at x does; `place` is 8 bytes to work in."""
    if kind == _INT32:
        return np.int64(i32(x)[0])
    if kind in (FLOAT16, FLOAT32):
        if kind == FLOAT16:
            load_floats(x, kind, 1, place)
            value = np.float32(f64(place)[0])
        else:
            value = f32(x)[0]
        if value != value:
            return np.int64(2**31 - 1)
        f32(place)[0] = value + np.float32(0.0)  # -0 becomes 0
        bits = np.int64(i32(place)[0])
        return bits if bits >= 0 else bits ^ 0x7FFFFFFF
    load_integers(x, kind, 1, place)
    return i64(place)[0] - 2**31 if kind == UINT32 else i64(place)[0]


@routine
def _sink(heap: int, n: int, value: int) -> None:
    """Replaces the root of a heap of n by `value`, and the order is kept."""
    at, child = 0, 1
    while child < n:
        if child + 1 < n and i64(heap)[child + 1] < i64(heap)[child]:
            child += 1
        if i64(heap)[child] >= value:
            break
        i64(heap)[at] = i64(heap)[child]
        at, child = child, 2 * child + 1
    i64(heap)[at] = value


@kernel
def best(
    x: Pointer,
    values: Pointer,
    indices: Pointer,
    kind: Int,
    rows: Int,
    n: Int,
    inner: Int,
    k: Int,
    largest: Int,
    block: Int,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """Of x [rows / inner, n, inner] the k best along n: values and int32 indices [rows / inner, k, inner].

    values, indices: an address, or 0 where they are not wanted. kind: index in codes.TYPES. largest: 1, or 0 for the
    smallest. Units: blocks of `block` rows. scratch: 8 (k + 1) bytes.
    """
    size, place = item_bytes(kind), scratch + 8 * k
    for row in range(begin * block, min(end * block, rows)):
        outer = row // inner
        source = x + (outer * n * inner + row - outer * inner) * size
        target = outer * k * inner + row - outer * inner
        for i in range(k):
            i64(scratch)[i] = _LEAST
        for i in range(n):
            rank = _rank(source + i * inner * size, kind, place)
            element = (rank if largest else ~rank) << 32 | (0xFFFFFFFF - i)
            if element > i64(scratch)[0]:
                _sink(scratch, k, element)
        for left in range(k, 0, -1):
            index = 0xFFFFFFFF - (i64(scratch)[0] & 0xFFFFFFFF)
            _sink(scratch, left - 1, i64(scratch)[left - 1])
            there = target + (left - 1) * inner
            if indices:
                i32(indices)[there] = index
            if values:
                copy_elements(source + index * inner * size, size, values + there * size, size, 1, size)
