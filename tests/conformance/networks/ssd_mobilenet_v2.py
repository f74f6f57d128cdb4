"""SSD on MobileNetV2 (Liu et al., 2015; Sandler et al., 2018) for pictures of 320x320: six levels, separable heads."""
from __future__ import annotations

import numpy as np
from mindspore import nn

from tests.conformance.networks.blocks.layers import pictures
from tests.conformance.networks.blocks.ssd_mobilenet import ssd_mobilenet_v2


def network() -> nn.Cell:
    """The cell to export: for small pictures, narrow, two blocks a stage at most."""
    return ssd_mobilenet_v2(pixels=96, width=0.25, most_blocks=2, classes=5)


def inputs(rng: np.random.Generator, pixels: int = 96) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return pictures(rng, pixels)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the model zoo has them."""
    return ssd_mobilenet_v2(pixels=320), inputs(rng, 320)
