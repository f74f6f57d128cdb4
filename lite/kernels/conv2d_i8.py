"""Convolution and matrix product of int8 codes, NHWC: staged input, and the tile of gemm_i8.py.

A part is a rectangle of output pixels x a block of panels. The rectangle's input, with its padding, is first staged in
scratch as the tile takes it (codes8.py); where filters are one pixel wide or high, only what strides do not skip. So no
row of a filter ends at the image's border, and its pixels are neighbors: it is one tap, unless it is dilated.
A product of matrices is a convolution whose filter is one pixel: its rows are the pixels.
"""
from __future__ import annotations

from lite.kernels.codes8 import INT8_STAGED, INT8_STEP, Codes
from lite.kernels.declare import Int, Pointer, i64, kernel, routine
from lite.kernels.gemm_i7 import INT7_OFFSET, INT7_ROWS, INT7_STEP, gemm_tile_i7, stage_i7, stage_same_i7
from lite.kernels.gemm_i8 import INT8_PANELS, INT8_ROW_PANELS, INT8_ROWS, gemm_tile_i8
from lite.kernels.move import LANES
from lite.kernels.simd import Simd, micro
from lite.kernels.value import Value
from lite.kernels.windows import Windows, windows_at


@micro("stage_i8", Pointer, Pointer, Int)
def stage_i8(s: Simd, x: Value, y: Value, n: Value) -> None:
    """n codes from x, staged to y; see Codes.stage."""
    Codes(s).stage(x, y, n)


@micro("stage_same_i8", Int, Pointer, Int)
def stage_same_i8(s: Simd, code: Value, y: Value, n: Value) -> None:
    """n times the same code, staged to y."""
    Codes(s).fill(code, y, n)


@routine
def stage(x: int, y: int, n: int, of_seven: bool) -> None:
    """n codes from x, of 7 bits or of 8, staged to y."""
    if of_seven:
        stage_i7(x, y, n)
    else:
        stage_i8(x, y, n)


@routine
def stage_same(code: int, y: int, n: int, of_seven: bool) -> None:
    """n times the same code, of 7 bits or of 8, staged to y."""
    if of_seven:
        stage_same_i7(code, y, n)
    else:
        stage_same_i8(code, y, n)


@routine
def stage_row(
    source: int,
    zero: int,
    target: int,
    first: int,
    columns: int,
    step: int,
    at: Windows,
    depth: int,
    of_seven: bool,
) -> None:
    """Stages `columns` pixels of a row, `step` apart from column `first` on: `depth` codes of each, or zero points."""
    pixel = depth if of_seven else depth * INT8_STAGED()
    before = min(max((step - 1 - first) // step, 0), columns)
    last = min(max((at.in_width - 1 - first) // step + 1, before), columns)
    stage_same(zero, target, before * depth, of_seven)
    if step == 1 and depth == at.in_channels:
        stage(source + (first + before) * depth, target + before * pixel, (last - before) * depth, of_seven)
    else:
        for column in range(before, last):
            stage(source + (first + column * step) * at.in_channels, target + column * pixel, depth, of_seven)
    stage_same(zero, target + last * pixel, (columns - last) * depth, of_seven)


@kernel
def conv2d_i8(
    x: Pointer,
    w: Pointer,
    bias: Pointer,
    scale: Pointer,
    ends: Pointer,
    zero: Int,
    y: Pointer,
    geometry: Pointer,
    group: Int,
    row_block: Int,
    column_block: Int,
    row_step: Int,
    row_advance: Int,
    column_step: Int,
    column_advance: Int,
    patch_row: Int,
    patch_bytes: Int,
    tap_bytes: Int,
    doubles: Int,
    panel_block: Int,
    parts: Int,
    residual: Pointer,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """y = codes of conv(x, w) + bias, and of that + residual. zero: the zero point of x.

    w, bias, scale, ends, residual: see gemm_tile_i8; panels of each group start anew. tap_bytes: 0, or where codes of x
    have 7 bits and INT7_OFFSET is not 0, as doubles, for gemm_tile_i7.
    row_step, column_step: rows and columns of x from one that is staged to the next; row_advance, column_advance:
    staged rows and columns from one output pixel to the next. patch_row: bytes of a staged row.
    Units: `parts` parts each, of images x groups x blocks of rows x blocks of columns x panel blocks; a block of
    several rows has all columns. Scratch: patch_bytes, and the addresses of a part's taps.
    """
    at = windows_at(geometry)
    lanes = LANES()
    depth = at.in_channels // group
    columns = at.out_channels // group
    panels = (columns + lanes - 1) // lanes
    row_taps, span = (at.kernel_width, depth) if at.dilation_width > 1 else (1, at.kernel_width * depth)
    taps = at.kernel_height * row_taps
    of_seven = tap_bytes != 0 and INT7_OFFSET() != 0
    most_rows = INT7_ROWS if of_seven else INT8_ROWS()
    step = INT7_STEP if of_seven else INT8_STEP()
    steps = (span + step - 1) // step - 2 * doubles
    panel_bytes = taps * (tap_bytes if of_seven else steps * lanes * step)
    pixel = depth if of_seven else depth * INT8_STAGED()
    row_blocks = (at.out_height + row_block - 1) // row_block
    column_blocks = (at.out_width + column_block - 1) // column_block
    panel_blocks = (panels + panel_block - 1) // panel_block
    for part in range(begin * parts, min(end * parts, at.images * group * row_blocks * column_blocks * panel_blocks)):
        panel_part = part % panel_blocks
        rest = part // panel_blocks
        j0 = rest % column_blocks * column_block
        rest //= column_blocks
        i0 = rest % row_blocks * row_block
        rest //= row_blocks
        g = rest % group
        image = rest // group
        high = min(row_block, at.out_height - i0)
        wide = min(column_block, at.out_width - j0)
        patch_columns = (wide - 1) * column_advance + (at.kernel_width - 1) * at.dilation_width + 1
        source = x + image * at.in_height * at.in_width * at.in_channels + g * depth
        for row in range((high - 1) * row_advance + at.kernel_height):
            i = i0 * at.stride_height - at.top + row * row_step
            target = scratch + row * patch_row
            if 0 <= i < at.in_height:
                first = j0 * at.stride_width - at.left
                place = source + i * at.in_width * at.in_channels
                stage_row(
                    place,
                    zero,
                    target,
                    first,
                    patch_columns,
                    column_step,
                    at,
                    depth,
                    of_seven,
                )
            else:
                stage_same(zero, target, patch_columns * depth, of_seven)
        count = high * wide
        tiles = (count + most_rows - 1) // most_rows
        table = scratch + patch_bytes
        i = 0
        j = 0
        left_over = count
        for tile in range(tiles):
            height = (left_over + tiles - tile - 1) // (tiles - tile)
            for r in range(height):
                i64(table)[r] = scratch + i * row_advance * patch_row + j * column_advance * pixel
                j += 1
                if j == wide:
                    j = 0
                    i += 1
            for tap in range(1, taps):
                p = tap // row_taps
                offset = p * patch_row + (tap - p * row_taps) * at.dilation_width * pixel
                for r in range(height):
                    i64(table)[tap * height + r] = i64(table)[r] + offset
            table += height * taps * 8
            left_over -= height
        most_panels = 1 if of_seven else INT8_PANELS() if count > 1 else INT8_ROW_PANELS()
        panel = panel_part * panel_block
        last_panel = min(panel + panel_block, panels)
        while panel < last_panel:
            width = min(most_panels, last_panel - panel)
            packed = g * panels + panel
            weights = w + packed * panel_bytes
            column = panel * lanes
            result = y + ((image * at.out_height + i0) * at.out_width + j0) * at.out_channels + g * columns + column
            ahead = weights + width * panel_bytes
            table = scratch + patch_bytes
            left_over = count
            for tile in range(tiles):
                height = (left_over + tiles - tile - 1) // (tiles - tile)
                added = residual + (result - y) if residual != 0 else 0
                ahead_step = (width * lanes * 4 + tiles - 1) // tiles
                if of_seven:
                    gemm_tile_i7(
                        table,
                        height,
                        taps,
                        steps,
                        doubles,
                        weights,
                        tap_bytes,
                        result,
                        at.out_channels,
                        columns - column,
                        bias + packed * lanes * 4,
                        scale + packed * lanes * 4,
                        ends,
                        added,
                        ahead,
                        ahead_step,
                    )
                else:
                    gemm_tile_i8(
                        table,
                        height,
                        width,
                        taps,
                        steps,
                        weights,
                        panel_bytes,
                        result,
                        at.out_channels,
                        columns - column,
                        bias + packed * lanes * 4,
                        scale + packed * lanes * 4,
                        ends,
                        added,
                        ahead,
                        ahead_step,
                    )
                ahead += width * panel_bytes // tiles
                table += height * taps * 8
                result += height * at.out_channels
                left_over -= height
            panel += width
