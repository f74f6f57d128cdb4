"""ResNet-101 (He et al., 2015): blocks of a 3x3 convolution between two 1x1."""
from __future__ import annotations

import numpy as np
from mindspore import nn

from tests.conformance.networks.blocks.layers import Classifier, pictures
from tests.conformance.networks.blocks.resnet import Bottleneck, ResNet, stem


def resnet(blocks: tuple[int, ...], width: int) -> nn.Cell:
    """Classes from blocks in stages, the first of `width` channels."""
    features = ResNet(stem(width), Bottleneck, blocks, width)
    return Classifier(features, features.outputs)


def network() -> nn.Cell:
    """The cell to export: fewer blocks, narrow ones."""
    return resnet((1, 2, 3, 1), width=16)


def inputs(rng: np.random.Generator, pixels: int = 64) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return pictures(rng, pixels)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the paper has them."""
    return resnet((3, 4, 23, 3), width=64), inputs(rng, 224)
