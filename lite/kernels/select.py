"""The choice between two tensors by a condition, element by element, of elements of any type."""
from __future__ import annotations

from lite.kernels.codes import BLOCK, BLOCK_BYTES
from lite.kernels.declare import Int, Pointer, i64, kernel, routine, u8, u16, u32
from lite.kernels.index import row_offset
from lite.kernels.move import copy_elements


@routine
def _choose(condition: int, a: int, b: int, y: int, size: int, n: int) -> None:
    """y[i] = a[i] where condition[i], else b[i]."""
    if size == 4:
        for i in range(n):
            yes, no = u32(a)[i], u32(b)[i]
            u32(y)[i] = yes if u8(condition)[i] else no
    elif size == 8:
        for i in range(n):
            this, that = i64(a)[i], i64(b)[i]
            i64(y)[i] = this if u8(condition)[i] else that
    elif size == 2:
        for i in range(n):
            first, second = u16(a)[i], u16(b)[i]
            u16(y)[i] = first if u8(condition)[i] else second
    else:
        for i in range(n):
            left, right = u8(a)[i], u8(b)[i]
            u8(y)[i] = left if u8(condition)[i] else right


@kernel
def select(
    condition: Pointer,
    a: Pointer,
    b: Pointer,
    y: Pointer,
    size: Int,
    c_step: Int,
    a_step: Int,
    b_step: Int,
    dims: Pointer,
    rows: Int,
    n: Int,
    row_block: Int,
    block: Int,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """y = condition ? a : b for rows of n elements of `size` bytes.

    c_step, a_step, b_step: bytes to the next element of a row, or 0. dims: the dimensions over rows, see
    index.row_offset (strides of the condition, then of a, then of b). Units: blocks of row_block rows x blocks of
    `block` elements of a row. scratch: 3 codes.BLOCK_BYTES.
    """
    blocks = (n + block - 1) // block
    repeated = min(BLOCK, min(block, n))
    last_where = last_yes = last_no = 0  # what was repeated last: rows often have it in common
    for unit in range(begin, end):
        first_row = unit // blocks * row_block
        start = unit % blocks * block
        for row in range(first_row, min(first_row + row_block, rows)):
            where = condition + row_offset(dims, row, 0)
            yes = a + row_offset(dims, row, 1)
            no = b + row_offset(dims, row, 2)
            if c_step == 0:
                if where != last_where:
                    copy_elements(where, 0, scratch, 1, repeated, 1)
                last_where, where = where, scratch
            if a_step == 0:
                if yes != last_yes:
                    copy_elements(yes, 0, scratch + BLOCK_BYTES, size, repeated, size)
                last_yes, yes = yes, scratch + BLOCK_BYTES
            if b_step == 0:
                if no != last_no:
                    copy_elements(no, 0, scratch + 2 * BLOCK_BYTES, size, repeated, size)
                last_no, no = no, scratch + 2 * BLOCK_BYTES
            for first in range(start, min(start + block, n), BLOCK):
                count = min(BLOCK, min(start + block, n) - first)
                _choose(
                    where + first * c_step,
                    yes + first * a_step,
                    no + first * b_step,
                    y + (row * n + first) * size,
                    size,
                    count,
                )
