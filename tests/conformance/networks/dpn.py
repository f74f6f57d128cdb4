"""DPN-92 (Chen et al., 2017): two paths, one that blocks add to and one that they append to."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn, ops

from tests.conformance.networks.blocks.layers import Classifier, pictures

GROUPS = 32


def norm_conv(inputs: int, outputs: int, kernel: int = 1, stride: int = 1, group: int = 1) -> list[nn.Cell]:
    """Batch norm and ReLU before a convolution."""
    conv = nn.Conv2d(inputs, outputs, kernel, stride, "pad", kernel // 2, group=group)
    return [nn.BatchNorm2d(inputs), nn.ReLU(), conv]


class Block(nn.Cell):
    """added, appended: channels of the two paths; inputs: of both together, before."""

    def __init__(self, inputs: int, hidden: int, added: int, appended: int, stride: int, first: bool) -> None:
        super().__init__()
        self.first = first
        if first:
            self.prepare = nn.SequentialCell(nn.BatchNorm2d(inputs), nn.ReLU())
            self.to_added = nn.Conv2d(inputs, added, 1, stride)
            self.to_appended = nn.Conv2d(inputs, 2 * appended, 1, stride)
        self.layers = nn.SequentialCell(
            [
                *norm_conv(inputs, hidden), *norm_conv(hidden, hidden, 3, stride, GROUPS),
                nn.BatchNorm2d(hidden), nn.ReLU(),
            ]
        )  # fmt: skip
        self.add = nn.Conv2d(hidden, added, 1)
        self.append = nn.Conv2d(hidden, appended, 1)

    def construct(self, added: Tensor, appended: Tensor | None) -> tuple[Tensor, Tensor]:
        x = added if appended is None else ops.concat((added, appended), axis=1)
        if self.first:
            y = self.prepare(x)
            added, appended = self.to_added(y), self.to_appended(y)
        y = self.layers(x)
        return added + self.add(y), ops.concat((appended, self.append(y)), axis=1)


class DPN(nn.Cell):
    """width: of the first stage's sum; hidden: of its 3x3 convolutions; appended: by each block of a stage."""

    def __init__(self, blocks: tuple[int, ...], width: int, hidden: int, appended: tuple[int, ...], stem: int) -> None:
        super().__init__()
        self.stem = nn.SequentialCell(
            nn.Conv2d(3, stem, 7, 2, "pad", 3), nn.BatchNorm2d(stem), nn.ReLU(), nn.MaxPool2d(3, 2, "same")
        )
        cells = []
        channels = stem
        for stage, depth in enumerate(blocks):
            added, more = width << stage, appended[stage]
            for index in range(depth):
                stride = 2 if stage and index == 0 else 1
                cells.append(Block(channels, hidden << stage, added, more, stride, index == 0))
                channels = added + (3 + index) * more
        self.blocks = nn.CellList(cells)
        self.last = nn.SequentialCell(nn.BatchNorm2d(channels), nn.ReLU())
        self.outputs = channels

    def construct(self, x: Tensor) -> Tensor:
        added, appended = self.stem(x), None
        for block in self.blocks:
            added, appended = block(added, appended)
        return self.last(ops.concat((added, appended), axis=1))


def classifier(features: DPN) -> nn.Cell:
    return Classifier(features, features.outputs, flatten=False)


def network() -> nn.Cell:
    """The cell to export: fewer blocks, narrow ones."""
    return classifier(DPN((1, 2, 2, 1), 32, 32, (4, 4, 4, 8), stem=16))


def inputs(rng: np.random.Generator, pixels: int = 64) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return pictures(rng, pixels)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the paper has them."""
    return classifier(DPN((3, 4, 20, 3), 256, 96, (16, 32, 24, 128), stem=64)), inputs(rng, 224)
