"""Convolution of thin images (few input channels), fp32, NHWC: every address follows from the pixel's.

A filter row over a thin image is a short run of neighboring floats, so the tables of addresses and border tests of
conv2d.py cost as much as the products. Here the rows of input that a block of output rows needs are first copied to
scratch between zeros that stand for the padding; then the filter's rows under a pixel are a fixed distance apart.
Weights are packed [panel][filter row][column and channel][TILE_COLUMNS] (see gemm.py) and small enough to stay in
cache, so each tile of pixels takes all panels in turn.
"""
from __future__ import annotations

from lite.kernels.declare import Float, Int, Pointer, i64, kernel, routine
from lite.kernels.elementwise import activate_rows
from lite.kernels.gemm import TILE_COLUMNS, TILE_ROWS, gemm_tile_f32
from lite.kernels.move import copy_words, zero_words
from lite.kernels.windows import windows_at


@kernel
def conv2d_thin_f32(
    x: Pointer,
    w: Pointer,
    bias: Pointer,
    y: Pointer,
    geometry: Pointer,
    row_block: Int,
    parts: Int,
    function: Int,
    alpha: Float,
    beta: Float,
    low: Float,
    high: Float,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """y = function(clamp(conv(x, w) + bias, low, high)), one group, no dilation; function, alpha, beta: see matmul_f32.

    Units: `parts` parts each, of images x blocks of row_block rows of output.
    Scratch: 8 bytes x TILE_ROWS x kernel_height, then the rows of input under a block, each as wide as all windows
    together: (out_width - 1) * stride_width + kernel_width pixels.
    """
    at = windows_at(geometry)
    blocks = (at.out_height + row_block - 1) // row_block
    width = (at.out_width - 1) * at.stride_width + at.kernel_width
    row_bytes = width * at.in_channels * 4
    strip = scratch + TILE_ROWS() * at.kernel_height * 8
    depth = at.kernel_width * at.in_channels
    panel_bytes = at.kernel_height * depth * TILE_COLUMNS() * 4
    for part in range(begin * parts, min(end * parts, at.images * blocks)):
        image = part // blocks
        first_row = (part - image * blocks) * row_block
        rows = min(row_block, at.out_height - first_row)
        copy_strip(
            x + image * at.in_height * at.in_width * at.in_channels * 4,
            strip,
            first_row * at.stride_height - at.top,
            (rows - 1) * at.stride_height + at.kernel_height,
            at.in_height,
            at.in_width,
            at.left,
            width,
            at.in_channels,
        )
        block = y + (image * at.out_height + first_row) * at.out_width * at.out_channels * 4
        target = block
        pixels = rows * at.out_width
        tiles = (pixels + TILE_ROWS() - 1) // TILE_ROWS()
        i = 0
        j = 0
        for tile in range(tiles):
            height = (pixels + tiles - tile - 1) // (tiles - tile)
            for r in range(height):
                window = strip + i * at.stride_height * row_bytes + j * at.stride_width * at.in_channels * 4
                for p in range(at.kernel_height):
                    i64(scratch)[p * height + r] = window
                    window += row_bytes
                j += 1
                if j == at.out_width:
                    j = 0
                    i += 1
            for panel in range((at.out_channels + TILE_COLUMNS() - 1) // TILE_COLUMNS()):
                column = panel * TILE_COLUMNS()
                gemm_tile_f32(
                    scratch,
                    height,
                    at.kernel_height,
                    depth,
                    w + panel * panel_bytes,
                    target + column * 4,
                    at.out_channels * 4,
                    at.out_channels - column,
                    bias + column * 4,
                    0,
                    low,
                    high,
                    w,
                    0,
                )
            pixels -= height
            target += height * at.out_channels * 4
        activate_rows(block, 1, 0, rows * at.out_width * at.out_channels, function, alpha, beta)


@routine
def copy_strip(
    x: int,
    strip: int,
    first: int,
    rows: int,
    in_height: int,
    in_width: int,
    left: int,
    width: int,
    channels: int,
) -> None:
    """Rows [first, first + rows) of an image, pixels [-left, width - left) of each; zeros outside the image."""
    begin = min(left, width)
    end = max(min(left + in_width, width), begin)
    for row in range(first, first + rows):
        if 0 <= row < in_height:
            zero_words(strip, begin * channels)
            copy_words(x + row * in_width * channels * 4, strip + begin * channels * 4, (end - begin) * channels)
            zero_words(strip + end * channels * 4, (width - end) * channels)
        else:
            zero_words(strip, width * channels)
        strip += width * channels * 4
