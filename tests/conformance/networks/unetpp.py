"""UNet++ (Zhou et al., 2018): every size is refined by all smaller ones, step by step."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn, ops

from tests.conformance.networks.blocks.layers import conv_bn_relu, pictures

DEPTH, CLASSES = 5, 2
gain = 0.7


def refine(inputs: int, outputs: int) -> nn.SequentialCell:
    """Two convolutions with ReLU."""
    convs = [nn.Conv2d(channels, outputs, 3) for channels in (inputs, outputs)]
    return nn.SequentialCell(convs[0], nn.ReLU(), convs[1], nn.ReLU())


class UNetPlusPlus(nn.Cell):
    def __init__(self, width: int) -> None:
        super().__init__()
        widths = [width << level for level in range(DEPTH)]
        channels = [1, *widths]
        self.pool = nn.MaxPool2d(2, 2)
        self.down = nn.CellList(
            [
                nn.SequentialCell(conv_bn_relu(channels[i], widths[i], 3), conv_bn_relu(widths[i], widths[i], 3))
                for i in range(DEPTH)
            ]
        )
        places = [(step, level) for step in range(1, DEPTH) for level in range(DEPTH - step)]
        self.up = nn.CellList([nn.Conv2dTranspose(widths[i + 1], widths[i], 2, 2) for _, i in places])
        self.refine = nn.CellList([refine((step + 1) * widths[i], widths[i]) for step, i in places])
        self.classes = nn.Conv2d(width, CLASSES, 1)

    def construct(self, x: Tensor) -> Tensor:
        rows = []
        for level in range(DEPTH):
            x = self.down[level](x if level == 0 else self.pool(x))
            rows.append([x])
        index = 0
        for step in range(1, DEPTH):
            for level in range(DEPTH - step):
                y = self.up[index](rows[level + 1][step - 1])
                for same_size in rows[level]:
                    y = ops.concat((y, same_size), axis=1)
                rows[level].append(self.refine[index](y))
                index += 1
        return ops.softmax(ops.transpose(self.classes(rows[0][-1]), (0, 2, 3, 1)))


def network() -> nn.Cell:
    """The cell to export: narrow."""
    return UNetPlusPlus(width=4)


def inputs(rng: np.random.Generator, pixels: int = 48) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return pictures(rng, pixels, channels=1)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the paper has them."""
    return UNetPlusPlus(width=32), inputs(rng, 256)
