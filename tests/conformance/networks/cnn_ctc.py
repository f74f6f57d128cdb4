"""CNN+CTC for words in pictures: the residual features of Cheng et al. (2017), and scores of each column."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn

from tests.conformance.networks.blocks.layers import conv_bn_relu, pictures
from tests.conformance.networks.blocks.resnet import Basic

CLASSES = 37


def stage(inputs: int, outputs: int, blocks: int) -> list[nn.Cell]:
    """Residual blocks and one more convolution."""
    return [
        *(Basic(inputs if index == 0 else outputs, outputs) for index in range(blocks)),
        conv_bn_relu(outputs, outputs, 3),
    ]


def conv2(channels: int, stride: int | tuple[int, int], columns: int = 0) -> list[nn.Cell]:
    """A 2x2 convolution with columns of zeros on both sides, batch norm, ReLU."""
    conv = nn.Conv2d(channels, channels, 2, stride, "pad", (0, 0, columns, columns))
    return [conv, nn.BatchNorm2d(channels), nn.ReLU()]


class CNNCTC(nn.Cell):
    def __init__(self, width: int, blocks: tuple[int, int, int, int]) -> None:
        super().__init__()
        a, b, c, d = blocks
        columns_padded = nn.Pad(((0, 0), (0, 0), (0, 0), (1, 1)))
        self.features = nn.SequentialCell(
            [
                conv_bn_relu(3, width // 2, 3), conv_bn_relu(width // 2, width, 3), nn.MaxPool2d(2, 2),
                *stage(width, 2 * width, a), nn.MaxPool2d(2, 2), *stage(2 * width, 4 * width, b),
                columns_padded, nn.MaxPool2d(2, (2, 1)), *stage(4 * width, 8 * width, c),
                *(Basic(8 * width, 8 * width) for _ in range(d)),
                *conv2(8 * width, (2, 1), columns=1), *conv2(8 * width, 1),
            ]
        )  # fmt: skip
        self.classifier = nn.Dense(8 * width, CLASSES)

    def construct(self, x: Tensor) -> Tensor:
        """[N, 3, 32, W] -> [N, W / 4 + 1, CLASSES]"""
        y = self.features(x)
        return self.classifier(y.reshape((*y.shape[:2], -1)).transpose((0, 2, 1)))


def network() -> nn.Cell:
    """The cell to export: fewer blocks, narrow ones."""
    return CNNCTC(width=16, blocks=(1, 2, 1, 1))


def inputs(rng: np.random.Generator, height: int = 32, width: int = 48) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return pictures(rng, height, width)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the paper has them."""
    return CNNCTC(width=64, blocks=(1, 2, 5, 3)), inputs(rng, 32, 100)
