"""Regions of pictures, fp32: features pooled from them, and which of those that overlap are kept.

Arithmetic is neither fused nor in another order than in the references: whether a sample is in the picture, and whether
a box overlaps too much, must not depend on a rounding.
"""
from __future__ import annotations

import numpy as np

from lite.kernels.declare import Float, Int, Pointer, f32, i32, i64, kernel, u8
from lite.kernels.move import copy_words
from lite.kernels.resize import resize_pixel_f32

_BOX = 5  # numbers of a region or a box
_FILLING = np.float32(0.001)  # lite.ops.roi_align.FILLING
_ROUND = 1.5 * 2.0**52  # adding it, and taking it away, rounds to an integer
_ZERO, _HALF, _ONE = np.float32(0), np.float32(0.5), np.float32(1)


@kernel(fastmath=frozenset())
def roi_align_f32(
    x: Pointer,
    regions: Pointer,
    y: Pointer,
    images: Int,
    in_height: Int,
    in_width: Int,
    channels: Int,
    height: Int,
    width: Int,
    samples: Int,
    whole_pixels: Int,
    scale: Float,
    count: Int,
    block: Int,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """y [count, height, width, channels] of x [images, in_height, in_width, channels]: see lite.ops.roi_align.

    A bin's value is interpolated from 2 `samples` rows of as many pixels, as resize_f32 does it; the weights of one
    side of a region are in scratch: 24 * samples * (height + width) bytes. whole_pixels: roi_end_mode. Units: blocks of
    `block` regions.
    """
    taps = 2 * samples
    weights = scratch + 8 * taps * (height + width)
    factor = np.float32(scale)
    pixel, row = channels * 4, in_width * channels * 4
    for region in range(begin * block, min(end * block, count)):
        box = f32(regions + region * _BOX * 4)
        target = y + region * height * width * pixel
        if abs(box[1]) < _FILLING and abs(box[3]) < _FILLING:
            for i in range(height * width * channels):
                f32(target)[i] = _ZERO
            continue
        number = np.float64(box[0]) + _ROUND - _ROUND
        image = np.int64(min(number, np.float64(images - 1))) if number > 0 else np.int64(0)
        for axis in range(2):
            bins, extent, stride = (width, in_width, pixel) if axis else (height, in_height, row)
            places, shares = (height * taps * 8, height * taps * 4) if axis else (0, 0)
            start = box[2 - axis] * factor
            size = (box[4 - axis] + np.float32(whole_pixels)) * factor - start
            if whole_pixels == 0 and size < _ONE:
                size = _ONE
            step = size / np.float32(bins)
            for point in range(bins * samples):
                of_bin = point // samples
                offset = (np.float32(point - of_bin * samples) + _HALF) * step / np.float32(samples)
                at = start + np.float32(of_bin) * step + offset
                first, before, after = np.int64(0), _ZERO, _ZERO
                if at >= -_ONE and at <= np.float32(extent):
                    at = min(max(at, _ZERO), np.float32(extent - 1))
                    first = np.int64(at)
                    after = at - np.float32(first)
                    before = _ONE - after
                i64(scratch + places)[2 * point] = first * stride
                second = first + 1 if first + 1 < extent else first
                i64(scratch + places)[2 * point + 1] = second * stride
                f32(weights + shares)[2 * point] = before / np.float32(samples)
                f32(weights + shares)[2 * point + 1] = after / np.float32(samples)
        for i in range(height):
            for j in range(width):
                resize_pixel_f32(
                    x + image * in_height * row,
                    target + (i * width + j) * pixel,
                    taps,
                    scratch + i * taps * 8,
                    weights + i * taps * 4,
                    scratch + (height + j) * taps * 8,
                    weights + (height + j) * taps * 4,
                    channels,
                )


@kernel(fastmath=frozenset())
def nms_with_mask_f32(
    boxes: Pointer,
    ordered: Pointer,
    numbers: Pointer,
    kept: Pointer,
    work: Pointer,
    places: Int,
    count: Int,
    threshold: Float,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """See lite.ops.nms_with_mask. places: the power of two that is not below count. One unit.

    work: 8 * places + 24 * count bytes: scores and the boxes' indices while these are put in order; then the four
    sides and the area of each box in that order, and whether it is left.
    """
    keys, order = work, work + 4 * places
    for i in range(places):
        f32(keys)[i] = f32(boxes)[i * _BOX + 4] if i < count else np.float32(np.finfo(np.float32).max)
        i32(order)[i] = i
    block = 2
    while block <= places:
        distance = block // 2
        while distance > 0:
            for start in range(0, places, 2 * distance):
                rising = start & block == 0
                for low in range(start, start + distance):
                    a, b = f32(keys)[low], f32(keys)[low + distance]
                    this, that = i32(order)[low], i32(order)[low + distance]
                    swapped = a > b if rising else a < b
                    f32(keys)[low] = b if swapped else a
                    f32(keys)[low + distance] = a if swapped else b
                    i32(order)[low] = that if swapped else this
                    i32(order)[low + distance] = this if swapped else that
            distance //= 2
        block *= 2
    lefts = work + 8 * places
    tops, rights, bottoms, areas, alive = (
        lefts + 4 * count,
        lefts + 8 * count,
        lefts + 12 * count,
        lefts + 16 * count,
        lefts + 20 * count,
    )
    found = 0
    for place in range(places - 1, -1, -1):
        if i32(order)[place] < count:
            copy_words(boxes + i32(order)[place] * _BOX * 4, ordered + found * _BOX * 4, _BOX)
            box = f32(ordered + found * _BOX * 4)
            f32(lefts)[found], f32(tops)[found] = box[0], box[1]
            f32(rights)[found], f32(bottoms)[found] = box[2], box[3]
            f32(areas)[found] = (box[2] - box[0]) * (box[3] - box[1])
            i32(alive)[found] = 1
            i32(numbers)[found] = found
            found += 1
    most = np.float32(threshold)
    for i in range(count):
        u8(kept)[i] = i32(alive)[i]
        if i32(alive)[i] == 0:
            continue
        left, top, right, bottom = f32(lefts)[i], f32(tops)[i], f32(rights)[i], f32(bottoms)[i]
        own = f32(areas)[i]
        for j in range(i + 1, count):
            wide = min(right, f32(rights)[j]) - max(left, f32(lefts)[j])
            high = min(bottom, f32(bottoms)[j]) - max(top, f32(tops)[j])
            common = (wide if wide > _ZERO else _ZERO) * (high if high > _ZERO else _ZERO)
            overlaps = common / (own + f32(areas)[j] - common) > most
            i32(alive)[j] = 0 if overlaps else i32(alive)[j]
