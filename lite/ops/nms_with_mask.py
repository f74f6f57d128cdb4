"""Mark the boxes that overlap little: all boxes by falling score, their numbers in that order, and which are kept.

A box is (x0, y0, x1, y1, score). One is kept unless its overlap (intersection over union) with a kept one of higher
score is above iou_threshold. The sizes of the results do not depend on the numbers: boxes [N, 5] -> boxes [N, 5],
int32 [N], bool [N].

Boxes of equal scores are in the order of MindSpore's CPU kernel, a bitonic sorting network.
"""
from __future__ import annotations

import numpy as np

from lite.ops.checks import FLOATS, check_dtype, check_rank, check_shape
from lite.ops.registry import Attributes, op
from lite.records import dataclass
from lite.types import Array, DType, TensorSpec


@dataclass(frozen=True, slots=True)
class NMSWithMask(Attributes):
    """iou_threshold: the greatest overlap with a kept box."""

    iou_threshold: float = 0.5


@op(NMSWithMask)
def infer(attrs: NMSWithMask, boxes: TensorSpec) -> tuple[TensorSpec, TensorSpec, TensorSpec]:
    """boxes: floating-point [N, 5]."""
    check_dtype(attrs.op, boxes, FLOATS)
    check_rank(attrs.op, boxes, 2)
    check_shape(attrs.op, "boxes with scores", boxes, (-1, 5))
    count = boxes.shape[:1]
    return boxes.like((*count, 5)), boxes.like(count, DType.INT32), boxes.like(count, DType.BOOL)


@infer.reference
def reference(attrs: NMSWithMask, boxes: Array) -> tuple[Array, Array, Array]:
    order = _falling(boxes[:, 4])
    ordered = boxes[order]
    kept = np.ones(len(order), bool)
    for index in range(len(order)):
        if kept[index]:
            kept[index + 1 :] &= ~(_iou(ordered[index], ordered[index + 1 :]) > attrs.iou_threshold)
    return ordered, np.arange(len(order), dtype=np.int32), kept


def _falling(scores: Array) -> Array:
    """Indices by falling score: sorted by rising score in a bitonic network of 2**k places, then reversed."""
    count = len(scores)
    places = 1 << max(count - 1, 0).bit_length()
    keys = np.full(places, np.finfo(scores.dtype).max)
    keys[:count] = scores
    order = np.arange(places)
    here = np.arange(places)
    block = 2
    while block <= places:
        distance = block // 2
        while distance:
            low = here[(here & distance) == 0]
            high = low + distance
            rising = (low & block) == 0
            swapped = np.where(rising, keys[low] > keys[high], keys[low] < keys[high])
            low, high = low[swapped], high[swapped]
            keys[low], keys[high] = keys[high], keys[low]
            order[low], order[high] = order[high], order[low]
            distance //= 2
        block *= 2
    return order[order < count][::-1]  # the places that fill up are not all last where a score is NaN or infinite


def _iou(box: Array, others: Array) -> Array:
    sides = np.minimum(box[2:4], others[:, 2:4]) - np.maximum(box[:2], others[:, :2])
    common = np.prod(np.maximum(sides, 0), axis=-1)
    areas = np.prod(box[2:4] - box[:2]) + np.prod(others[:, 2:4] - others[:, :2], axis=-1)
    overlap: Array = common / (areas - common)
    return overlap
