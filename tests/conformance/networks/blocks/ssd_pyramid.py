"""SSD with a feature pyramid: five levels of equal width share their heads."""
from __future__ import annotations

from collections.abc import Sequence

from mindspore import nn

from tests.conformance.networks.blocks.ssd import Detector, Pyramid, SharedMultiBox, default_boxes, halved

LEVELS, ANCHORS = 5, 6


def ssd_pyramid(features: nn.Cell, channels: Sequence[int], pixels: int, width: int, classes: int = 81) -> nn.Cell:
    """The detector for square pictures. features: gives those at 1/8, 1/16 and 1/32; width: of the pyramid."""
    heads = SharedMultiBox(width, ANCHORS, classes, LEVELS)
    sizes = halved(-(-pixels // 8), LEVELS)
    return Detector(Pyramid(features, channels, width), heads, default_boxes(sizes, (ANCHORS,) * LEVELS))
