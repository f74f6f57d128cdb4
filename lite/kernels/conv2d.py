"""Convolution as an implicit matrix product, fp32, NHWC; any kernel, stride, dilation, padding and group.

Every output pixel has a row of addresses, one a filter tap, of the input pixels under the filter; a tap that falls
into the padding has the address of a pixel of zeros, so the inner loop knows no borders and no image is copied. Where
all pixels of a tile have their filter rows inside the image from left to right, a filter row is one tap (its pixels
are neighbors in memory).
Weights are packed [group][panel][tap][channel][TILE_COLUMNS], bias [group][panel][TILE_COLUMNS] (see gemm.py).
A part is a block of output pixels of an image x a block of panels: its addresses are written once, to scratch, in the
order of the tiles, [tile][number of taps, then tap][pixel]; then each panel of weights stays in cache while the block's
tiles pass.
"""
from __future__ import annotations

from lite.kernels.declare import Float, Int, Pointer, i64, kernel, routine
from lite.kernels.elementwise import activate_rows
from lite.kernels.gemm import TILE_COLUMNS, TILE_ROWS, gemm_tile_f32, share
from lite.kernels.windows import windows_at


@kernel
def conv2d_f32(
    x: Pointer,
    w: Pointer,
    bias: Pointer,
    zeros: Pointer,
    y: Pointer,
    geometry: Pointer,
    group: Int,
    pixel_block: Int,
    panel_block: Int,
    parts: Int,
    residual: Pointer,
    function: Int,
    alpha: Float,
    beta: Float,
    low: Float,
    high: Float,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """y = function(clamp(conv(x, w) + bias + residual, low, high)). zeros: in_channels / group x kernel_width zeros.

    residual, function, alpha, beta: see matmul_f32.
    Units: `parts` parts each, of images x groups x pixel blocks x panel blocks.
    Scratch: 8 bytes x (pixel_block x taps + one a tile).
    """
    at = windows_at(geometry)
    width = TILE_COLUMNS()
    depth = at.in_channels // group
    columns = at.out_channels // group
    panels = (columns + width - 1) // width
    taps = at.kernel_height * at.kernel_width
    pixels = at.out_height * at.out_width
    pixel_blocks = (pixels + pixel_block - 1) // pixel_block
    panel_blocks = (panels + panel_block - 1) // panel_block
    mergeable = group == 1 and at.dilation_width == 1
    unpadded = at.left == 0 and (at.out_width - 1) * at.stride_width + at.kernel_width <= at.in_width
    for part in range(begin * parts, min(end * parts, at.images * group * pixel_blocks * panel_blocks)):
        panel_part = part % panel_blocks
        rest = part // panel_blocks
        first_pixel = rest % pixel_blocks * pixel_block
        rest //= pixel_blocks
        g = rest % group
        image = rest // group
        count = min(pixel_block, pixels - first_pixel)
        tiles = (count + TILE_ROWS() - 1) // TILE_ROWS()
        source = x + (image * at.in_height * at.in_width * at.in_channels + g * depth) * 4
        table = scratch
        pixel = first_pixel
        for tile in range(tiles):
            height = (first_pixel + count - pixel + tiles - tile - 1) // (tiles - tile)
            first_column = pixel % at.out_width * at.stride_width - at.left
            last_column = first_column + (height - 1) * at.stride_width + at.kernel_width
            one_row = pixel % at.out_width + height <= at.out_width
            whole = unpadded or (one_row and first_column >= 0 and last_column <= at.in_width)
            row_taps = 1 if mergeable and whole else at.kernel_width
            i64(table)[0] = at.kernel_height * row_taps
            for r in range(height):
                i = (pixel + r) // at.out_width
                j = pixel + r - i * at.out_width
                pixel_addresses(
                    table + 8 + r * 8,
                    height,
                    source,
                    zeros,
                    i * at.stride_height - at.top,
                    j * at.stride_width - at.left,
                    at.in_height,
                    at.in_width,
                    at.in_channels * 4,
                    at.kernel_height,
                    row_taps,
                    at.dilation_height,
                    at.dilation_width,
                )
            pixel += height
            table += 8 + height * taps * 8
        for panel in range(panel_part * panel_block, min((panel_part + 1) * panel_block, panels)):
            weights = w + (g * panels + panel) * taps * depth * width * 4
            column = panel * width
            target = y + ((image * pixels + first_pixel) * at.out_channels + g * columns + column) * 4
            ahead = weights + taps * depth * width * 4
            table = scratch
            left_over = count
            for tile in range(tiles):
                height = (left_over + tiles - tile - 1) // (tiles - tile)
                tile_taps = i64(table)[0]
                gemm_tile_f32(
                    table + 8,
                    height,
                    tile_taps,
                    depth * taps // tile_taps,
                    weights,
                    target,
                    at.out_channels * 4,
                    columns - column,
                    bias + (g * panels + panel) * width * 4,
                    residual + (target - y) if residual != 0 else 0,
                    low,
                    high,
                    ahead,
                    share(tiles),
                )
                ahead += taps * depth * share(tiles)
                table += 8 + height * taps * 8
                target += height * at.out_channels * 4
                left_over -= height
        first_column = panel_part * panel_block * width
        block = y + ((image * pixels + first_pixel) * at.out_channels + g * columns + first_column) * 4
        span = min(panel_block * width, columns - first_column)
        activate_rows(block, count, at.out_channels * 4, span, function, alpha, beta)


@routine
def pixel_addresses(
    table: int,
    step: int,
    source: int,
    zeros: int,
    first_row: int,
    first_column: int,
    in_height: int,
    in_width: int,
    pixel_bytes: int,
    kernel_height: int,
    kernel_width: int,
    dilation_height: int,
    dilation_width: int,
) -> None:
    """Writes the address of the input pixel under each tap, at every `step`-th entry of the table."""
    entry = 0
    for p in range(kernel_height):
        row = first_row + p * dilation_height
        for q in range(kernel_width):
            column = first_column + q * dilation_width
            inside = 0 <= row < in_height and 0 <= column < in_width
            i64(table)[entry] = source + (row * in_width + column) * pixel_bytes if inside else zeros
            entry += step
