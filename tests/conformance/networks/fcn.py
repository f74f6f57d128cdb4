"""FCN-8s (Long et al., 2014): every pixel's class from three scales of a VGG-16, brought together by deconvolutions."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn

from tests.conformance.networks.blocks.layers import conv_bn_relu, pictures
from tests.conformance.networks.blocks.vgg import VGG

CLASSES = 21


def conv(inputs: int, outputs: int) -> nn.Cell:
    return conv_bn_relu(inputs, outputs, 3)


def larger(kernel: int, stride: int) -> nn.Cell:
    """Scores of more pixels."""
    return nn.Conv2dTranspose(CLASSES, CLASSES, kernel, stride)


class FCN8s(nn.Cell):
    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.features = VGG(conv, width)
        self.score3 = nn.Conv2d(4 * width, CLASSES, 1)
        self.score4 = nn.Conv2d(8 * width, CLASSES, 1)
        self.score5 = nn.SequentialCell(
            conv_bn_relu(8 * width, hidden, 7), conv_bn_relu(hidden, hidden, 1), nn.Conv2d(hidden, CLASSES, 1)
        )
        self.up5, self.up4, self.up3 = larger(4, 2), larger(4, 2), larger(16, 8)

    def construct(self, x: Tensor) -> Tensor:
        _, _, c3, c4, c5 = self.features(x)
        y = self.score4(c4) + self.up5(self.score5(c5))
        return self.up3(self.score3(c3) + self.up4(y))


def network() -> nn.Cell:
    """The cell to export: narrow."""
    return FCN8s(width=8, hidden=32)


def inputs(rng: np.random.Generator, pixels: int = 64) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return pictures(rng, pixels)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the paper has them."""
    return FCN8s(width=64, hidden=4096), inputs(rng, 256)
