"""ResNet-18 (He et al., 2015): blocks of two convolutions, zeros padded before the pooling."""
from __future__ import annotations

import numpy as np
from mindspore import nn

from tests.conformance.networks.blocks.layers import Classifier, padded_max_pool, pictures
from tests.conformance.networks.blocks.resnet import Basic, ResNet, stem


def resnet18(blocks: tuple[int, ...], width: int) -> nn.Cell:
    """Classes from blocks in stages, the first of `width` channels."""
    features = ResNet(stem(width, padded_max_pool()), Basic, blocks, width)
    return Classifier(features, features.outputs)


def network() -> nn.Cell:
    """The cell to export: fewer blocks, narrow ones."""
    return resnet18((2, 1, 1, 1), width=16)


def inputs(rng: np.random.Generator, pixels: int = 96) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return pictures(rng, pixels)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the paper has them."""
    return resnet18((2, 2, 2, 2), width=64), inputs(rng, 224)
