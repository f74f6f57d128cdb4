"""Images read at given places, fp32: see lite.ops.grid_sampler, whose arithmetic this keeps, step by step.

The four pixels around a place are blended in vectors along the channels. One that is outside is read from a row of
zeros, so that what the image holds elsewhere takes no part.
"""
from __future__ import annotations

from typing import Any

import numpy as np

from lite.kernels.declare import Float32, Int, Pointer, f32, kernel, routine
from lite.kernels.move import copy_words
from lite.kernels.simd import Simd, micro
from lite.kernels.value import Value

_REFLECTION = 2  # lite.ops.grid_sampler.REFLECTION
_ROUND = 1.5 * 2.0**52  # adding it, and taking it away, rounds to an integer
_ZERO, _HALF, _ONE = np.float32(0), np.float32(0.5), np.float32(1)


@micro("blend_pixels_f32", Pointer, Pointer, Pointer, Pointer, Pointer, Int, Float32, Float32)
def blend_pixels_f32(
    s: Simd, a: Value, b: Value, c: Value, d: Value, y: Value, channels: Value, right: Value, down: Value
) -> None:
    """y[channels] = (a * (1 - right) + b * right) * (1 - down) + (c * (1 - right) + d * right) * down."""
    to_right, to_bottom = s.splat(right), s.splat(down)
    to_left, to_top = 1.0 - to_right, 1.0 - to_bottom

    def block(i: Value, vectors: int, lanes: Value | None) -> None:
        for v in range(vectors):
            at = 4 * i + v * s.vector_bytes
            upper = s.load(a + at, lanes) * to_left + s.load(b + at, lanes) * to_right
            lower = s.load(c + at, lanes) * to_left + s.load(d + at, lanes) * to_right
            s.store(upper * to_top + lower * to_bottom, y + at, lanes)

    s.blocks(channels, 2, block)


@routine
def _floor(x: float) -> float:
    whole = x + _ROUND - _ROUND
    return whole - 1.0 if whole > x else whole


@routine
def _place(g: np.float32, size: int, padding: int, aligned: int) -> np.float32:
    """A coordinate in pixels along one side."""
    from_edge = g + _ONE
    place = from_edge * _HALF * np.float32(size - 1) if aligned else (from_edge * np.float32(size) - _ONE) * _HALF
    if padding == _REFLECTION:
        low = _ZERO if aligned else -_HALF
        span = np.float32(size - 1) if aligned else np.float32(size)
        if span > _ZERO:
            distance = abs(place - low)
            turns = _floor(np.float64(distance / span))
            rest = distance - np.float32(turns) * span
            place = rest + low if 2.0 * _floor(0.5 * turns) == turns else span - rest + low
        else:
            place = _ZERO
    if place != place:
        place = -_ONE
    margin = 0 if padding else 2  # where nothing is around a place, however far it is
    return min(max(place, np.float32(-margin)), np.float32(size - 1 + margin))


@routine
def _pixel(image: int, zeros: int, row: float, column: float, height: int, width: int, channels: int) -> Any:
    """The address of a pixel, whose row and column are whole numbers."""
    if row >= 0 and row < height and column >= 0 and column < width:
        return image + (np.int64(row) * width + np.int64(column)) * channels * 4
    return zeros


@kernel(fastmath=frozenset())
def grid_sampler_f32(
    x: Pointer,
    grid: Pointer,
    y: Pointer,
    zeros: Pointer,
    in_height: Int,
    in_width: Int,
    channels: Int,
    places: Int,
    count: Int,
    nearest: Int,
    padding: Int,
    aligned: Int,
    block: Int,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """y [count, channels]: pixels of x [images, in_height, in_width, channels] at grid [count, 2], `places` an image.

    zeros: [channels]. padding: padding_mode. Units: blocks of `block` places.
    """
    for p in range(begin * block, min(end * block, count)):
        image = x + p // places * in_height * in_width * channels * 4
        target = y + p * channels * 4
        column = _place(f32(grid)[2 * p], in_width, padding, aligned)
        row = _place(f32(grid)[2 * p + 1], in_height, padding, aligned)
        if nearest:
            at = np.float64(row) + _ROUND - _ROUND, np.float64(column) + _ROUND - _ROUND
            copy_words(_pixel(image, zeros, at[0], at[1], in_height, in_width, channels), target, channels)
            continue
        top, left = _floor(np.float64(row)), _floor(np.float64(column))
        blend_pixels_f32(
            _pixel(image, zeros, top, left, in_height, in_width, channels),
            _pixel(image, zeros, top, left + 1, in_height, in_width, channels),
            _pixel(image, zeros, top + 1, left, in_height, in_width, channels),
            _pixel(image, zeros, top + 1, left + 1, in_height, in_width, channels),
            target,
            channels,
            column - np.float32(left),
            row - np.float32(top),
        )
