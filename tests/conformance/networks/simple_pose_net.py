"""SimplePoseNet (Xiao et al., 2018): poses from a ResNet-50, shortcuts added in place, and three deconvolutions."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn

from tests.conformance.networks.blocks.layers import pictures
from tests.conformance.networks.blocks.resnet import Bottleneck, ResNet, stem

JOINTS = 17


class InPlace(Bottleneck):
    """A block whose sum takes the place of its first term."""

    def construct(self, x: Tensor) -> Tensor:
        y = self.layers(x)
        y += self.shortcut(x)
        return self.relu(y)


class SimplePoseNet(nn.Cell):
    def __init__(self, blocks: tuple[int, ...], width: int) -> None:
        super().__init__()
        self.features = ResNet(stem(width), InPlace, blocks, width)
        layers: list[nn.Cell] = []
        channels = self.features.outputs
        for _ in range(3):
            up = nn.Conv2dTranspose(channels, 4 * width, 4, 2, "pad", 1)
            layers += [up, nn.BatchNorm2d(4 * width), nn.ReLU()]
            channels = 4 * width
        self.heat_maps = nn.SequentialCell([*layers, nn.Conv2d(channels, JOINTS, 1, has_bias=True)])

    def construct(self, x: Tensor) -> Tensor:
        return self.heat_maps(self.features(x)[-1])


def network() -> nn.Cell:
    """The cell to export: fewer blocks, narrow ones."""
    return SimplePoseNet((1, 2, 1, 1), width=16)


def inputs(rng: np.random.Generator, height: int = 64, width: int = 48) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return pictures(rng, height, width)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the paper has them."""
    return SimplePoseNet((3, 4, 6, 3), width=64), inputs(rng, 256, 192)
