"""Weights in panels, as the tiles of gemm.py and gemm_i8.py read them: [panel][depth][width], zeros beyond the columns.

An element is a word: a float32, or four codes of the depth. width: TILE_COLUMNS of floats, the lanes of such codes.
What is contiguous, along the depth or along the columns, is read as vectors: along the depth as blocks of
lanes x lanes, which are transposed in registers. So a matrix is packed as fast as it is copied.
"""
from __future__ import annotations

from lite.kernels.declare import Int, Pointer, i32, i64, kernel, routine
from lite.kernels.move import LANES, copy_words, transpose_block_f32


@routine
def pack_panel(
    b: int, panel: int, depth: int, columns: int, depth_stride: int, column_stride: int, width: int, pitch: int
) -> None:
    """panel[depth, width], `pitch` bytes between its rows, from up to as many columns of b, by strides in bytes."""
    if column_stride == 4:
        for k in range(depth):
            copy_words(b + k * depth_stride, panel + k * pitch, columns)
    else:
        j = 0
        while j + LANES() <= columns and depth >= LANES() and depth_stride == 4:
            for k in range(0, depth, LANES()):
                first = min(k, depth - LANES())  # the last block overlaps the one before it
                corner = b + j * column_stride + first * 4
                transpose_block_f32(corner, column_stride, panel + first * pitch + j * 4, pitch)
            j += LANES()
        for k in range(depth):
            for rest in range(j, columns):
                i32(panel + k * pitch)[rest] = i32(b + k * depth_stride + rest * column_stride)[0]
    for k in range(depth if columns < width else 0):
        for j in range(columns, width):
            i32(panel + k * pitch)[j] = 0


@kernel
def pack_columns(
    b: Pointer,
    packed: Pointer,
    matrices: Pointer,
    depth: Int,
    columns: Int,
    depth_stride: Int,
    column_stride: Int,
    width: Int,
    abreast: Int,
    panel_count: Int,
    block: Int,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """packed[matrix, group of panels, depth, panel, width] from b, by strides in bytes.

    matrices: int64, bytes from b to each. abreast: panels of a group; the last one of a matrix may have fewer.
    panel_count: panels of all matrices. Units: blocks of `block` of them.
    """
    panels = (columns + width - 1) // width
    for i in range(begin * block, min(end * block, panel_count)):
        matrix = i // panels
        panel = i - matrix * panels
        place = panel % abreast
        pack_panel(
            b + i64(matrices)[matrix] + panel * width * column_stride,
            packed + (i - place) * depth * width * 4 + place * width * 4,
            depth,
            min(width, columns - panel * width),
            depth_stride,
            column_stride,
            width,
            min(abreast, panels - panel + place) * width * 4,
        )
