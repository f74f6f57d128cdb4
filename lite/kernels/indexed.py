"""Picking elements by computed indices. Elements are bytes: 1, 2, 4 or 8 of them, or runs of any number.

Nothing is read or written outside a tensor whatever the indices are: what they pick outside is 0. A negative index
counts from the end.
"""
from __future__ import annotations

from typing import Any

import numpy as np

from lite.kernels.declare import Int, Pointer, i32, i64, kernel, routine, u8
from lite.kernels.index import row_offset
from lite.kernels.move import copy_bytes, copy_elements


@routine
def read_index(indices: int, i: int, index_bytes: int) -> Any:
    """Index i, of 4 or 8 bytes."""
    return i64(indices)[i] if index_bytes == 8 else np.int64(i32(indices)[i])


@routine
def index_within(indices: int, i: int, index_bytes: int, extent: int) -> Any:
    """Index i within [0, extent), or -1 where it is outside."""
    index = read_index(indices, i, index_bytes)
    if index < 0:
        index += extent
    return index if 0 <= index < extent else np.int64(-1)


@kernel
def gather_nd(
    x: Pointer,
    indices: Pointer,
    y: Pointer,
    index_bytes: Int,
    depth: Int,
    extents: Pointer,
    count: Int,
    run: Int,
    block: Int,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """y[count, run bytes] = x[indices[count, depth], run bytes]; extents: int64 [depth], of x's first dimensions.

    Units: blocks of `block` of count.
    """
    for place in range(begin * block, min(end * block, count)):
        source, inside = np.int64(0), True
        for d in range(depth):
            extent = i64(extents)[d]
            index = index_within(indices, place * depth + d, index_bytes, extent)
            inside = inside and index >= 0
            source = source * extent + index
        if inside:
            copy_bytes(x + source * run, y + place * run, run)
        else:
            for i in range(run):
                u8(y + place * run)[i] = 0


@kernel
def gather_elements(
    x: Pointer,
    indices: Pointer,
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
    """y[rows, n] = x[.., indices[rows, n], ..]: elements of `size` bytes, `stride` bytes apart along the axis in x.

    dims: the dimensions over rows, for index.row_offset (strides of x, 0 along the axis). step: bytes in x from one
    element of a row to the next, 0 where a row lies along the axis. Units: blocks of row_block rows.
    """
    for row in range(begin * row_block, min(end * row_block, rows)):
        source = x + row_offset(dims, row, 0)
        for i in range(n):
            index = index_within(indices, row * n + i, index_bytes, extent)
            target = y + (row * n + i) * size
            if index >= 0:
                copy_elements(source + i * step + index * stride, 0, target, 0, 1, size)
            else:
                for k in range(size):
                    u8(target)[k] = 0


@kernel
def one_hot(
    indices: Pointer,
    on: Pointer,
    y: Pointer,
    index_bytes: Int,
    on_offset: Int,
    outer: Int,
    depth: Int,
    inner: Int,
    size: Int,
    block: Int,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """y[outer, indices[outer, inner], inner] = the element of `size` bytes at on + on_offset, for indices within depth.

    Units: blocks of `block` of outer.
    """
    for place in range(begin * block * inner, min(end * block, outer) * inner):
        index = read_index(indices, place, index_bytes)
        if 0 <= index < depth:
            o = place // inner
            target = y + ((o * depth + index) * inner + place - o * inner) * size
            copy_elements(on + on_offset, 0, target, 0, 1, size)
