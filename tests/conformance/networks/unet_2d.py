"""U-Net (Ronneberger et al., 2015): convolutions that do not pad, and as much of every size as the way back needs."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn, ops

from tests.conformance.networks.blocks.layers import pictures

DEPTH, CLASSES = 4, 2
gain = 0.7


def double(inputs: int, outputs: int) -> nn.SequentialCell:
    """Two convolutions with ReLU."""
    convs = [nn.Conv2d(channels, outputs, 3, 1, "valid", has_bias=True) for channels in (inputs, outputs)]
    return nn.SequentialCell(convs[0], nn.ReLU(), convs[1], nn.ReLU())


def center(x: Tensor, size: int) -> Tensor:
    """The middle of x."""
    begin = (x.shape[2] - size) // 2
    return ops.slice(x, (0, 0, begin, begin), (x.shape[0], x.shape[1], size, size))


class UNet(nn.Cell):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = double(1, width)
        self.pool = nn.MaxPool2d(2, 2)
        self.down = nn.CellList([double(width << level, width << (level + 1)) for level in range(DEPTH)])
        self.up = nn.CellList(
            [nn.Conv2dTranspose(width << (level + 1), width << level, 2, 2) for level in range(DEPTH)]
        )
        self.merge = nn.CellList([double(width << (level + 1), width << level) for level in range(DEPTH)])
        self.classes = nn.Conv2d(width, CLASSES, 1, has_bias=True)
        self.relu = nn.ReLU()

    def construct(self, x: Tensor) -> Tensor:
        x = self.first(x)
        kept = ()
        for level in range(DEPTH):
            kept += (x,)
            x = self.down[level](self.pool(x))
        for level in range(DEPTH - 1, -1, -1):
            x = self.relu(self.up[level](x))
            x = self.merge[level](ops.concat((center(kept[level], x.shape[2]), x), axis=1))
        return ops.softmax(ops.transpose(self.classes(x), (0, 2, 3, 1)))


def network() -> nn.Cell:
    """The cell to export: narrow, for the smallest pictures."""
    return UNet(width=4)


def inputs(rng: np.random.Generator, pixels: int = 188) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return pictures(rng, pixels, channels=1)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the paper has them."""
    return UNet(width=64), inputs(rng, 572)
