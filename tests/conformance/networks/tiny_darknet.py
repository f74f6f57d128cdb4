"""Tiny Darknet (Redmon, 2016): sixteen convolutions with leaky ReLU, the last one the classes."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn, ops

from tests.conformance.networks.blocks.layers import conv_bn, pictures

# kernel and output channels in sixteenths of the first; None: a pooling to half the size
LAYERS = (
    (3, 1), None, (3, 2), None, (1, 1), (3, 8), (1, 1), (3, 8), None, (1, 2), (3, 16), (1, 2), (3, 16), None,
    (1, 4), (3, 32), (1, 4), (3, 32), (1, 8),
)  # fmt: skip


class TinyDarknet(nn.Cell):
    def __init__(self, width: int, classes: int = 1000) -> None:
        super().__init__()
        layers: list[nn.Cell] = []
        channels = 3
        for layer in LAYERS:
            if layer is None:
                layers.append(nn.MaxPool2d(2, 2, "same"))
                continue
            kernel, multiple = layer
            layers.append(conv_bn(channels, multiple * width, kernel, 1, nn.LeakyReLU(0.1)))
            channels = multiple * width
        self.features = nn.SequentialCell([*layers, conv_bn(channels, classes, 1, 1, nn.LeakyReLU(0.1))])
        self.flatten = nn.Flatten()

    def construct(self, x: Tensor) -> Tensor:
        return self.flatten(ops.mean(self.features(x), (2, 3), True))


def network() -> nn.Cell:
    """The cell to export: narrow."""
    return TinyDarknet(width=8)


def inputs(rng: np.random.Generator, pixels: int = 64) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return pictures(rng, pixels)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the paper has them."""
    return TinyDarknet(width=16), inputs(rng, 224)
