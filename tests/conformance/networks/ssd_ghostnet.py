"""SSD on GhostNet (Liu et al., 2015; Han et al., 2019): half of a layer's channels are made cheaply from the others."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn, ops

from tests.conformance.networks.blocks.layers import conv_bn, pictures
from tests.conformance.networks.blocks.mobilenet import scaled
from tests.conformance.networks.blocks.ssd import Detector, Extended, MultiBox

# kernel, hidden channels, channels, whether squeezed and excited, stride
BLOCKS = (
    (3, 16, 16, False, 1), (3, 48, 24, False, 2), (3, 72, 24, False, 1), (5, 72, 40, True, 2), (5, 120, 40, True, 1),
    (3, 240, 80, False, 2), (3, 200, 80, False, 1), (3, 184, 80, False, 1), (3, 184, 80, False, 1),
    (3, 480, 112, True, 1), (3, 672, 112, True, 1),
    (5, 672, 160, True, 2), (5, 960, 160, False, 1), (5, 960, 160, True, 1), (5, 960, 160, False, 1),
    (5, 960, 160, True, 1),
)  # fmt: skip
FRONT = 11  # blocks before the last halving
EXTRAS = ((512, 0.2), (256, 0.25), (256, 0.5), (128, 0.25))  # channels, of which share of the input's is hidden
ANCHORS = (3, 6, 6, 6, 6, 6)

gain = 0.7  # values reach 8e6 else and end in a RELU6, which leaves little but their rounding


class Ghost(nn.Cell):
    """A 1x1 convolution to half of the channels, and a depthwise one of those for the other half."""

    def __init__(self, inputs: int, outputs: int, active: bool) -> None:
        super().__init__()
        half = outputs // 2
        self.primary = conv_bn(inputs, half, 1, activation=nn.ReLU() if active else None)
        self.cheap = conv_bn(half, half, 3, activation=nn.ReLU() if active else None, group=half)

    def construct(self, x: Tensor) -> Tensor:
        x = self.primary(x)
        return ops.concat((x, self.cheap(x)), axis=1)


class Excitation(nn.Cell):
    """Channels scaled by a gate computed from their means (Hu et al., 2017)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = scaled(channels, 0.25)
        self.mean = ops.ReduceMean(keep_dims=True)
        self.squeeze, self.excite = (
            nn.Conv2d(a, b, 1, has_bias=True) for a, b in ((channels, hidden), (hidden, channels))
        )
        self.relu, self.relu6, self.mul = nn.ReLU(), nn.ReLU6(), ops.Mul()

    def construct(self, x: Tensor) -> Tensor:
        gate = self.excite(self.relu(self.squeeze(self.mean(x, (2, 3)))))
        return self.mul(x, self.relu6(gate + 3.0) / 6.0)


class Bottleneck(nn.Cell):
    def __init__(self, inputs: int, kernel: int, hidden: int, outputs: int, excited: bool, stride: int) -> None:
        super().__init__()
        layers: list[nn.Cell] = [Ghost(inputs, hidden, active=True)]
        if stride > 1:
            layers.append(conv_bn(hidden, hidden, kernel, stride, group=hidden))
        if excited:
            layers.append(Excitation(hidden))
        self.layers = nn.SequentialCell([*layers, Ghost(hidden, outputs, active=False)])
        self.shortcut: nn.Cell = nn.Identity()
        if (inputs, stride) != (outputs, 1):
            depthwise = conv_bn(inputs, inputs, kernel, stride, group=inputs)
            self.shortcut = nn.SequentialCell(depthwise, conv_bn(inputs, outputs, 1))

    def construct(self, x: Tensor) -> Tensor:
        return self.layers(x) + self.shortcut(x)


class Features(nn.Cell):
    """1/16, more channels made of it, and 1/32. blocks: which of BLOCKS are there."""

    def __init__(self, width: float, blocks: tuple[int, ...]) -> None:
        super().__init__()
        channels = scaled(16, width)
        layers: list[nn.Cell] = [conv_bn(3, channels, 3, 2, nn.ReLU())]
        for index in blocks:
            kernel, hidden, outputs, excited, stride = BLOCKS[index]
            if index == FRONT:
                wide = scaled(672, width)
                self.front, layers = nn.SequentialCell(layers), []
                self.expand = conv_bn(channels, wide, 1, activation=nn.ReLU())
            outputs = scaled(outputs, width)
            layers.append(Bottleneck(channels, kernel, scaled(hidden, width), outputs, excited, stride))
            channels = outputs
        last = scaled(960, width)
        self.back = nn.SequentialCell([*layers, conv_bn(channels, last, 1, activation=nn.ReLU())])
        self.channels = (wide, last)

    def construct(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.front(x)
        return self.expand(x), self.back(x)


def extra(inputs: int, hidden: int, outputs: int) -> nn.Cell:
    """Half the size: expansion, depthwise convolution, projection."""
    return nn.SequentialCell(
        conv_bn(inputs, hidden, 1, activation=nn.ReLU()),
        conv_bn(hidden, hidden, 3, 2, nn.ReLU(), group=hidden),
        conv_bn(hidden, outputs, 1, activation=nn.ReLU6()),
    )


def detector(width: float = 1.0, blocks: tuple[int, ...] = tuple(range(len(BLOCKS))), classes: int = 81) -> nn.Cell:
    """The detector, whose places are relative to its default boxes. width: share of the paper's channels."""
    features = Features(width, blocks)
    channels = list(features.channels)
    extras = []
    for outputs, share in EXTRAS:
        outputs = scaled(outputs, width)
        extras.append(extra(channels[-1], scaled(channels[-1], share), outputs))
        channels.append(outputs)
    return Detector(Extended(features, extras), MultiBox(channels, ANCHORS, classes), None)


def network() -> nn.Cell:
    """The cell to export: narrow, fewer equal blocks."""
    return detector(0.5, (0, 1, 3, 4, 5, 9, 11, 12), 5)


def inputs(rng: np.random.Generator, pixels: int = 80) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return pictures(rng, pixels)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the model zoo has them."""
    return detector(), inputs(rng, 300)
