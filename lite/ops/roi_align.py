"""Features of regions, all pooled to one size: means of samples interpolated between pixels (He et al., 2017).

x [N, H, W, C], regions [R, 5] of (index of the picture, x0, y0, x1, y1) -> [R, pooled_height, pooled_width, C].
Of each bin of a region, sample_num rows of sample_num points are taken, evenly spaced; points more than a pixel outside
of the picture count as zeros. A region whose x0 and x1 are both 0 fills a batch up and has zeros; MindSpore leaves what
was in memory.
"""
from __future__ import annotations

import numpy as np

from lite.ops.checks import FLOATS, check_dtype, check_range, check_rank, check_same_dtype, check_shape
from lite.ops.registry import Attributes, op
from lite.records import dataclass
from lite.types import Array, TensorSpec

FILLING = 0.001  # x0 and x1 of less
MOST_SAMPLES = 16  # along each side of a bin


@dataclass(frozen=True, slots=True)
class ROIAlign(Attributes):
    """spatial_scale: pixels of x for one of a region's units. roi_end_mode: 1 where x1, y1 are the last pixel, 0 where
    they are the end; a region is then one pixel wide and high at least.
    """

    pooled_height: int = 1
    pooled_width: int = 1
    spatial_scale: float = 1.0
    sample_num: int = 2
    roi_end_mode: int = 1

    def __post_init__(self) -> None:
        check_range(self, "pooled_height", 1)
        check_range(self, "pooled_width", 1)
        check_range(self, "sample_num", 1, MOST_SAMPLES)
        check_range(self, "roi_end_mode", 0, 1)


@op(ROIAlign)
def infer(attrs: ROIAlign, x: TensorSpec, regions: TensorSpec) -> TensorSpec:
    """x and regions of one floating-point dtype."""
    check_dtype(attrs.op, x, FLOATS)
    check_same_dtype(attrs.op, x, regions)
    check_rank(attrs.op, x, 4)
    check_rank(attrs.op, regions, 2)
    check_shape(attrs.op, "regions", regions, (-1, 5))
    return x.like((regions.shape[0], attrs.pooled_height, attrs.pooled_width, x.shape[3]))


@infer.reference
def reference(attrs: ROIAlign, x: Array, regions: Array) -> Array:
    count, height, width, channels = x.shape
    rows, columns, samples = attrs.pooled_height, attrs.pooled_width, attrs.sample_num
    y = np.zeros((len(regions), rows, columns, channels), x.dtype)
    if not x.size:
        return y
    scale = x.dtype.type(attrs.spatial_scale)
    pictures = np.clip(np.rint(regions[:, 0]), 0, count - 1).astype(np.int64)
    starts = regions[:, 1:3] * scale
    sizes = (regions[:, 3:5] + x.dtype.type(attrs.roi_end_mode)) * scale - starts
    if attrs.roi_end_mode == 0:
        sizes = np.maximum(sizes, x.dtype.type(1))
    filling = np.all(np.abs(regions[:, [1, 3]]) < FILLING, axis=1)
    for index, picture in enumerate(pictures):
        if filling[index]:
            continue
        (left, top), (wide, high) = starts[index], sizes[index]
        first, second, weight, inside = _points(top, high, rows, samples, height)
        part = _mixed(x[picture, first], x[picture, second], weight[:, np.newaxis], inside[:, np.newaxis])
        first, second, weight, inside = _points(left, wide, columns, samples, width)
        part = _mixed(part[:, first], part[:, second], weight, inside)
        y[index] = part.reshape(rows, samples, columns, samples, channels).mean(axis=(1, 3))
    return y


def _mixed(first: Array, second: Array, weight: Array, inside: Array) -> Array:
    """Pixels [..., C] in pairs, mixed by weights [...]."""
    y: Array = first * (inside - weight)[..., np.newaxis] + second * weight[..., np.newaxis]
    return y


def _points(start: Array, size: Array, bins: int, samples: int, extent: int) -> tuple[Array, Array, Array, Array]:
    """Along one side: the pixels before and after each sample, the weight of the second, of both together (1, or 0
    outside).
    """
    half = start.dtype.type(0.5)
    step = size / start.dtype.type(bins)
    offsets = (np.arange(samples, dtype=start.dtype) + half) * step / start.dtype.type(samples)
    at = (start + np.arange(bins, dtype=start.dtype)[:, np.newaxis] * step + offsets).reshape(-1)
    inside = ((at >= -1) & (at <= extent)).astype(at.dtype)
    at = np.clip(np.nan_to_num(at), 0, extent - 1)
    first = np.floor(at).astype(np.int64)
    weight = (at - first) * inside
    second = np.minimum(first + 1, extent - 1)
    return first, second, weight, inside
