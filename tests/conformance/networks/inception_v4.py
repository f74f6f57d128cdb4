"""Inception-v4 (Szegedy et al., 2016): branches of asymmetric convolutions, and branches of branches."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn, ops

from tests.conformance.networks.blocks.layers import Branches, conv_bn_relu, pictures

Sizes = tuple[int | tuple[int, int], ...]


def chain(channels: tuple[int, ...], kernels: Sizes, stride: int = 1) -> nn.SequentialCell:
    """Convolutions from each number of channels to the next, the last one of a stride that does not pad."""
    layers = []
    for index, kernel in enumerate(kernels):
        last = stride > 1 and index == len(kernels) - 1
        mode = "valid" if last else "same"
        layers.append(conv_bn_relu(channels[index], channels[index + 1], kernel, stride if last else 1, mode))
    return nn.SequentialCell(layers)


def pooled(channels: int, outputs: int) -> nn.SequentialCell:
    """A convolution of means."""
    return nn.SequentialCell(nn.AvgPool2d(3, 1, "same"), conv_bn_relu(channels, outputs, 1))


def stem(w: int) -> nn.SequentialCell:
    """An eighth of the size, 12 w channels."""
    return nn.SequentialCell(
        conv_bn_relu(3, w, 3, 2, "valid"), conv_bn_relu(w, w, 3, 1, "valid"), conv_bn_relu(w, 2 * w, 3, 1, "same"),
        Branches(nn.MaxPool2d(3, 2), conv_bn_relu(2 * w, 3 * w, 3, 2, "valid")),
        Branches(
            nn.SequentialCell(conv_bn_relu(5 * w, 2 * w, 1), conv_bn_relu(2 * w, 3 * w, 3, 1, "valid")),
            nn.SequentialCell(
                chain((5 * w, 2 * w, 2 * w, 2 * w), (1, (7, 1), (1, 7))), conv_bn_relu(2 * w, 3 * w, 3, 1, "valid")
            ),
        ),
        Branches(conv_bn_relu(6 * w, 6 * w, 3, 2, "valid"), nn.MaxPool2d(3, 2)),
    )  # fmt: skip


def block_a(w: int) -> nn.Cell:
    return Branches(
        pooled(12 * w, 3 * w),
        chain((12 * w, 3 * w), (1,)),
        chain((12 * w, 2 * w, 3 * w), (1, 3)),
        chain((12 * w, 2 * w, 3 * w, 3 * w), (1, 3, 3)),
    )


def block_b(w: int) -> nn.Cell:
    return Branches(
        pooled(32 * w, 4 * w),
        chain((32 * w, 12 * w), (1,)),
        chain((32 * w, 6 * w, 7 * w, 8 * w), (1, (1, 7), (7, 1))),
        chain((32 * w, 6 * w, 6 * w, 7 * w, 7 * w, 8 * w), (1, (1, 7), (7, 1), (1, 7), (7, 1))),
    )


def split(channels: int, outputs: int) -> nn.Cell:
    """Convolutions of a row and of a column."""
    return Branches(chain((channels, outputs), ((1, 3),)), chain((channels, outputs), ((3, 1),)))


def block_c(w: int) -> nn.Cell:
    return Branches(
        pooled(48 * w, 8 * w),
        chain((48 * w, 8 * w), (1,)),
        nn.SequentialCell(chain((48 * w, 12 * w), (1,)), split(12 * w, 8 * w)),
        nn.SequentialCell(chain((48 * w, 12 * w, 14 * w, 16 * w), (1, (3, 1), (1, 3))), split(16 * w, 8 * w)),
    )


class InceptionV4(nn.Cell):
    def __init__(self, w: int, blocks: tuple[int, int, int], classes: int = 1000) -> None:
        super().__init__()
        a, b, c = blocks
        self.features = nn.SequentialCell(
            [
                stem(w), *(block_a(w) for _ in range(a)),
                Branches(
                    chain((12 * w, 12 * w), (3,), 2), chain((12 * w, 6 * w, 7 * w, 8 * w), (1, 3, 3), 2),
                    nn.MaxPool2d(3, 2),
                ),
                *(block_b(w) for _ in range(b)),
                Branches(
                    chain((32 * w, 6 * w, 6 * w), (1, 3), 2),
                    chain((32 * w, 8 * w, 8 * w, 10 * w, 10 * w), (1, (1, 7), (7, 1), 3), 2), nn.MaxPool2d(3, 2),
                ),
                *(block_c(w) for _ in range(c)),
            ]
        )  # fmt: skip
        self.classifier = nn.SequentialCell(
            nn.BatchNorm1d(48 * w), nn.Dropout(p=0.2), nn.Dense(48 * w, classes), nn.BatchNorm1d(classes)
        )

    def construct(self, x: Tensor) -> Tensor:
        return ops.log_softmax(self.classifier(ops.mean(self.features(x), (2, 3))))


def network() -> nn.Cell:
    """The cell to export: fewer blocks, narrow ones."""
    return InceptionV4(w=2, blocks=(1, 1, 1))


def inputs(rng: np.random.Generator, pixels: int = 96) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return pictures(rng, pixels)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the paper has them."""
    return InceptionV4(w=32, blocks=(4, 7, 3)), inputs(rng, 299)
