"""Faster R-CNN (Ren et al., 2015) with a feature pyramid (Lin et al., 2016) on ResNet-101 (He et al., 2015)."""
from __future__ import annotations

import numpy as np
from mindspore import nn

from tests.conformance.networks.blocks.rcnn import Size, examples
from tests.conformance.networks.blocks.rcnn_resnet import FULL, SMALL, faster_rcnn

gain = 0.65  # values grow block by block else, until most scores are 0 or 1, and the order of equal ones decides


def network() -> nn.Cell:
    """The cell to export: for small pictures, narrow, with few boxes, classes and blocks."""
    return faster_rcnn(SMALL, (1, 1, 3, 1), 8)


def inputs(rng: np.random.Generator, size: Size = SMALL) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return examples(rng, size)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs at half the model zoo's size, for eight kinds of things."""
    return faster_rcnn(FULL, (3, 4, 23, 3), 64), inputs(rng, FULL)
