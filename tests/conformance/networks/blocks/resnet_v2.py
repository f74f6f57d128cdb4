"""Residual networks that normalize before they convolve (He et al., 2016), for pictures of 32x32."""
from __future__ import annotations

from collections.abc import Sequence

from mindspore import Tensor, nn

from tests.conformance.networks.blocks.layers import Classifier
from tests.conformance.networks.blocks.resnet import ResNet


class Bottleneck(nn.Cell):
    """Batch norm and ReLU before each of three convolutions; the shortcut starts behind the first of these."""

    def __init__(self, inputs: int, width: int, stride: int, _: int) -> None:
        super().__init__()
        self.outputs = 4 * width
        self.first = nn.SequentialCell(nn.BatchNorm2d(inputs), nn.ReLU())
        self.layers = nn.SequentialCell(
            nn.Conv2d(inputs, width, 1),
            nn.BatchNorm2d(width), nn.ReLU(), nn.Conv2d(width, width, 3, stride),
            nn.BatchNorm2d(width), nn.ReLU(), nn.Conv2d(width, self.outputs, 1),
        )
        self.projection = None
        if (inputs, stride) != (self.outputs, 1):
            self.projection = nn.Conv2d(inputs, self.outputs, 1, stride)

    def construct(self, x: Tensor) -> Tensor:
        y = self.first(x)
        if self.projection is None:
            return self.layers(y) + x
        return self.layers(y) + self.projection(y)


def resnet_v2(blocks: Sequence[int], width: int = 64, classes: int = 10) -> nn.Cell:
    """Classes from blocks in stages, the first of `width` channels."""
    features = ResNet(nn.Conv2d(3, width, 3), Bottleneck, blocks, width)
    return Classifier(features, features.outputs, classes)
