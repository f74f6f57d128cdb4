"""Detectors: boxes from what a network says of anchors, which of them to keep, and the features inside of them."""
from __future__ import annotations

import math

import numpy as np

from converter.ir.graph import Value
from converter.mindir.lowering import Floats, Ints, Lowering, Unsupported
from converter.mindir.operands import Operand
from lite.types import DType


def nms_with_mask(op: Lowering, bboxes: Value, *, iou_threshold: float = 0.5) -> Operand:
    """All boxes by falling score, their numbers in that order, and which are kept."""
    return op.emit_all("NMSWithMask", bboxes, iou_threshold=iou_threshold)


def roi_align(
    op: Lowering,
    features: Value,
    rois: Value,
    *,
    pooled_height: int,
    pooled_width: int,
    spatial_scale: float,
    sample_num: int = 2,
    roi_end_mode: int = 1,
) -> Operand:
    """features [N, C, H, W], rois [R, 5] -> [R, C, pooled_height, pooled_width]"""
    if sample_num < 1:
        raise Unsupported("takes as many samples as a region is large: give sample_num")
    y = op.emit(
        "ROIAlign",
        op.to_last(features),
        rois,
        pooled_height=pooled_height,
        pooled_width=pooled_width,
        spatial_scale=spatial_scale,
        sample_num=sample_num,
        roi_end_mode=roi_end_mode,
    )
    return op.to_first(y)


def crop_and_resize(
    op: Lowering,
    x: Value,
    boxes: Value,
    box_index: Value,
    crop_size: Ints,
    *,
    method: int | str = "bilinear",
    extrapolation_value: float = 0.0,
) -> Operand:
    """Boxes (y1, x1, y2, x2), in shares of an image of x [N, H, W, C], as float32 images [boxes, *crop_size, C]."""
    if method not in ("bilinear", 1) or len(crop_size) != 2:
        raise Unsupported(f"resizes to {crop_size} by {method}: only 'bilinear' is supported")
    if not boxes.spec.is_static or x.spec.rank != 4 or min(x.spec.shape[1:3]) < 2:
        raise Unsupported(f"cuts {boxes.spec.like()} out of {x.spec.like()}: fix their shapes; at least 2 x 2 pixels")
    shape = (boxes.spec.shape[0], *crop_size)
    y1, x1, y2, x2 = op.emit_all("Split", boxes, axis=1, output_num=4, label="sides")
    places = [_between(op, *ends, axis, shape) for axis, ends in ((2, (x1, x2)), (1, (y1, y2)))]
    spread = [op.emit("SubFusion", *op.operands(op.emit("AddFusion", v, v), 1.0), label="from -1 to 1") for v in places]
    grid = op.emit("Stack", *spread, axis=-1, label="grid")
    images = op.emit("Gather", op.cast(x, DType.FLOAT32), box_index, op.constant(np.array(0, np.int32), "images"))
    sampled = op.emit("GridSampler2D", images, grid, label="sampled", align_corners=True)
    nearest = [op.emit("Clip", v, min=0.0, max=1.0, label="nearest") for v in places]
    inside = [op.emit("Equal", *pair, label="inside") for pair in zip(places, nearest, strict=True)]
    last = op.constant(np.array(-1, np.int32), "last")
    kept = op.emit("ExpandDims", op.emit("LogicalAnd", *inside, label="in both"), last, label="kept")
    return op.emit("Select", kept, *op.operands(sampled, extrapolation_value))


def _between(op: Lowering, first: Value, last: Value, axis: int, shape: Ints) -> Value:
    """Evenly spaced numbers from `first` to `last`, each [boxes, 1], along an axis of a shape; of one, their middle."""
    share = np.linspace(0, 1, shape[axis], dtype=np.float32) if shape[axis] > 1 else np.full(1, 0.5, np.float32)
    far = op.emit("MulFusion", last, op.constant(share, f"{axis}/far"), label=f"{axis}/from_last")
    near = op.emit("MulFusion", first, op.constant(1 - share, f"{axis}/near"), label=f"{axis}/from_first")
    line = op.emit("AddFusion", near, far, label=f"{axis}/line")
    lines = op.emit("ExpandDims", line, op.constant(np.array(3 - axis, np.int32), "axis"), label=f"{axis}/lines")
    return op.emit("BroadcastTo", lines, op.ints(shape, "shape"), shape=shape, label=f"{axis}/places")


def bounding_box_decode(
    op: Lowering,
    anchor_box: Value,
    deltas: Value,
    *,
    max_shape: Ints,
    means: Floats = (0.0, 0.0, 0.0, 0.0),
    stds: Floats = (1.0, 1.0, 1.0, 1.0),
    wh_ratio_clip: float = 0.016,
) -> Operand:
    """Anchors (x0, y0, x1, y1), whose last pixels are x1, y1, moved and scaled: [N, 4], [N, 4] -> [N, 4].

        center' = center + size * d[0:2],  size' = size * exp(d[2:4])  with d = deltas * stds + means, clipped
    """

    def constant(values: Floats, label: str) -> Value:
        return op.constant(np.array(values, anchor_box.spec.dtype.dtype), label)

    def add(x: Value, y: Value, label: str) -> Value:
        return op.emit("AddFusion", x, y, label=label)

    def mul(x: Value, y: Value, label: str) -> Value:
        return op.emit("MulFusion", x, y, label=label)

    first, last = op.emit_all("Split", anchor_box, axis=1, output_num=2, label="anchors")
    scaled = add(mul(deltas, constant(stds, "stds"), "scaled"), constant(means, "means"), "deltas")
    shift, growth = op.emit_all("Split", scaled, axis=1, output_num=2, label="parts")
    ratio = abs(math.log(wh_ratio_clip))
    growth = op.emit("Maximum", growth, constant((-ratio,), "least"), label="at least")
    growth = op.emit("Minimum", growth, constant((ratio,), "most"), label="growth")

    half = constant((0.5,), "half")
    center = mul(add(first, last, "sum"), half, "center")
    size = add(op.emit("SubFusion", last, first, label="difference"), constant((1.0,), "one"), "size")
    center = add(center, mul(size, shift, "shift"), "moved")
    reach = mul(mul(size, op.emit("ExpFusion", growth, label="exp"), "grown"), half, "reach")
    lows = add(op.emit("SubFusion", center, reach, label="low"), half, "first")
    highs = op.emit("SubFusion", add(center, reach, "high"), half, label="last")
    height, width = max_shape
    boxes = op.emit("Concat", lows, highs, axis=1, label="boxes")
    limits = constant((width, height) * 2, "limits")
    raised = op.emit("Maximum", boxes, constant((0.0,), "zero"), label="raised")
    return op.emit("Minimum", raised, limits)
