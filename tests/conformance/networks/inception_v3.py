"""Inception-v3 (Szegedy et al., 2015): parallel branches, 1x7 and 7x1 convolutions, average pooling inside."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mindspore import Tensor, nn, ops


def conv(inputs: int, outputs: int, kernel: int | tuple[int, int], stride: int = 1, mode: str = "same") -> nn.Cell:
    """Convolution, batch norm, ReLU."""
    return nn.SequentialCell(
        nn.Conv2d(inputs, outputs, kernel, stride, pad_mode=mode), nn.BatchNorm2d(outputs), nn.ReLU()
    )


class Branches(nn.Cell):
    """All branches on the same input, concatenated along the channels."""

    def __init__(self, *branches: Sequence[nn.Cell] | nn.Cell) -> None:
        super().__init__()
        cells = [branch if isinstance(branch, nn.Cell) else nn.SequentialCell(*branch) for branch in branches]
        self.branches = nn.CellList(cells)

    def construct(self, x: Tensor) -> Tensor:
        outputs = ()
        for branch in self.branches:
            outputs += (branch(x),)
        return ops.concat(outputs, axis=1)


def average() -> nn.Cell:
    return nn.AvgPool2d(3, 1, pad_mode="same")


def block_a(inputs: int, pooled: int) -> nn.Cell:
    return Branches(
        conv(inputs, 64, 1),
        [conv(inputs, 48, 1), conv(48, 64, 5)],
        [conv(inputs, 64, 1), conv(64, 96, 3), conv(96, 96, 3)],
        [average(), conv(inputs, pooled, 1)],
    )


def block_b(inputs: int) -> nn.Cell:
    return Branches(
        conv(inputs, 384, 3, 2, "valid"),
        [conv(inputs, 64, 1), conv(64, 96, 3), conv(96, 96, 3, 2, "valid")],
        nn.MaxPool2d(3, 2),
    )


def block_c(width: int) -> nn.Cell:
    return Branches(
        conv(768, 192, 1),
        [conv(768, width, 1), conv(width, width, (1, 7)), conv(width, 192, (7, 1))],
        [
            conv(768, width, 1), conv(width, width, (7, 1)), conv(width, width, (1, 7)),
            conv(width, width, (7, 1)), conv(width, 192, (1, 7)),
        ],
        [average(), conv(768, 192, 1)],
    )


def block_d() -> nn.Cell:
    return Branches(
        [conv(768, 192, 1), conv(192, 320, 3, 2, "valid")],
        [conv(768, 192, 1), conv(192, 192, (1, 7)), conv(192, 192, (7, 1)), conv(192, 192, 3, 2, "valid")],
        nn.MaxPool2d(3, 2),
    )


def block_e(inputs: int) -> nn.Cell:
    return Branches(
        conv(inputs, 320, 1),
        [conv(inputs, 384, 1), Branches(conv(384, 384, (1, 3)), conv(384, 384, (3, 1)))],
        [conv(inputs, 448, 1), conv(448, 384, 3), Branches(conv(384, 384, (1, 3)), conv(384, 384, (3, 1)))],
        [average(), conv(inputs, 192, 1)],
    )


class InceptionV3(nn.Cell):
    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        self.features = nn.SequentialCell(
            conv(3, 32, 3, 2, "valid"), conv(32, 32, 3, 1, "valid"), conv(32, 64, 3), nn.MaxPool2d(3, 2),
            conv(64, 80, 1), conv(80, 192, 3, 1, "valid"), nn.MaxPool2d(3, 2),
            block_a(192, 32), block_a(256, 64), block_a(288, 64), block_b(288),
            block_c(128), block_c(160), block_c(160), block_c(192), block_d(), block_e(1280), block_e(2048),
        )
        self.classifier = nn.Dense(2048, classes)

    def construct(self, x: Tensor) -> Tensor:
        return self.classifier(ops.mean(self.features(x), (2, 3)))


def network() -> nn.Cell:
    """The cell to export."""
    return InceptionV3()


def inputs(rng: np.random.Generator, pixels: int = 139) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return {"x": rng.standard_normal((1, 3, pixels, pixels), dtype=np.float32)}


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the paper has them."""
    return network(), inputs(rng, 299)
