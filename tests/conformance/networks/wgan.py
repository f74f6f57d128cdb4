"""WGAN (Arjovsky et al., 2017): its generator, pictures of 64x64 from 100 random numbers by deconvolutions."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn

NOISE = 100
LAYERS = ((8, 1, "valid", 0), (4, 2, "pad", 1), (2, 2, "pad", 1), (1, 2, "pad", 1))  # width, stride, how it pads
gain = 0.5


class Generator(nn.Cell):
    """width: channels before the last layer."""

    def __init__(self, width: int) -> None:
        super().__init__()
        layers: list[nn.Cell] = []
        channels = NOISE
        for multiple, stride, mode, padding in LAYERS:
            up = nn.Conv2dTranspose(channels, multiple * width, 4, stride, mode, padding)
            layers += [up, nn.BatchNorm2d(multiple * width), nn.ReLU()]
            channels = multiple * width
        self.layers = nn.SequentialCell([*layers, nn.Conv2dTranspose(channels, 3, 4, 2, "pad", 1), nn.Tanh()])

    def construct(self, input1: Tensor) -> Tensor:
        return self.layers(input1)


def network() -> nn.Cell:
    """The cell to export: narrow."""
    return Generator(width=8)


def inputs(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return {"input1": rng.standard_normal((1, NOISE, 1, 1), dtype=np.float32)}


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the paper has them."""
    return Generator(width=64), inputs(rng)
