"""ResNetV2-101 (He et al., 2016): batch norm and ReLU before each convolution, for pictures of 32x32."""
from __future__ import annotations

import numpy as np
from mindspore import nn

from tests.conformance.networks.blocks.layers import pictures
from tests.conformance.networks.blocks.resnet_v2 import resnet_v2


def network() -> nn.Cell:
    """The cell to export: fewer blocks, narrow ones."""
    return resnet_v2((1, 1, 3, 1), width=16)


def inputs(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return pictures(rng, 32)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the paper has them."""
    return resnet_v2((3, 4, 23, 3)), inputs(rng)
