"""FCN-4 (Choi et al., 2016): tags of a piece of music, four convolutions on its mel spectrogram."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn, ops

from tests.conformance.networks.blocks.layers import conv_bn_relu

POOLS = ((2, 4), (3, 8), (4, 5))
TAGS = 50
gain = 0.5


class FCN4(nn.Cell):
    def __init__(self, widths: tuple[int, int, int, int]) -> None:
        super().__init__()
        layers: list[nn.Cell] = [conv_bn_relu(1, widths[0], 3)]
        for index, pool in enumerate(POOLS):
            layers += [nn.MaxPool2d(pool, pool), conv_bn_relu(widths[index], widths[index + 1], 3)]
        self.features = nn.SequentialCell(layers)
        self.flatten = nn.Flatten()
        self.tags = nn.SequentialCell(nn.Dense(widths[-1], TAGS), nn.Sigmoid())

    def construct(self, input_data: Tensor) -> Tensor:
        return self.tags(self.flatten(ops.amax(self.features(input_data), (2, 3))))


def network() -> nn.Cell:
    """The cell to export: narrow, for a part of the length."""
    return FCN4((8, 16, 24, 32))


def inputs(rng: np.random.Generator, length: int = 342) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return {"input_data": rng.standard_normal((1, 1, 96, length), dtype=np.float32)}


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the paper has them: 29 seconds."""
    return FCN4((128, 384, 768, 2048)), inputs(rng, 1366)
