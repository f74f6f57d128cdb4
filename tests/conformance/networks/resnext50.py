"""ResNeXt-50, 32x4d (Xie et al., 2016): its grouped convolutions as 32 small ones side by side."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn

from tests.conformance.networks.blocks.layers import (
    Classifier,
    SplitConv,
    conv_bn,
    conv_bn_relu,
    pictures,
)
from tests.conformance.networks.blocks.resnet import ResNet, shortcut, stem

GROUPS = 32


class Block(nn.Cell):
    def __init__(self, inputs: int, width: int, stride: int, _: int) -> None:
        super().__init__()
        self.outputs = 4 * width
        self.layers = nn.SequentialCell(
            conv_bn_relu(inputs, 2 * width, 1),
            SplitConv(2 * width, 2 * width, 3, stride, GROUPS), nn.BatchNorm2d(2 * width), nn.ReLU(),
            conv_bn(2 * width, self.outputs, 1),
        )
        self.shortcut = shortcut(inputs, self.outputs, stride)
        self.relu = nn.ReLU()

    def construct(self, x: Tensor) -> Tensor:
        return self.relu(self.layers(x) + self.shortcut(x))


def resnext50(blocks: tuple[int, ...], width: int) -> nn.Cell:
    """Classes from blocks in stages, the first of `width` channels."""
    features = ResNet(stem(width), Block, blocks, width)
    return Classifier(features, features.outputs, flatten=False)


def network() -> nn.Cell:
    """The cell to export: fewer blocks, narrow ones."""
    return resnext50((1, 1, 1, 1), width=16)


def inputs(rng: np.random.Generator, pixels: int = 64) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return pictures(rng, pixels)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the paper has them."""
    return resnext50((3, 4, 6, 3), width=64), inputs(rng, 224)
