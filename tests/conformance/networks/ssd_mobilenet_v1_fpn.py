"""SSD on MobileNetV1 with a feature pyramid (Liu et al., 2015; Howard et al., 2017; Lin et al., 2016): shared heads."""
from __future__ import annotations

import numpy as np
from mindspore import nn

from tests.conformance.networks.blocks.layers import pictures
from tests.conformance.networks.blocks.mobilenet import mobilenet_v1
from tests.conformance.networks.blocks.ssd_pyramid import ssd_pyramid


def network() -> nn.Cell:
    """The cell to export: for small pictures, narrow, two blocks a stage at most."""
    features = mobilenet_v1(width=0.25, most_blocks=2)
    return ssd_pyramid(features, features.channels, pixels=96, width=16, classes=5)


def inputs(rng: np.random.Generator, pixels: int = 96) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return pictures(rng, pixels)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the model zoo has them."""
    features = mobilenet_v1()
    return ssd_pyramid(features, features.channels, pixels=640, width=256), inputs(rng, 640)
