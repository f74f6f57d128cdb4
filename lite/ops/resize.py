"""Change the height and width of images, NHWC, by interpolation.

Output pixel i reads the input at coordinate c(i), with scale = size / new size, all in fp32 as exporters compute it:

    ASYMMETRIC     c = i * scale
    ALIGN_CORNERS  c = i * (size - 1) / (new size - 1), 0 where the new size is 1
    HALF_PIXEL     c = (i + 0.5) * scale - 0.5

    NEAREST  the pixel at c rounded, clamped to the image. NORMAL rounds c down for ASYMMETRIC and to the nearest,
             halves up, for the others; ROUND_HALF_DOWN, ROUND_HALF_UP, FLOOR and CEIL are what they say
    LINEAR   c is clamped to the image; the two pixels around it weigh 1 - t and t, t its fraction
    CUBIC    the four pixels around c (clamped to the image) weigh w(1 + t), w(t), w(1 - t), w(2 - t), with
             w(d) = (a + 2) d^3 - (a + 3) d^2 + 1 up to 1, a d^3 - 5 a d^2 + 8 a d - 4 a up to 2, a = cubic_coeff;
             exclude_outside: pixels outside the image weigh nothing, and the others are scaled to sum to 1
"""
from __future__ import annotations

from enum import IntEnum

import numpy as np

from lite.errors import ShapeError
from lite.ops.checks import FLOATS, check_dtype, check_range, check_rank
from lite.ops.numerics import in_float32
from lite.ops.registry import Attributes, op
from lite.ops.shapes import integers, known_integers
from lite.records import dataclass
from lite.types import Array, TensorSpec


class ResizeMethod(IntEnum):
    """Interpolation of Resize."""

    UNKNOWN = -1
    LINEAR = 0
    NEAREST = 1
    CUBIC = 2


class CoordinateTransformMode(IntEnum):
    """How Resize maps an output index to an input coordinate."""

    ASYMMETRIC = 0
    ALIGN_CORNERS = 1
    HALF_PIXEL = 2


class NearestMode(IntEnum):
    """How Resize rounds a coordinate to a pixel when the method is NEAREST."""

    NORMAL = 0
    ROUND_HALF_DOWN = 1
    ROUND_HALF_UP = 2
    FLOOR = 3
    CEIL = 4


@dataclass(frozen=True, slots=True)
class Resize(Attributes):
    """new_height, new_width: where the size is not the second input. The other fields: see above."""

    ignored = ("format", "extrapolation_value")

    method: ResizeMethod = ResizeMethod.LINEAR
    new_height: int = 0
    new_width: int = 0
    preserve_aspect_ratio: bool = False
    coordinate_transform_mode: CoordinateTransformMode = CoordinateTransformMode.ASYMMETRIC
    cubic_coeff: float = 0.0
    exclude_outside: int = 0
    nearest_mode: NearestMode = NearestMode.NORMAL

    def __post_init__(self) -> None:
        check_range(self, "new_height", 0)
        check_range(self, "new_width", 0)
        check_range(self, "exclude_outside", 0, 1)
        if self.method == ResizeMethod.UNKNOWN:
            raise ValueError(f"{self.op}.method is UNKNOWN: expected LINEAR, NEAREST or CUBIC")
        if self.preserve_aspect_ratio:
            raise ValueError(f"{self.op}.preserve_aspect_ratio is True: only False has a formula here")


@op(Resize)
def infer(attrs: Resize, x: TensorSpec, size: TensorSpec | None = None) -> TensorSpec:
    """x [N, H, W, C] of a floating-point type, size [2] (height, width) or [4] (a shape) -> [N, height, width, C]."""
    check_dtype(attrs.op, x, FLOATS)
    check_rank(attrs.op, x, 4)
    values = None if size is None else known_integers(attrs.op, size)
    if size is not None and values is None:
        return x.like((x.shape[0], -1, -1, x.shape[3]))
    height, width = _new_size(attrs, values)
    if min(height, width) < 1 or 0 in x.shape[1:3]:
        raise ShapeError(f"{attrs.op} cannot turn {x} into {height} x {width} pixels")
    return x.like((x.shape[0], height, width, x.shape[3]))


def _new_size(attrs: Resize, size: tuple[int, ...] | None) -> tuple[int, int]:
    if size is None:
        return attrs.new_height, attrs.new_width
    if len(size) not in (2, 4):
        raise ShapeError(f"{attrs.op} expects a size of 2 or 4 numbers, got {list(size)}")
    return (size[0], size[1]) if len(size) == 2 else (size[1], size[2])


@infer.reference
@in_float32
def reference(attrs: Resize, x: Array, size: Array | None = None) -> Array:
    height, width = _new_size(attrs, None if size is None else integers(size))
    y = x
    for axis, new in ((1, height), (2, width)):
        pixels, weights = taps(attrs, x.shape[axis], new)
        along = (1,) * axis + (new,) + (1,) * (3 - axis)
        picked = [np.take(y, pixels[:, k], axis=axis) * weights[:, k].reshape(along) for k in range(pixels.shape[1])]
        y = np.sum(picked, axis=0)
    return y.astype(x.dtype)


def taps(attrs: Resize, size: int, new: int) -> tuple[Array, Array]:
    """For one axis: pixels and weights, int64 and float64 [new, taps]; an output is the weighted sum of its pixels."""
    c = _coordinates(attrs.coordinate_transform_mode, size, new)
    if attrs.method == ResizeMethod.NEAREST:
        return np.clip(_round(attrs, c), 0, size - 1).astype(np.int64)[:, None], np.ones((new, 1))
    if attrs.method == ResizeMethod.LINEAR:
        c = np.clip(c, 0, size - 1)
        low = np.floor(c)
        t = (c - low).astype(np.float64)
        pixels = np.stack([low, np.minimum(low + 1, size - 1)], axis=1).astype(np.int64)
        return pixels, np.stack([1 - t, t], axis=1)
    low = np.floor(c)
    t = (c - low).astype(np.float64)
    pixels = low.astype(np.int64)[:, None] + np.arange(-1, 3)
    weights = _cubic(np.abs(np.stack([1 + t, t, 1 - t, 2 - t], axis=1)), attrs.cubic_coeff)
    if attrs.exclude_outside:
        weights = np.where((pixels >= 0) & (pixels < size), weights, 0)
        weights = weights / weights.sum(axis=1, keepdims=True)
    return np.clip(pixels, 0, size - 1), weights


def _coordinates(mode: CoordinateTransformMode, size: int, new: int) -> Array:
    i = np.arange(new, dtype=np.float32)
    if mode == CoordinateTransformMode.ALIGN_CORNERS:
        return i * (np.float32(size - 1) / np.float32(new - 1) if new > 1 else np.float32(0))
    scale = np.float32(size) / np.float32(new)
    if mode == CoordinateTransformMode.HALF_PIXEL:
        return (i + np.float32(0.5)) * scale - np.float32(0.5)
    return i * scale


def _round(attrs: Resize, c: Array) -> Array:
    mode = attrs.nearest_mode
    if mode == NearestMode.NORMAL:
        asymmetric = attrs.coordinate_transform_mode == CoordinateTransformMode.ASYMMETRIC
        mode = NearestMode.FLOOR if asymmetric else NearestMode.ROUND_HALF_UP
    if mode == NearestMode.FLOOR:
        return np.floor(c)
    if mode == NearestMode.CEIL:
        return np.ceil(c)
    half = np.float32(0.5)
    return np.floor(c + half) if mode == NearestMode.ROUND_HALF_UP else np.ceil(c - half)


def _cubic(d: Array, a: float) -> Array:
    near = ((a + 2) * d - (a + 3)) * d * d + 1
    far = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
    return np.where(d <= 1, near, far)
