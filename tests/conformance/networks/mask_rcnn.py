"""Mask R-CNN (He et al., 2017) with a feature pyramid (Lin et al., 2016) on ResNet-50 (He et al., 2015)."""
from __future__ import annotations

import numpy as np
from mindspore import nn

from tests.conformance.networks.blocks.mask_rcnn import MaskRcnn
from tests.conformance.networks.blocks.rcnn import Size, examples
from tests.conformance.networks.blocks.resnet import Bottleneck, ResNet, stem

gain = 0.7  # values grow block by block else, until most scores are 0 or 1, and the order of equal ones decides
SMALL = Size(height=64, wide=96, width=8, most=16, boxes=12, hidden=24, classes=4)
FULL = Size(height=768, wide=1280, width=256, most=1000, boxes=1000, hidden=1024, classes=9)


def mask_rcnn(size: Size, blocks: tuple[int, ...], width: int) -> nn.Cell:
    """blocks: in each stage; width: of the first."""
    features = ResNet(stem(width), Bottleneck, blocks, width)
    return MaskRcnn(features, [width * share for share in (4, 8, 16, 32)], size)


def network() -> nn.Cell:
    """The cell to export: for small pictures, narrow, with few boxes, classes and blocks."""
    return mask_rcnn(SMALL, (1, 2, 1, 1), 8)


def inputs(rng: np.random.Generator, size: Size = SMALL) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return examples(rng, size)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs at the model zoo's size, for eight kinds of things."""
    return mask_rcnn(FULL, (3, 4, 6, 3), 64), inputs(rng, FULL)
