"""SSD on ResNet-50 (Liu et al., 2015; He et al., 2015): three of its stages and two more levels, separable heads."""
from __future__ import annotations

import numpy as np
from mindspore import nn

from tests.conformance.networks.blocks.layers import conv_bn, pictures
from tests.conformance.networks.blocks.resnet import Bottleneck, ResNet, stem
from tests.conformance.networks.blocks.ssd import Detector, Extended, Last, MultiBox, default_boxes, halved

ANCHORS = (3, 6, 6, 6, 6)

gain = 0.7  # values grow block by block else and end in a RELU6, which leaves little but their rounding


def extra(inputs: int, hidden: int, outputs: int) -> nn.Cell:
    """Half the size."""
    return nn.SequentialCell(
        conv_bn(inputs, hidden, 1, activation=nn.ReLU6()), conv_bn(hidden, outputs, 3, 2, nn.ReLU6(), mode="same")
    )


def detector(pixels: int, width: int, blocks: tuple[int, ...], classes: int) -> nn.Cell:
    """width: of the first stage."""
    stages = Last(3, ResNet(stem(width), Bottleneck, blocks, width))
    extras = [extra(32 * width, 4 * width, 8 * width), extra(8 * width, 4 * width, 4 * width)]
    channels = [width * share for share in (8, 16, 32, 8, 4)]
    sizes = halved(-(-pixels // 8), len(ANCHORS))
    heads = MultiBox(channels, ANCHORS, classes)
    return Detector(Extended(stages, extras), heads, default_boxes(sizes, ANCHORS))


def network() -> nn.Cell:
    """The cell to export: for small pictures, narrow, fewer blocks."""
    return detector(96, 8, (1, 2, 1, 1), 5)


def inputs(rng: np.random.Generator, pixels: int = 96) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return pictures(rng, pixels)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the model zoo has them."""
    return detector(640, 64, (3, 4, 6, 3), 81), inputs(rng, 640)
