"""CSPDarkNet-53 (Bochkovskiy et al., 2020): what YOLOv4 sees with, as a classifier."""
from __future__ import annotations

import numpy as np
from mindspore import nn

from tests.conformance.networks.blocks.csp_darknet import BLOCKS, CSPDarkNet
from tests.conformance.networks.blocks.layers import Classifier, pictures

gain = 0.7  # MindSpore's tanh is up to 1e-4 too large around 5, which would add up in 72 layers


def classifier(width: int, blocks: tuple[int, ...]) -> nn.Cell:
    """Classes from blocks in stages."""
    return Classifier(CSPDarkNet(width, blocks), 32 * width, flatten=False)


def network() -> nn.Cell:
    """The cell to export: fewer blocks, narrow ones."""
    return classifier(width=8, blocks=(1, 2, 1, 1, 1))


def inputs(rng: np.random.Generator, pixels: int = 64) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return pictures(rng, pixels)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the paper has them."""
    return classifier(width=32, blocks=BLOCKS), inputs(rng, 224)
