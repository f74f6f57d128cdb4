"""FaceAttribute: age, gender and mask of a face, three heads on a ResNet-18 (He et al., 2015) without pooling."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn, ops

from tests.conformance.networks.blocks.layers import conv_bn_relu, pictures
from tests.conformance.networks.blocks.resnet import Basic, ResNet

CLASSES = (9, 2, 2)  # of age, gender and mask


def head(channels: int, hidden: int, classes: int) -> nn.SequentialCell:
    """Probabilities of one attribute."""
    return nn.SequentialCell(
        nn.Dense(channels, hidden), nn.BatchNorm1d(hidden), nn.ReLU(),
        nn.Dense(hidden, classes), nn.BatchNorm1d(classes), nn.ReLU(), nn.Softmax(),
    )


class FaceAttribute(nn.Cell):
    def __init__(self, blocks: tuple[int, ...], width: int) -> None:
        super().__init__()
        self.features = ResNet(conv_bn_relu(3, width, 3), Basic, blocks, width, strides=(2, 2, 2, 2))
        channels = self.features.outputs
        self.heads = nn.CellList([head(channels, channels // 2, classes) for classes in CLASSES])

    def construct(self, x: Tensor) -> tuple[Tensor, ...]:
        y = ops.mean(self.features(x)[-1], (2, 3), True)
        y = y.reshape((y.shape[0], -1))
        probabilities = ()
        for head in self.heads:
            probabilities += (head(y),)
        return probabilities


def network() -> nn.Cell:
    """The cell to export: fewer blocks, narrow ones."""
    return FaceAttribute((1, 2, 1, 1), width=16)


def inputs(rng: np.random.Generator, pixels: int = 48) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return pictures(rng, pixels)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the paper has them."""
    return FaceAttribute((2, 2, 2, 2), width=64), inputs(rng, 112)
