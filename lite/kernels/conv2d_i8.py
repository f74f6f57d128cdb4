"""Convolution and matrix product of int8 codes, NHWC: conv2d.py with the tile of gemm_i8.py.

A tap that falls into the padding has the address of a pixel of zero points. A product of matrices is a convolution
whose filter is one pixel: its rows are the pixels.
"""
from __future__ import annotations

from lite.kernels.conv2d import pixel_addresses
from lite.kernels.declare import Int, Pointer, i64, kernel
from lite.kernels.gemm_i8 import INT8_PANELS, INT8_ROWS, gemm_tile_i8
from lite.kernels.move import LANES


@kernel
def conv2d_i8(
    x: Pointer,
    w: Pointer,
    bias: Pointer,
    scale: Pointer,
    ends: Pointer,
    zeros: Pointer,
    y: Pointer,
    images: Int,
    in_height: Int,
    in_width: Int,
    in_channels: Int,
    out_height: Int,
    out_width: Int,
    out_channels: Int,
    kernel_height: Int,
    kernel_width: Int,
    stride_height: Int,
    stride_width: Int,
    dilation_height: Int,
    dilation_width: Int,
    top: Int,
    left: Int,
    group: Int,
    pixel_block: Int,
    panel_block: Int,
    parts: Int,
    residual: Pointer,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """y = codes of conv(x, w) + bias, and of that + residual. zeros: in_channels / group x kernel_width zero points.

    w, bias, scale, ends, residual: see gemm_tile_i8; panels of each group start anew.
    Units: `parts` parts each, of images x groups x pixel blocks x panel blocks.
    Scratch: 8 bytes x (pixel_block x taps + one a tile).
    """
    lanes = LANES()
    depth = in_channels // group
    columns = out_channels // group
    panels = (columns + lanes - 1) // lanes
    taps = kernel_height * kernel_width
    panel_bytes = taps * ((depth + 3) // 4) * lanes * 4
    pixels = out_height * out_width
    pixel_blocks = (pixels + pixel_block - 1) // pixel_block
    panel_blocks = (panels + panel_block - 1) // panel_block
    mergeable = group == 1 and dilation_width == 1 and depth % 4 == 0
    unpadded = left == 0 and (out_width - 1) * stride_width + kernel_width <= in_width
    for part in range(begin * parts, min(end * parts, images * group * pixel_blocks * panel_blocks)):
        panel_part = part % panel_blocks
        rest = part // panel_blocks
        first_pixel = rest % pixel_blocks * pixel_block
        rest //= pixel_blocks
        g = rest % group
        image = rest // group
        count = min(pixel_block, pixels - first_pixel)
        tiles = (count + INT8_ROWS() - 1) // INT8_ROWS()
        source = x + image * in_height * in_width * in_channels + g * depth
        table = scratch
        pixel = first_pixel
        for tile in range(tiles):
            height = (first_pixel + count - pixel + tiles - tile - 1) // (tiles - tile)
            first_column = pixel % out_width * stride_width - left
            last_column = first_column + (height - 1) * stride_width + kernel_width
            one_row = pixel % out_width + height <= out_width
            whole = unpadded or (one_row and first_column >= 0 and last_column <= in_width)
            row_taps = 1 if mergeable and whole else kernel_width
            i64(table)[0] = kernel_height * row_taps
            for r in range(height):
                i = (pixel + r) // out_width
                j = pixel + r - i * out_width
                pixel_addresses(
                    table + 8 + r * 8,
                    height,
                    source,
                    zeros,
                    i * stride_height - top,
                    j * stride_width - left,
                    in_height,
                    in_width,
                    in_channels,
                    kernel_height,
                    row_taps,
                    dilation_height,
                    dilation_width,
                )
            pixel += height
            table += 8 + height * taps * 8
        panel = panel_part * panel_block
        last_panel = min(panel + panel_block, panels)
        while panel < last_panel:
            width = min(INT8_PANELS(), last_panel - panel)
            packed = g * panels + panel
            weights = w + packed * panel_bytes
            column = panel * lanes
            target = y + (image * pixels + first_pixel) * out_channels + g * columns + column
            ahead = weights + width * panel_bytes
            table = scratch
            left_over = count
            for tile in range(tiles):
                height = (left_over + tiles - tile - 1) // (tiles - tile)
                tile_taps = i64(table)[0]
                gemm_tile_i8(
                    table + 8,
                    height,
                    width,
                    tile_taps,
                    (depth * (taps // tile_taps) + 3) // 4,
                    weights,
                    panel_bytes,
                    target,
                    out_channels,
                    columns - column,
                    bias + packed * lanes * 4,
                    scale + packed * lanes * 4,
                    ends,
                    residual + (target - y) if residual != 0 else 0,
                    ahead,
                    (width * lanes * 4 + tiles - 1) // tiles,
                )
                ahead += width * panel_bytes // tiles
                table += 8 + height * taps * 8
                target += height * out_channels
                left_over -= height
            panel += width
