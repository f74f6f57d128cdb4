"""DeepLabV3 (Chen et al., 2017): ResNet-101 that keeps an eighth of the size by dilation, and pyramid pooling.

Its batch norms take the statistics of the picture itself.
"""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn, ops

from tests.conformance.networks.blocks.layers import conv_bn, conv_bn_relu, pictures
from tests.conformance.networks.blocks.resnet import Bottleneck, ResNet, stem

RATES = (6, 12, 18)
CLASSES = 21


class PyramidPooling(nn.Cell):
    """A 1x1 convolution, three of growing dilation, and the mean of the picture."""

    def __init__(self, inputs: int, outputs: int, size: int) -> None:
        super().__init__()
        self.size = (size, size)
        self.convs = nn.CellList(
            [conv_bn_relu(inputs, outputs, 1)]
            + [conv_bn(inputs, outputs, 3, 1, nn.ReLU(), dilation=rate) for rate in RATES]
        )
        self.mean = nn.SequentialCell(nn.AvgPool2d(size), conv_bn_relu(inputs, outputs, 1))
        self.merge = conv_bn_relu(5 * outputs, outputs, 1)

    def construct(self, x: Tensor) -> Tensor:
        y = self.convs[0](x)
        for conv in self.convs[1:]:
            y = ops.concat((y, conv(x)), axis=1)
        mean = ops.ResizeNearestNeighbor(self.size, True)(self.mean(x))
        return self.merge(ops.concat((y, mean), axis=1))


class DeepLabV3(nn.Cell):
    def __init__(self, blocks: tuple[int, ...], width: int, pixels: int) -> None:
        super().__init__()
        self.pixels = (pixels, pixels)
        features = ResNet(stem(width), Bottleneck, blocks, width, strides=(1, 2, 1, 1), extras=(1, 1, 2, 4))
        self.features = features
        self.pooling = PyramidPooling(features.outputs, 4 * width, (pixels + 7) // 8)
        self.classifier = nn.Conv2d(4 * width, CLASSES, 1, has_bias=True)
        for _, cell in self.cells_and_names():
            if isinstance(cell, nn.BatchNorm2d):
                cell.use_batch_statistics = True

    def construct(self, x: Tensor) -> Tensor:
        y = self.classifier(self.pooling(self.features(x)[-1]))
        return ops.softmax(ops.ResizeBilinearV2(align_corners=True)(y, self.pixels), 1)


def network() -> nn.Cell:
    """The cell to export: fewer blocks, narrow ones."""
    return DeepLabV3((1, 1, 2, 1), width=16, pixels=65)


def inputs(rng: np.random.Generator, pixels: int = 65) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return pictures(rng, pixels)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the paper has them."""
    return DeepLabV3((3, 4, 23, 3), width=64, pixels=513), inputs(rng, 513)
