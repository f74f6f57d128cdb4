"""Changes of an image's size, and reading it at places. MindIR has images as NCHW, the schema as NHWC."""
from __future__ import annotations

from typing import Any

from converter.ir.graph import Value
from converter.mindir.lowering import Dims, Ints, Lower, Lowering, Unsupported
from converter.mindir.operands import Operand
from converter.mindir.primitives.convolution import pair
from converter.mindir.primitives.pooling import over_nhwc
from lite.ops.resize import CoordinateTransformMode, NearestMode, ResizeMethod


def grid_sampler(
    op: Lowering,
    x: Value,
    grid: Value,
    interpolation_mode: int | str = 0,
    padding_mode: int | str = 0,
    align_corners: bool = False,
) -> Operand:
    """x [N, C, H, W] read at places [N, H', W', 2]."""
    if interpolation_mode not in _INTERPOLATIONS or padding_mode not in _MARGINS:
        raise Unsupported(f"samples by {interpolation_mode} and pads by {padding_mode}: only bilinear and nearest")
    fields = {
        "interpolation_mode": _INTERPOLATIONS[interpolation_mode],
        "padding_mode": _MARGINS[padding_mode],
        "align_corners": align_corners,
    }
    return over_nhwc(op, x, lambda y: op.emit("GridSampler2D", y, grid, label="sample", **fields))


_INTERPOLATIONS: dict[int | str, int] = {0: 0, "bilinear": 0, 1: 1, "nearest": 1}
_MARGINS: dict[int | str, int] = {0: 0, "zeros": 0, 1: 1, "border": 1, 2: 2, "reflection": 2}


def resize(method: ResizeMethod) -> Lower:
    """x [N, C, H, W] to size (H, W) by this method."""

    def lower(
        op: Lowering, x: Value, size: Dims, align_corners: bool = False, half_pixel_centers: bool = False
    ) -> Operand:
        mode = CoordinateTransformMode.ASYMMETRIC
        if align_corners or half_pixel_centers:
            mode = CoordinateTransformMode.ALIGN_CORNERS if align_corners else CoordinateTransformMode.HALF_PIXEL
        # Nearest takes the pixel that a point falls into, or the closest one to where corners were aligned. The
        # schema's half-pixel points lie half a pixel lower, so rounding them half up is MindSpore's floor.
        rounding = NearestMode.FLOOR if mode is CoordinateTransformMode.ASYMMETRIC else NearestMode.ROUND_HALF_UP
        fields: dict[str, Any] = {"nearest_mode": rounding} if method is ResizeMethod.NEAREST else {}
        if method is ResizeMethod.CUBIC:
            half = mode is CoordinateTransformMode.HALF_PIXEL
            fields |= {"cubic_coeff": -0.5 if half else -0.75, "exclude_outside": int(half)}

        known = tuple(n for n in size if not isinstance(n, Value))
        given = None
        if len(known) == len(size):
            fields["new_height"], fields["new_width"] = pair(op, known, "size")
        else:
            given = op.dims(size, "size")
        fields |= {"method": method, "coordinate_transform_mode": mode}
        return over_nhwc(op, x, lambda y: op.emit("Resize", y, given, label="resize", **fields))

    return lower


def resize_linear_1d(op: Lowering, x: Value, size: Ints, coordinate_transformation_mode: int | str = 1) -> Operand:
    """x [N, C, W] to that width: as an image of one row."""
    if coordinate_transformation_mode not in _COORDINATES or len(size) != 1:
        raise Unsupported(f"interpolates to {size} by {coordinate_transformation_mode}: only lines are supported")
    aligned = _COORDINATES[coordinate_transformation_mode]
    image = op.emit("Unsqueeze", x, label="image", axis=(2,))
    y = resize(ResizeMethod.LINEAR)(op, image, (1, *size), align_corners=aligned, half_pixel_centers=not aligned)
    assert isinstance(y, Value), "an image is one tensor"
    return op.emit("Squeeze", y, axis=(2,))


_COORDINATES = {1: True, "align_corners": True, 2: False, "half_pixel": False}


def resize_nearest(
    op: Lowering, x: Value, size: Dims, align_corners: bool = False, half_pixel_centers: bool = False
) -> Operand:
    """The first version of nearest resizing."""
    if half_pixel_centers:
        raise Unsupported("asks for half_pixel_centers, which MindSpore ignores there: use ops.interpolate")
    return resize(ResizeMethod.NEAREST)(op, x, size, align_corners)
