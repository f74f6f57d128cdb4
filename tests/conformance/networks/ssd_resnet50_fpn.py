"""SSD on ResNet-50 with a feature pyramid (Liu et al., 2015; He et al., 2015; Lin et al., 2016): shared heads."""
from __future__ import annotations

import numpy as np
from mindspore import nn

from tests.conformance.networks.blocks.layers import pictures
from tests.conformance.networks.blocks.resnet import Bottleneck, ResNet, stem
from tests.conformance.networks.blocks.ssd import Last
from tests.conformance.networks.blocks.ssd_pyramid import ssd_pyramid

gain = 0.7  # values grow block by block else and end in a RELU6, which leaves little but their rounding


def detector(pixels: int, width: int, blocks: tuple[int, ...], pyramid: int, classes: int) -> nn.Cell:
    """width: of the first stage; pyramid: of the feature pyramid."""
    features = Last(3, ResNet(stem(width), Bottleneck, blocks, width))
    return ssd_pyramid(features, [width * share for share in (8, 16, 32)], pixels, pyramid, classes)


def network() -> nn.Cell:
    """The cell to export: for small pictures, narrow, fewer blocks."""
    return detector(96, 8, (1, 2, 1, 1), 16, 5)


def inputs(rng: np.random.Generator, pixels: int = 96) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return pictures(rng, pixels)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the model zoo has them."""
    return detector(640, 64, (3, 4, 6, 3), 256, 81), inputs(rng, 640)
