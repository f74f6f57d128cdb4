"""Mask R-CNN (He et al., 2017) with a feature pyramid (Lin et al., 2016) on MobileNetV1 (Howard et al., 2017)."""
from __future__ import annotations

import numpy as np
from mindspore import nn

from tests.conformance.networks.blocks.mask_rcnn import MaskRcnn
from tests.conformance.networks.blocks.mobilenet import mobilenet_v1
from tests.conformance.networks.blocks.rcnn import Size, examples

SMALL = Size(height=64, wide=96, width=8, most=16, boxes=12, hidden=24, classes=4)
FULL = Size(height=768, wide=1280, width=256, most=1000, boxes=1000, hidden=1024, classes=9)


def network() -> nn.Cell:
    """The cell to export: for small pictures, narrow, with few boxes, classes and blocks."""
    features = mobilenet_v1(width=0.25, most_blocks=2, first_tap=1)
    return MaskRcnn(features, features.channels, SMALL)


def inputs(rng: np.random.Generator, size: Size = SMALL) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return examples(rng, size)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs at the model zoo's size, for eight kinds of things."""
    features = mobilenet_v1(first_tap=1)
    return MaskRcnn(features, features.channels, FULL), inputs(rng, FULL)
