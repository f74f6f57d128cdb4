"""ShuffleNetV1 (Zhang et al., 2017), three groups: 1x1 convolutions in groups, whose channels are shuffled between."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn, ops

from tests.conformance.networks.blocks.layers import SplitConv, conv_bn, conv_bn_relu, pictures

GROUPS = 3


def pointwise(inputs: int, outputs: int, groups: int) -> list[nn.Cell]:
    """A 1x1 convolution in groups, batch norm."""
    return [SplitConv(inputs, outputs, 1, 1, groups), nn.BatchNorm2d(outputs)]


class Unit(nn.Cell):
    """stride 2: the picture made smaller is put before the channels, in place of a sum."""

    def __init__(self, inputs: int, outputs: int, stride: int, first_groups: int = GROUPS) -> None:
        super().__init__()
        hidden = outputs // 4
        self.before = nn.SequentialCell([*pointwise(inputs, hidden, first_groups), nn.ReLU()])
        more = outputs - inputs if stride == 2 else outputs
        self.after = nn.SequentialCell(
            [conv_bn(hidden, hidden, 3, stride, group=hidden), *pointwise(hidden, more, GROUPS)]
        )
        self.pool = nn.AvgPool2d(3, 2, "same") if stride == 2 else None
        self.relu = nn.ReLU()

    def construct(self, x: Tensor) -> Tensor:
        y = self.before(x)
        n, c, h, w = y.shape
        y = y.reshape((n, GROUPS, c // GROUPS, h * w)).transpose((0, 2, 1, 3)).reshape((n, c, h, w))
        y = self.after(y)
        if self.pool is None:
            return self.relu(x + y)
        return self.relu(ops.concat((self.pool(x), y), axis=1))


class ShuffleNet(nn.Cell):
    def __init__(self, stem: int, width: int, blocks: tuple[int, ...], pixels: int, classes: int = 1000) -> None:
        super().__init__()
        layers: list[nn.Cell] = [conv_bn_relu(3, stem, 3, 2), nn.MaxPool2d(3, 2, "same")]
        channels = stem
        for stage, depth in enumerate(blocks):
            for index in range(depth):
                groups = 1 if stage == index == 0 else GROUPS
                layers.append(Unit(channels, width << stage, 2 if index == 0 else 1, groups))
                channels = width << stage
        self.features = nn.SequentialCell([*layers, nn.AvgPool2d(pixels // 32)])
        self.classifier = nn.Dense(channels, classes)

    def construct(self, x: Tensor) -> Tensor:
        y = self.features(x)
        return self.classifier(y.reshape((y.shape[0], -1)))


def network() -> nn.Cell:
    """The cell to export: fewer blocks, narrow ones, for small pictures."""
    return ShuffleNet(12, 48, (2, 2, 2), pixels=64)


def inputs(rng: np.random.Generator, pixels: int = 64) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return pictures(rng, pixels)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the paper has them."""
    return ShuffleNet(24, 240, (4, 8, 4), pixels=224), inputs(rng, 224)
