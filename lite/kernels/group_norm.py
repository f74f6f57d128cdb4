"""Instance and group normalization, fp32, NHWC: mean and variance over the pixels of an image, a group of channels
at a time.

Vectors lie along the channels: sums of each channel over a strip of pixels are added up strip by strip, which keeps
rounding small on large images, then over the channels of a group. The variance is the mean of squared deviations from
the mean, in a second pass, and the mean is subtracted before anything is scaled: no cancellation whatever the mean is.
"""
from __future__ import annotations

import numpy as np

from lite.kernels.declare import Float, Int, Pointer, f32, kernel, routine
from lite.kernels.simd import Simd, micro
from lite.kernels.value import Value

_VECTORS = 4
_STRIP = 64  # pixels


@micro("column_sums_f32", Int, Pointer, Int, Int, Pointer, Pointer, Int)
def column_sums_f32(
    s: Simd, squared: Value, x: Value, pixels: Value, pixel_bytes: Value, mean: Value, y: Value, n: Value
) -> None:
    """y[n] += sum over pixels of x, or of (x - mean)^2 where `squared` is 1."""

    def add(squaring: bool) -> None:
        def block(i: Value, vectors: int, lanes: Value | None) -> None:
            places = [4 * i + v * s.vector_bytes for v in range(vectors)]
            centers = [s.load(mean + place, lanes) for place in places] if squaring else []

            def pixel(p: Value, *totals: Value) -> tuple[Value, ...]:
                loaded = [s.load(x + p * pixel_bytes + place, lanes) for place in places]
                if not squaring:
                    return tuple(total + value for total, value in zip(totals, loaded, strict=True))
                centered = [value - center for value, center in zip(loaded, centers, strict=True)]
                return tuple(s.fma(d, d, total) for d, total in zip(centered, totals, strict=True))

            for place, total in zip(places, s.loop(pixels, pixel, *[s.splat(0.0)] * vectors), strict=True):
                s.store(s.load(y + place, lanes) + total, y + place, lanes)

        s.blocks(n, _VECTORS, block)

    s.either(squared > 0, lambda: add(True), lambda: add(False))


@micro("normalize_row_f32", Pointer, Pointer, Pointer, Pointer, Pointer, Int)
def normalize_row_f32(s: Simd, x: Value, mean: Value, scale: Value, shift: Value, y: Value, n: Value) -> None:
    """y[n] = (x - mean) * scale + shift."""

    def body(i: Value, lanes: Value | None) -> None:
        centered = s.load(x + 4 * i, lanes) - s.load(mean + 4 * i, lanes)
        s.store(s.fma(centered, s.load(scale + 4 * i, lanes), s.load(shift + 4 * i, lanes)), y + 4 * i, lanes)

    s.span(n, body)


@routine
def group_means(
    squared: int, x: int, pixels: int, pixel_bytes: int, mean: int, y: int, groups: int, channels: int
) -> None:
    """y [groups x channels]: the mean over pixels and a group's channels, the same for each channel of a group."""
    n = groups * channels
    for c in range(n):
        f32(y)[c] = 0
    for pixel in range(0, pixels, _STRIP):
        strip = min(pixels - pixel, _STRIP)
        column_sums_f32(squared, x + pixel * pixel_bytes, strip, pixel_bytes, mean, y, n)
    for g in range(groups):
        first = g * channels
        total = np.float64(0)
        for c in range(first, first + channels):
            total += f32(y)[c]
        for c in range(first, first + channels):
            f32(y)[c] = total / (pixels * channels)


@kernel
def group_norm_f32(
    x: Pointer,
    gamma: Pointer,
    beta: Pointer,
    y: Pointer,
    images: Int,
    pixels: Int,
    groups: Int,
    channels: Int,
    group_block: Int,
    affine: Int,
    epsilon: Float,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """y = (x - mean) / sqrt(variance + epsilon), times gamma plus beta where `affine` is 1; channels: of a group.

    Units: images x blocks of group_block groups. Scratch: 3 floats a channel of a block.
    """
    pixel_bytes = groups * channels * 4
    blocks = (groups + group_block - 1) // group_block
    scale = scratch
    shift = scratch + group_block * channels * 4
    mean = shift + group_block * channels * 4
    for unit in range(begin, end):
        image = unit // blocks
        first = (unit - image * blocks) * group_block
        count = min(group_block, groups - first)
        offset = image * pixels * pixel_bytes + first * channels * 4
        group_means(0, x + offset, pixels, pixel_bytes, 0, mean, count, channels)
        group_means(1, x + offset, pixels, pixel_bytes, mean, scale, count, channels)
        for c in range(count * channels):
            factor = np.float32(1 / np.sqrt(np.float64(f32(scale)[c]) + epsilon))
            center = np.float32(0)
            if affine:
                factor *= f32(gamma)[first * channels + c]
                center = f32(beta)[first * channels + c]
            f32(scale)[c] = factor
            f32(shift)[c] = center
        for pixel in range(pixels):
            here = offset + pixel * pixel_bytes
            normalize_row_f32(x + here, mean, scale, shift, y + here, count * channels)
