"""Convolution as an implicit matrix product, fp32, NHWC; any kernel, stride, dilation, padding and group.

Every output pixel has a row of addresses, one a filter tap, of the input pixels under the filter; a tap that falls into the
padding has the address of a pixel of zeros, so the inner loop knows no borders and no image is copied.
Weights are packed [group][panel][tap][channel][TILE_COLUMNS], bias [group][panel][TILE_COLUMNS] (see gemm.py).
A unit is one block of output pixels of an image x one block of panels: its addresses are written once, to scratch, in the
order of the tiles, [tile][tap][pixel]; then each panel of weights stays in cache while the block's tiles pass.
"""
from __future__ import annotations

from lite.kernels.declare import Float, Int, Pointer, i64, kernel, routine
from lite.kernels.gemm import TILE_COLUMNS, TILE_ROWS, gemm_tile_f32


@kernel
def conv2d_f32(
    x: Pointer, w: Pointer, bias: Pointer, zeros: Pointer, y: Pointer,
    in_height: Int, in_width: Int, in_channels: Int, out_height: Int, out_width: Int, out_channels: Int,
    kernel_height: Int, kernel_width: Int, stride_height: Int, stride_width: Int, dilation_height: Int, dilation_width: Int,
    top: Int, left: Int, group: Int, pixel_block: Int, panel_block: Int, low: Float, high: Float,
    begin: Int, end: Int, scratch: Pointer,
) -> None:
    """y = clamp(conv(x, w) + bias, low, high). zeros: in_channels / group floats of zero.

    Units: images x groups x pixel blocks x panel blocks. Scratch: 8 bytes x pixel_block x taps.
    """
    width = TILE_COLUMNS()
    depth = in_channels // group
    columns = out_channels // group
    panels = (columns + width - 1) // width
    taps = kernel_height * kernel_width
    pixels = out_height * out_width
    pixel_blocks = (pixels + pixel_block - 1) // pixel_block
    panel_blocks = (panels + panel_block - 1) // panel_block
    for unit in range(begin, end):
        panel_part = unit % panel_blocks
        rest = unit // panel_blocks
        first_pixel = rest % pixel_blocks * pixel_block
        rest //= pixel_blocks
        g = rest % group
        image = rest // group
        count = min(pixel_block, pixels - first_pixel)
        tiles = (count + TILE_ROWS() - 1) // TILE_ROWS()
        source = x + (image * in_height * in_width * in_channels + g * depth) * 4
        table = scratch
        pixel = first_pixel
        for tile in range(tiles):
            height = (first_pixel + count - pixel + tiles - tile - 1) // (tiles - tile)
            for r in range(height):
                i = (pixel + r) // out_width
                j = pixel + r - i * out_width
                pixel_addresses(
                    table + r * 8, height, source, zeros, i * stride_height - top, j * stride_width - left,
                    in_height, in_width, in_channels * 4, kernel_height, kernel_width, dilation_height, dilation_width,
                )
            pixel += height
            table += height * taps * 8
        for panel in range(panel_part * panel_block, min((panel_part + 1) * panel_block, panels)):
            weights = w + (g * panels + panel) * taps * depth * width * 4
            column = panel * width
            target = y + ((image * pixels + first_pixel) * out_channels + g * columns + column) * 4
            table = scratch
            left_over = count
            for tile in range(tiles):
                height = (left_over + tiles - tile - 1) // (tiles - tile)
                gemm_tile_f32(
                    table, height, taps, depth, weights, target, out_channels * 4, columns - column,
                    bias + (g * panels + panel) * width * 4, low, high,
                )
                table += height * taps * 8
                target += height * out_channels * 4
                left_over -= height


@routine
def pixel_addresses(
    table: int, step: int, source: int, zeros: int, first_row: int, first_column: int, in_height: int, in_width: int,
    pixel_bytes: int, kernel_height: int, kernel_width: int, dilation_height: int, dilation_width: int,
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
