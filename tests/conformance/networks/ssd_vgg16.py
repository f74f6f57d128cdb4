"""SSD as the paper has it (Liu et al., 2015), on VGG-16: a dilated convolution in place of its first large layer."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn

from tests.conformance.networks.blocks.layers import pictures
from tests.conformance.networks.blocks.ssd import Detector, Extended, MultiBox, default_boxes, halved

STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # channels, convolutions
EXTRAS = ((256, 512), (128, 256), (128, 256), (128, 256))  # channels between, channels
ANCHORS = (3, 6, 6, 6, 6, 6)


class Features(nn.Cell):
    """1/8 and 1/16. share: of the paper's channels."""

    def __init__(self, share: float) -> None:
        super().__init__()
        layers: list[nn.Cell] = []
        channels = 3
        for index, (outputs, depth) in enumerate(STAGES):
            outputs = int(outputs * share)
            for _ in range(depth):
                layers += [nn.Conv2d(channels, outputs, 3, pad_mode="same"), nn.ReLU()]
                channels = outputs
            if index == 3:
                self.front, layers = nn.SequentialCell(layers), []
            layers.append(nn.MaxPool2d(2, 2, "same") if index < 4 else nn.MaxPool2d(3, 1, "same"))
        wide = int(1024 * share)
        dilated = nn.Conv2d(channels, wide, 3, pad_mode="pad", padding=6, dilation=6)
        layers += [dilated, nn.Dropout(p=0.5), nn.Conv2d(wide, wide, 1), nn.Dropout(p=0.5)]
        self.back = nn.SequentialCell(layers)
        self.channels = (channels, wide)

    def construct(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.front(x)
        return x, self.back(x)


def extra(inputs: int, hidden: int, outputs: int) -> nn.Cell:
    """Half the size."""
    return nn.SequentialCell(nn.Conv2d(inputs, hidden, 1), nn.Conv2d(hidden, outputs, 3, 2, "same"))


def detector(pixels: int, share: float = 1.0, classes: int = 81) -> nn.Cell:
    """share: of the paper's channels."""
    features = Features(share)
    channels = list(features.channels)
    extras = []
    for hidden, outputs in EXTRAS:
        extras.append(extra(channels[-1], int(hidden * share), int(outputs * share)))
        channels.append(int(outputs * share))
    sizes = halved(-(-pixels // 8), len(ANCHORS))
    heads = MultiBox(channels, ANCHORS, classes)
    return Detector(Extended(features, extras), heads, default_boxes(sizes, ANCHORS))


def network() -> nn.Cell:
    """The cell to export: for small pictures, narrow."""
    return detector(64, 0.125, 5)


def inputs(rng: np.random.Generator, pixels: int = 64) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return pictures(rng, pixels)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the paper has them."""
    return detector(300), inputs(rng, 300)
