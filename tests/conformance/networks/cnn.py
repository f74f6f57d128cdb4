"""CNN, which tells whether a line of text is upside down: residual stages (He et al., 2015), a pooling behind each."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn, ops

from tests.conformance.networks.blocks.layers import conv_bn, conv_bn_relu, pictures

gain = 0.6


class Residual(nn.Cell):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.SequentialCell(conv_bn_relu(channels, channels, 3), conv_bn(channels, channels, 3))
        self.add = ops.AddN()
        self.relu = nn.ReLU()

    def construct(self, x: Tensor) -> Tensor:
        return self.relu(self.add((self.layers(x), x)))


class CNN(nn.Cell):
    def __init__(self, width: int, height: int, columns: int) -> None:
        super().__init__()
        layers: list[nn.Cell] = []
        channels = 3
        for stage in range(5):
            outputs = min(width << stage, 8 * width)
            layers += [conv_bn_relu(channels, outputs, 3), Residual(outputs), Residual(outputs), nn.MaxPool2d(2, 2)]
            channels = outputs
        self.features = nn.SequentialCell(layers)
        self.pool = nn.AvgPool2d((height // 32, columns // 32))
        self.classifier = nn.SequentialCell(
            nn.Dense(channels, channels), nn.ReLU(), nn.Dense(channels, channels // 2), nn.ReLU(),
            nn.Dense(channels // 2, 2), nn.Softmax(),
        )

    def construct(self, x: Tensor) -> Tensor:
        y = self.pool(self.features(x))
        return self.classifier(y.reshape((y.shape[0], -1)))


def network() -> nn.Cell:
    """The cell to export: narrow, for short lines."""
    return CNN(width=8, height=64, columns=128)


def inputs(rng: np.random.Generator, height: int = 64, width: int = 128) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return pictures(rng, height, width)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the paper has them."""
    return CNN(width=64, height=64, columns=512), inputs(rng, 64, 512)
