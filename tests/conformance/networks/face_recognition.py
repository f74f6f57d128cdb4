"""FaceRecognition: the ResNet-100 of ArcFace (Deng et al., 2018), an embedding of a face in 512 numbers."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn

from tests.conformance.networks.blocks.layers import conv_bn, conv_bn_relu, pictures
from tests.conformance.networks.blocks.resnet import ResNet, shortcut


class Block(nn.Cell):
    """Two 3x3 convolutions, nothing behind the sum."""

    def __init__(self, inputs: int, width: int, stride: int, _: int) -> None:
        super().__init__()
        self.outputs = width
        self.layers = nn.SequentialCell(conv_bn_relu(inputs, width, 3), conv_bn(width, width, 3, stride))
        self.shortcut = shortcut(inputs, width, stride)

    def construct(self, x: Tensor) -> Tensor:
        return self.layers(x) + self.shortcut(x)


class FaceRecognition(nn.Cell):
    def __init__(self, blocks: tuple[int, ...], width: int, pixels: int) -> None:
        super().__init__()
        self.features = ResNet(conv_bn_relu(3, width, 3), Block, blocks, width, strides=(2, 2, 2, 2))
        self.embedding = nn.Dense(self.features.outputs * (pixels // 16) ** 2, 512)

    def construct(self, x: Tensor) -> Tensor:
        y = self.features(x)[-1]
        return self.embedding(y.reshape((y.shape[0], -1)))


def network() -> nn.Cell:
    """The cell to export: fewer blocks, narrow ones."""
    return FaceRecognition((1, 2, 2, 1), width=16, pixels=48)


def inputs(rng: np.random.Generator, pixels: int = 48) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return pictures(rng, pixels)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the paper has them."""
    return FaceRecognition((3, 13, 30, 3), width=64, pixels=112), inputs(rng, 112)
