"""Images read at given places, by interpolation between pixels: x [N, H, W, C], grid [N, H', W', 2] -> [N, H', W', C].

A place (gx, gy) is -1 at the left or upper end of the image and 1 at the other: of its outermost pixels' centres where
align_corners, else of their far edges.

    interpolation_mode  0 bilinear: the four pixels around; 1 nearest: the pixel there, halves to the even one
    padding_mode        0 zeros outside; 1 border: the pixel at the end; 2 reflection: the mirror image, again and again

What is no number is outside.
"""
from __future__ import annotations

import numpy as np

from lite.ops.checks import FLOATS, check_dtype, check_range, check_rank, check_same_dtype, check_shape
from lite.ops.numerics import in_float32
from lite.ops.registry import Attributes, op
from lite.records import dataclass
from lite.types import Array, TensorSpec

BORDER, REFLECTION = 1, 2


@dataclass(frozen=True, slots=True)
class GridSampler2D(Attributes):
    """The modes are numbers, see above."""

    interpolation_mode: int = 0
    padding_mode: int = 0
    align_corners: bool = False

    def __post_init__(self) -> None:
        check_range(self, "interpolation_mode", 0, 1)
        check_range(self, "padding_mode", 0, 2)
        check_range(self, "align_corners", 0, 1)


@op(GridSampler2D)
def infer(attrs: GridSampler2D, x: TensorSpec, grid: TensorSpec) -> TensorSpec:
    """x and grid of one floating-point dtype."""
    check_dtype(attrs.op, x, FLOATS)
    check_same_dtype(attrs.op, x, grid)
    check_rank(attrs.op, x, 4)
    check_shape(attrs.op, f"a grid for {x}", grid, (x.shape[0], -1, -1, 2))
    return x.like((*grid.shape[:3], x.shape[3]))


@infer.reference
@in_float32
def reference(attrs: GridSampler2D, x: Array, grid: Array) -> Array:
    count, height, width, _ = x.shape
    columns, rows = (_places(attrs, grid[..., i], size) for i, size in enumerate((width, height)))
    pictures = np.arange(count)[:, None, None]

    def pixels(row: Array, column: Array) -> Array:
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        if not inside.any():
            return np.zeros((*row.shape, x.shape[3]), x.dtype)
        at = tuple(np.where(inside, place, 0).astype(np.int64) for place in (row, column))
        return np.asarray(np.where(inside[..., None], x[(pictures, *at)], x.dtype.type(0)))

    if attrs.interpolation_mode == 1:
        return pixels(np.rint(rows), np.rint(columns))
    top, left = np.floor(rows), np.floor(columns)
    down, right = (rows - top)[..., None], (columns - left)[..., None]
    upper = pixels(top, left) * (1 - right) + pixels(top, left + 1) * right
    lower = pixels(top + 1, left) * (1 - right) + pixels(top + 1, left + 1) * right
    return np.asarray(upper * (1 - down) + lower * down, x.dtype)


def _places(attrs: GridSampler2D, g: Array, size: int) -> Array:
    """Coordinates in pixels along one side."""
    half = g.dtype.type(0.5)
    place = (g + 1) * half * (size - 1) if attrs.align_corners else ((g + 1) * size - 1) * half
    if attrs.padding_mode == REFLECTION:
        low, span = (0.0, size - 1) if attrs.align_corners else (-0.5, size)
        distance = np.abs(place - low)
        turns = np.floor(distance / span) if span else np.zeros_like(distance)
        rest = distance - turns * span
        place = np.where(turns % 2 == 0, rest + low, span - rest + low) if span else np.zeros_like(place)
    place = np.nan_to_num(place, nan=-1.0)
    if attrs.padding_mode in (BORDER, REFLECTION):
        place = np.clip(place, 0, size - 1)
    return np.asarray(place, g.dtype)
