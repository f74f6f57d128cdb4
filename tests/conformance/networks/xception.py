"""Xception (Chollet, 2016): depthwise convolutions and 1x1 ones in place of all others, shortcuts around them."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn

from tests.conformance.networks.blocks.layers import conv_bn, conv_bn_relu, pictures


def separable(inputs: int, outputs: int) -> list[nn.Cell]:
    """A depthwise convolution, one of 1x1, batch norm."""
    return [nn.Conv2d(inputs, inputs, 3, group=inputs), nn.Conv2d(inputs, outputs, 1), nn.BatchNorm2d(outputs)]


class Block(nn.Cell):
    """Separable convolutions from each number of channels to the next, a ReLU before each but maybe the first."""

    def __init__(self, channels: tuple[int, ...], stride: int, relu_first: bool = True) -> None:
        super().__init__()
        layers: list[nn.Cell] = []
        for index in range(len(channels) - 1):
            layers += [nn.ReLU()] if index or relu_first else []
            layers += separable(channels[index], channels[index + 1])
        self.layers = nn.SequentialCell([*layers, *([nn.MaxPool2d(3, 2, "same")] if stride == 2 else [])])
        self.shortcut = conv_bn(channels[0], channels[-1], 1, 2) if stride == 2 else nn.Identity()

    def construct(self, x: Tensor) -> Tensor:
        return self.layers(x) + self.shortcut(x)


class Xception(nn.Cell):
    """middle: channels of the middle blocks; all other channels are multiples of unit."""

    def __init__(self, unit: int, middle: int, blocks: int, pixels: int, classes: int = 1000) -> None:
        super().__init__()
        self.features = nn.SequentialCell(
            [
                conv_bn_relu(3, 2 * unit, 3, 2), conv_bn_relu(2 * unit, 4 * unit, 3),
                Block((4 * unit, 8 * unit, 8 * unit), 2, relu_first=False),
                Block((8 * unit, 16 * unit, 16 * unit), 2), Block((16 * unit, middle, middle), 2),
                *(Block((middle, middle, middle, middle), 1) for _ in range(blocks)),
                Block((middle, middle, 64 * unit), 2),
                *separable(64 * unit, 96 * unit), nn.ReLU(), *separable(96 * unit, 128 * unit), nn.ReLU(),
                nn.AvgPool2d((pixels + 31) // 32),
            ]
        )  # fmt: skip
        self.classifier = nn.Dense(128 * unit, classes)

    def construct(self, x: Tensor) -> Tensor:
        y = self.features(x)
        return self.classifier(y.reshape((y.shape[0], -1)))


def network() -> nn.Cell:
    """The cell to export: fewer blocks, narrow ones."""
    return Xception(unit=2, middle=40, blocks=2, pixels=75)


def inputs(rng: np.random.Generator, pixels: int = 75) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return pictures(rng, pixels)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the paper has them."""
    return Xception(unit=16, middle=728, blocks=8, pixels=299), inputs(rng, 299)
