"""Putting elements at computed indices, alone or combined with what is there, and turning parts of sequences around.

Nothing is read or written outside a tensor whatever the indices are: what they put outside is left out. A negative
index counts from the end. Of several updates at one index a later one comes later, in whatever units the work is cut:
these have elements of their own.
"""
from __future__ import annotations

from typing import Any

import numpy as np

from lite.kernels.codes import BINARY, ROWS
from lite.kernels.declare import Int, Pointer, f64, i64, kernel, routine, u8
from lite.kernels.elements import (
    FLOAT32,
    is_float,
    item_bytes,
    load_floats,
    load_integers,
    store_floats,
    store_integers,
)
from lite.kernels.elementwise import binary_span_f32
from lite.kernels.index import row_offset
from lite.kernels.indexed import index_within, read_index
from lite.kernels.move import copy_bytes, copy_elements

_ADD, _MUL, _DIV, _MAX, _MIN = (BINARY.index(name) for name in ("add", "mul", "div", "max", "min"))


@routine
def _join(function: int, x: Any, y: Any) -> Any:
    if function == _MUL:
        return x * y
    if function == _MAX:
        return x if x > y or x != x else y
    if function == _MIN:
        return x if x < y or x != x else y
    return x + y


@routine
def _combine(function: int, kind: int, x: int, y: int, n: int, place: int) -> None:
    """x[i] = function(x[i], y[i]) for n elements; integers are not divided. place: 16 bytes to work in."""
    if kind == FLOAT32:
        binary_span_f32(function, ROWS, x, y, x, n, -np.inf, np.inf)
        return
    size = item_bytes(kind)
    for i in range(n):
        if is_float(kind):
            load_floats(x + i * size, kind, 1, place)
            load_floats(y + i * size, kind, 1, place + 8)
            a, b = f64(place)[0], f64(place)[1]
            f64(place)[0] = a / b if function == _DIV else _join(function, a, b)
            store_floats(place, kind, 1, x + i * size)
        else:
            load_integers(x + i * size, kind, 1, place)
            load_integers(y + i * size, kind, 1, place + 8)
            i64(place)[0] = _join(function, i64(place)[0], i64(place)[1])
            store_integers(place, kind, 1, x + i * size)


@routine
def _start(x: int, y: int, n: int) -> None:
    """y = x for n bytes, which may be the same; zeros where x is 0."""
    if x == 0:
        for i in range(n):
            u8(y)[i] = 0
    elif x != y:
        copy_bytes(x, y, n)


@kernel
def scatter_nd(
    x: Pointer,
    indices: Pointer,
    updates: Pointer,
    y: Pointer,
    index_bytes: Int,
    depth: Int,
    extents: Pointer,
    rows: Int,
    count: Int,
    run: Int,
    function: Int,
    kind: Int,
    block: Int,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """y[rows, run bytes] = x, or zeros where x is 0; then rows indices[count, depth] of it get updates[count, run].

    extents: int64 [depth], of y's first dimensions, whose product is rows. function: index in codes.BINARY of what
    combines both, of type `kind` in codes.TYPES; or -1 to replace. Units: blocks of `block` bytes of a row, whole
    elements. scratch: 16 bytes.
    """
    for unit in range(begin, end):
        first = unit * block
        n = min(block, run - first)
        if n == run:
            _start(x, y, rows * run)
        else:
            for row in range(rows):
                _start(x + row * run + first if x else x, y + row * run + first, n)
        for place in range(count):
            there, inside = np.int64(0), True
            for d in range(depth):
                extent = i64(extents)[d]
                index = index_within(indices, place * depth + d, index_bytes, extent)
                inside = inside and index >= 0
                there = there * extent + index
            if inside:
                target, update = y + there * run + first, updates + place * run + first
                if function < 0:
                    copy_bytes(update, target, n)
                else:
                    _combine(function, kind, target, update, n // item_bytes(kind), scratch)


@kernel
def scatter_elements(
    indices: Pointer,
    updates: Pointer,
    y: Pointer,
    index_bytes: Int,
    dims: Pointer,
    rows: Int,
    n: Int,
    extent: Int,
    stride: Int,
    step: Int,
    size: Int,
    row_block: Int,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """y[.., indices[.., i, ..], ..] = updates[.., i, ..]: elements of `size` bytes, n of a row of either.

    dims: the dimensions other than the axis, for index.row_offset (strides of y in bytes, then of updates in elements).
    stride: bytes in y along the axis. step: elements in updates along it. Units: blocks of row_block rows.
    """
    for row in range(begin * row_block, min(end * row_block, rows)):
        target, first = y + row_offset(dims, row, 0), row_offset(dims, row, 1)
        for i in range(n):
            place = first + i * step
            index = index_within(indices, place, index_bytes, extent)
            if index >= 0:
                copy_elements(updates + place * size, 0, target + index * stride, 0, 1, size)


@kernel
def reverse_sequence(
    x: Pointer,
    lengths: Pointer,
    y: Pointer,
    index_bytes: Int,
    dims: Pointer,
    rows: Int,
    batch: Int,
    batch_stride: Int,
    steps: Int,
    stride: Int,
    run: Int,
    block: Int,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """y[row, b, t] = x[row, b, lengths[b] - 1 - t] for t below the length, else x[row, b, t]: runs of `run` bytes.

    dims: the dimensions over rows, for index.row_offset; strides in bytes. Units: blocks of `block` pairs (row, b).
    """
    for pair in range(begin * block, min(end * block, rows * batch)):
        row = pair // batch
        b = pair - row * batch
        start = row_offset(dims, row, 0) + b * batch_stride
        length = min(max(read_index(lengths, b, index_bytes), 0), steps)
        for t in range(steps):
            source = length - 1 - t if t < length else t
            copy_bytes(x + start + source * stride, y + start + t * stride, run)
