"""YOLOv4 (Bochkovskiy et al., 2020): cross-stage partial Darknet-53, pooling at several sizes, paths up and down."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn, ops

from tests.conformance.networks.blocks.csp_darknet import BLOCKS, CSPDarkNet
from tests.conformance.networks.blocks.layers import pictures
from tests.conformance.networks.blocks.quiet import QuietConv
from tests.conformance.networks.blocks.yolo import ANCHORS, CLASSES, Boxes, Joined, Pooled, leaky, nearest

gain = 0.7  # MindSpore takes 1 for the tanh of what is beyond 5: 1e-4 too much, which would add up

SIZES = np.array([[12, 16], [19, 36], [40, 28], [36, 75], [76, 55], [72, 146], [142, 110], [192, 243], [459, 401]])
OVERSHOOTS = (1.2, 1.1, 1.05)


def five(inputs: int, width: int) -> nn.Cell:
    """Five convolutions between 1x1 and 3x3."""
    return nn.SequentialCell(
        leaky(inputs, width, 1), leaky(width, 2 * width, 3), leaky(2 * width, width, 1),
        leaky(width, 2 * width, 3), leaky(2 * width, width, 1),
    )  # fmt: skip


def head(width: int) -> nn.Cell:
    """Boxes and classes of each anchor."""
    return nn.SequentialCell(leaky(width, 2 * width, 3), QuietConv(2 * width, ANCHORS * (5 + CLASSES), 0.1))


class YOLOv4(nn.Cell):
    """What is in large, middle and small pieces of the picture. width: of the first layer."""

    def __init__(self, pixels: int, width: int, blocks: tuple[int, ...]) -> None:
        super().__init__()
        self.features = CSPDarkNet(width, blocks)
        small, middle, large = 4 * width, 8 * width, 16 * width
        self.front = nn.SequentialCell(
            leaky(2 * large, large, 1), leaky(large, 2 * large, 3), leaky(2 * large, large, 1)
        )
        self.pooled = Pooled(largest_first=True)
        self.back = nn.SequentialCell(
            leaky(4 * large, large, 1), leaky(large, 2 * large, 3), leaky(2 * large, large, 1)
        )
        self.reduce5, self.side4, self.up4 = leaky(large, middle, 1), leaky(large, middle, 1), five(large, middle)
        self.reduce4, self.side3, self.up3 = leaky(middle, small, 1), leaky(middle, small, 1), five(middle, small)
        self.down4, self.join4 = leaky(small, middle, 3, 2), five(large, middle)
        self.down5, self.join5 = leaky(middle, large, 3, 2), five(2 * large, large)
        self.heads = nn.CellList([head(small), head(middle), head(large)])
        shape = (pixels, pixels)
        self.to4, self.to3 = nearest(shape, 16), nearest(shape, 8)
        levels = enumerate(zip((8, 16, 32), OVERSHOOTS, strict=True))
        self.boxes = nn.CellList([Joined(Boxes(SIZES[3 * i : 3 * i + 3], shape, s, o)) for i, (s, o) in levels])

    def construct(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        _, _, c3, c4, c5 = self.features(x)
        p5 = self.back(self.pooled(self.front(c5)))
        p4 = self.up4(ops.concat((self.side4(c4), self.to4(self.reduce5(p5))), axis=1))
        p3 = self.up3(ops.concat((self.side3(c3), self.to3(self.reduce4(p4))), axis=1))
        n4 = self.join4(ops.concat((self.down4(p3), p4), axis=1))
        n5 = self.join5(ops.concat((self.down5(n4), p5), axis=1))
        heads = self.heads
        return self.boxes[2](heads[2](n5)), self.boxes[1](heads[1](n4)), self.boxes[0](heads[0](p3))


def network() -> nn.Cell:
    """The cell to export: for small pictures, narrow, one block a stage."""
    return YOLOv4(64, 4, (1, 1, 1, 1, 1))


def inputs(rng: np.random.Generator, pixels: int = 64) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return pictures(rng, pixels)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the paper has them."""
    return YOLOv4(608, 32, BLOCKS), inputs(rng, 608)
