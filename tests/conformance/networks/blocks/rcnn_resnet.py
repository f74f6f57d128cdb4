"""Faster R-CNN with a feature pyramid on residual networks."""
from __future__ import annotations

from mindspore import nn

from tests.conformance.networks.blocks.rcnn import FasterRcnn, Size
from tests.conformance.networks.blocks.resnet import Bottleneck, ResNet, stem

SMALL = Size(height=64, wide=96, width=8, most=24, boxes=20, hidden=24, classes=4)
FULL = Size(height=384, wide=640, width=256, most=1000, boxes=1000, hidden=1024, classes=9)


def faster_rcnn(size: Size, blocks: tuple[int, ...], width: int) -> nn.Cell:
    """blocks: in each stage; width: of the first."""
    features = ResNet(stem(width), Bottleneck, blocks, width)
    return FasterRcnn(features, [width * share for share in (4, 8, 16, 32)], size)
