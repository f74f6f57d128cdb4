"""RetinaNet (Lin et al., 2017): a feature pyramid on ResNet-50, and two heads of four layers that its levels share."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn, ops

from tests.conformance.networks.blocks.layers import pictures
from tests.conformance.networks.blocks.resnet import Bottleneck, ResNet, stem
from tests.conformance.networks.blocks.ssd import Detector, Join, default_boxes, halved

LEVELS, ANCHORS, HEAD_LAYERS = 5, 9, 4

gain = 0.7  # heads say up to 3e5 else, and boxes, which are cut to the picture, are what rounding leaves of that


def conv(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Cell:
    """A convolution that keeps the size at stride 1."""
    return nn.Conv2d(inputs, outputs, kernel, stride, "pad", kernel // 2)


class Pyramid(nn.Cell):
    """1/8 to 1/128 of the picture, all of one width."""

    def __init__(self, features: nn.Cell, channels: tuple[int, ...], width: int, pixels: int) -> None:
        super().__init__()
        self.features = features
        self.lateral = nn.CellList([conv(c, width, 1) for c in channels])
        self.smooth = nn.CellList([conv(width, width, 3) for _ in channels])
        self.down6, self.down7 = conv(channels[-1], width, 3, 2), conv(width, width, 3, 2)
        self.relu = nn.ReLU()
        c3, c4 = halved(-(-pixels // 8), 2)
        self.to_c4, self.to_c3 = ops.ResizeNearestNeighbor((c4, c4)), ops.ResizeNearestNeighbor((c3, c3))

    def construct(self, x: Tensor) -> tuple[Tensor, ...]:
        _, c3, c4, c5 = self.features(x)
        p5 = self.lateral[2](c5)
        p4 = self.lateral[1](c4) + self.to_c4(p5)
        p3 = self.lateral[0](c3) + self.to_c3(p4)
        p6 = self.down6(c5)
        p7 = self.down7(self.relu(p6))
        return self.smooth[0](p3), self.smooth[1](p4), self.smooth[2](p5), p6, p7


def head(width: int, outputs: int) -> nn.Cell:
    """Convolutions with ReLU, and one without."""
    layers = [nn.SequentialCell(conv(width, width, 3), nn.ReLU()) for _ in range(HEAD_LAYERS)]
    return nn.SequentialCell([*layers, conv(width, outputs, 3)])


class Heads(nn.Cell):
    """features -> places [N, boxes, 4], logits [N, boxes, classes]"""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.places, self.classes = head(width, 4 * ANCHORS), head(width, classes * ANCHORS)
        self.join_places, self.join_classes = Join(4), Join(classes)

    def construct(self, features: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        places, logits = (), ()
        for x in features:
            places += (self.places(x),)
            logits += (self.classes(x),)
        return self.join_places(places), self.join_classes(logits)


def detector(pixels: int, width: int, blocks: tuple[int, ...], pyramid: int, classes: int) -> nn.Cell:
    """width: of the first stage; pyramid: of the feature pyramid."""
    resnet = ResNet(stem(width), Bottleneck, blocks, width)
    features = Pyramid(resnet, (8 * width, 16 * width, 32 * width), pyramid, pixels)
    defaults = default_boxes(halved(-(-pixels // 8), LEVELS), (ANCHORS,) * LEVELS)
    return Detector(features, Heads(pyramid, classes), defaults, scored=False)


def network() -> nn.Cell:
    """The cell to export: for small pictures, narrow, fewer blocks."""
    return detector(96, 8, (1, 2, 1, 1), 16, 5)


def inputs(rng: np.random.Generator, pixels: int = 96) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return pictures(rng, pixels)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the model zoo has them."""
    return detector(600, 64, (3, 4, 6, 3), 256, 81), inputs(rng, 600)
