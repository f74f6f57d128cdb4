"""Detectors: boxes from what a network says of anchors, which of them to keep, and the features inside of them."""
from __future__ import annotations

import math

import numpy as np

from converter.ir.graph import Value
from converter.mindir.lowering import Floats, Ints, Lowering, Unsupported
from converter.mindir.operands import Operand


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
