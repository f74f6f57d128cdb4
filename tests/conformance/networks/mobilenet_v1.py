"""MobileNetV1 (Howard et al., 2017): a depthwise convolution and a 1x1 one, thirteen times, ReLU6."""
from __future__ import annotations

import numpy as np
from mindspore import nn

from tests.conformance.networks.blocks.layers import Classifier, pictures
from tests.conformance.networks.blocks.mobilenet import mobilenet_v1


def classifier(width: float, most_blocks: int) -> nn.Cell:
    """Classes from at most so many blocks a stage."""
    features = mobilenet_v1(width, most_blocks)
    return Classifier(features, features.channels[-1], flatten=False)


def network() -> nn.Cell:
    """The cell to export: fewer blocks, narrow ones."""
    return classifier(width=0.25, most_blocks=3)


def inputs(rng: np.random.Generator, pixels: int = 64) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return pictures(rng, pixels)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the paper has them."""
    return classifier(width=1.0, most_blocks=6), inputs(rng, 224)
