"""Binds ROIAlign, NMSWithMask and GridSampler2D."""
from __future__ import annotations

import numpy as np

from lite.delegates.base import In, NativeClaim, NativeStep, Operation, Out, Packed, Temp
from lite.delegates.cpu.tile import Tile
from lite.delegates.cpu.work import BYTE, split
from lite.ops.grid_sampler import GridSampler2D
from lite.ops.nms_with_mask import NMSWithMask
from lite.ops.roi_align import ROIAlign
from lite.types import DType

_ROW = 10.0  # nanoseconds to begin with the channels of a bin
_PLACE = 20.0  # nanoseconds to find a place of a grid
_BOX_BYTES = 24  # that a box takes while boxes are compared


def bind(operation: Operation, tile: Tile) -> NativeClaim | None:
    """float32."""
    if any(x.dtype != DType.FLOAT32 for x in operation.inputs):
        return None
    attrs = operation.attrs
    if isinstance(attrs, ROIAlign):
        return _roi_align(operation, attrs)
    if isinstance(attrs, GridSampler2D):
        return _grid_sampler(operation, attrs)
    assert isinstance(attrs, NMSWithMask), "the index names this module for these three"
    return _nms_with_mask(operation, attrs)


def _roi_align(operation: Operation, attrs: ROIAlign) -> NativeClaim | None:
    x, regions = operation.inputs
    if x.size == 0:
        return None
    images, in_height, in_width, channels = x.shape
    taps = 2 * attrs.sample_num
    bins = attrs.pooled_height * attrs.pooled_width
    units = split(regions.shape[0], bins * (taps * taps * channels * 4 * BYTE / 3 + _ROW))
    step = NativeStep(
        "roi_align_f32",
        {
            "x": In(0),
            "regions": In(1),
            "y": Out(0),
            "images": images,
            "in_height": in_height,
            "in_width": in_width,
            "channels": channels,
            "height": attrs.pooled_height,
            "width": attrs.pooled_width,
            "samples": attrs.sample_num,
            "whole_pixels": attrs.roi_end_mode,
            "scale": attrs.spatial_scale,
            "count": regions.shape[0],
            "block": units.block,
        },
        units.count,
        scratch=12 * taps * (attrs.pooled_height + attrs.pooled_width),
    )
    return NativeClaim((step,))


def _nms_with_mask(operation: Operation, attrs: NMSWithMask) -> NativeClaim:
    count = operation.inputs[0].shape[0]
    places = 1 << max(count - 1, 0).bit_length()
    step = NativeStep(
        "nms_with_mask_f32",
        {
            "boxes": In(0),
            "ordered": Out(0),
            "numbers": Out(1),
            "kept": Out(2),
            "work": Temp(0, 8 * places + _BOX_BYTES * count),
            "places": places,
            "count": count,
            "threshold": attrs.iou_threshold,
        },
    )
    return NativeClaim((step,))


def _grid_sampler(operation: Operation, attrs: GridSampler2D) -> NativeClaim | None:
    x, grid = operation.inputs
    if x.size == 0 or grid.size == 0:
        return None
    _, in_height, in_width, channels = x.shape
    count = grid.size // 2
    units = split(count, 5 * channels * 4 * BYTE + _PLACE)
    step = NativeStep(
        "grid_sampler_f32",
        {
            "x": In(0),
            "grid": In(1),
            "y": Out(0),
            "zeros": Packed(np.zeros(channels, np.float32)),
            "in_height": in_height,
            "in_width": in_width,
            "channels": channels,
            "places": grid.shape[1] * grid.shape[2],
            "count": count,
            "nearest": attrs.interpolation_mode,
            "padding": attrs.padding_mode,
            "aligned": int(attrs.align_corners),
            "block": units.block,
        },
        units.count,
    )
    return NativeClaim((step,))
