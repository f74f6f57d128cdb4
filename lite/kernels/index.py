"""From the number of a row to its address, for tensors with any strides: shared by kernels that walk rows."""
from __future__ import annotations

from lite.kernels.declare import i64, routine


@routine
def row_offset(dims: int, row: int, operand: int) -> int:
    """Bytes from an operand's first row to `row`.

    dims: address of int64 numbers [rank, extents (outermost first), strides of operand 0 in bytes, of operand 1, ...].
    """
    rank = i64(dims)[0]
    strides = dims + (1 + rank * (1 + operand)) * 8
    offset = 0
    for d in range(rank - 1, 0, -1):
        extent = i64(dims)[1 + d]
        rest = row // extent
        offset += (row - rest * extent) * i64(strides)[d]
        row = rest
    return offset + row * i64(strides)[0] if rank > 0 else 0


@routine
def rows_left(dims: int, row: int) -> int:
    """Rows from this one to the end of the innermost dimension, `inner_stride` apart; 1 where there is no dimension."""
    rank = i64(dims)[0]
    extent = i64(dims)[rank] if rank > 0 else 1
    return extent - row % extent


@routine
def inner_stride(dims: int, operand: int) -> int:
    """Bytes from a row to the next one of the innermost dimension."""
    rank = i64(dims)[0]
    return i64(dims)[rank * (2 + operand)] if rank > 0 else 0
