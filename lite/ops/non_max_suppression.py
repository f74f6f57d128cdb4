"""Keep the best boxes that overlap little.

For each image and class, boxes are taken by falling score, except those whose overlap (intersection over union) with
one already taken is above iou_threshold or whose score is not above score_threshold.

Inputs are boxes [N, B, 4], scores [N, classes, B] and, optional, the greatest number of boxes for a class (0 without),
iou_threshold (0) and score_threshold (none). The result is int32 [-1, 3]: image, class, box.
"""
from __future__ import annotations

import numpy as np

from lite.ops.checks import FLOATS, check_dtype, check_range, check_rank, check_same_dtype, check_shape
from lite.ops.registry import Attributes, op
from lite.ops.shapes import known_integer
from lite.records import dataclass
from lite.types import Array, DType, TensorSpec


@dataclass(frozen=True, slots=True)
class NonMaxSuppression(Attributes):
    """center_point_box: what a box is.

    0: (y1, x1, y2, x2), two corners in any order. 1: (center x, center y, width, height).
    """

    center_point_box: int = 0

    def __post_init__(self) -> None:
        check_range(self, "center_point_box", 0, 1)


@op(NonMaxSuppression)
def infer(
    attrs: NonMaxSuppression,
    boxes: TensorSpec,
    scores: TensorSpec,
    most: TensorSpec | None = None,
    iou_threshold: TensorSpec | None = None,
    score_threshold: TensorSpec | None = None,
) -> TensorSpec:
    """boxes, scores and thresholds of one floating-point dtype, most of int32 or int64 -> int32 [-1, 3]."""
    check_dtype(attrs.op, boxes, FLOATS)
    check_same_dtype(attrs.op, boxes, scores)
    check_rank(attrs.op, boxes, 3)
    check_shape(attrs.op, "boxes", boxes, (-1, -1, 4))
    check_shape(attrs.op, f"scores for {boxes}", scores, (boxes.shape[0], -1, boxes.shape[1]))
    if most is not None:
        known_integer(attrs.op, "number of boxes", most)
    for threshold in (iou_threshold, score_threshold):
        if threshold is not None:
            check_dtype(attrs.op, threshold, FLOATS)
            check_shape(attrs.op, "one threshold", threshold, (1,) * min(threshold.rank, 1))
    return TensorSpec(DType.INT32, (-1, 3))


@infer.reference
def reference(
    attrs: NonMaxSuppression,
    boxes: Array,
    scores: Array,
    most: Array | None = None,
    iou_threshold: Array | None = None,
    score_threshold: Array | None = None,
) -> Array:
    limit = 0 if most is None else most.item()
    overlap = 0.0 if iou_threshold is None else iou_threshold.item()
    lowest = -np.inf if score_threshold is None else score_threshold.item()
    corners = _corners(attrs, boxes.astype(np.float64))
    kept: list[tuple[int, int, int]] = []
    for image in range(scores.shape[0]):
        for label in range(scores.shape[1]):
            chosen = _choose(corners[image], scores[image, label], limit, overlap, lowest)
            kept += [(image, label, box) for box in chosen]
    return np.array(kept, np.int32).reshape(-1, 3)


def _choose(corners: Array, scores: Array, limit: int, overlap: float, lowest: float) -> list[int]:
    left = np.argsort(-scores, kind="stable")
    left = left[scores[left] > lowest]
    chosen: list[int] = []
    while left.size and len(chosen) < limit:
        chosen.append(int(left[0]))
        left = left[1:]
        left = left[_iou(corners[chosen[-1]], corners[left]) <= overlap]
    return chosen


def _corners(attrs: NonMaxSuppression, boxes: Array) -> Array:
    """Boxes as (low, low, high, high)."""
    first, second = boxes[..., :2], boxes[..., 2:]
    if attrs.center_point_box:
        return np.concatenate([first - second / 2, first + second / 2], axis=-1)
    return np.concatenate([np.minimum(first, second), np.maximum(first, second)], axis=-1)


def _iou(box: Array, others: Array) -> Array:
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    common = np.prod(np.maximum(sides, 0), axis=-1)
    union = np.prod(box[2:] - box[:2]) + np.prod(others[:, 2:] - others[:, :2], axis=-1) - common
    return np.where(union > 0, common / np.where(union > 0, union, 1), 0)
