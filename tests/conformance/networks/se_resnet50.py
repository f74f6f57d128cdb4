"""SE-ResNet-50 (Hu et al., 2017; He et al., 2018): three convolutions for a stem, and pictures made smaller by taking
every other pixel, which is a pooling of windows of 1x1. The first block of the last two stages is weighed channel by
channel.
"""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn

from tests.conformance.networks.blocks.layers import Classifier, SqueezeExcitation, conv_bn, conv_bn_relu, pictures
from tests.conformance.networks.blocks.resnet import ResNet


class Block(nn.Cell):
    """weighed: where it makes pictures smaller, its result is weighed before it is added to the input."""

    def __init__(self, inputs: int, width: int, stride: int, weighed: int) -> None:
        super().__init__()
        self.outputs = 4 * width
        subsample = [nn.MaxPool2d(1, stride)] if stride > 1 else []
        weights = [SqueezeExcitation(self.outputs)] if weighed and stride > 1 else []
        self.layers = nn.SequentialCell(
            [
                *subsample, conv_bn_relu(inputs, width, 1), conv_bn_relu(width, width, 3),
                conv_bn(width, self.outputs, 1), *weights,
            ]
        )  # fmt: skip
        shortcut = nn.SequentialCell([*subsample, conv_bn(inputs, self.outputs, 1)])
        self.shortcut = nn.Identity() if inputs == self.outputs else shortcut
        self.relu = nn.ReLU()

    def construct(self, x: Tensor) -> Tensor:
        return self.relu(self.layers(x) + self.shortcut(x))


def se_resnet50(blocks: tuple[int, ...], width: int) -> nn.Cell:
    """Classes from blocks in stages, the first of `width` channels."""
    stem = nn.SequentialCell(
        conv_bn_relu(3, width // 2, 3, 2), conv_bn_relu(width // 2, width // 2, 3), conv_bn_relu(width // 2, width, 3),
        nn.MaxPool2d(3, 2, "same"),
    )  # fmt: skip
    features = ResNet(stem, Block, blocks, width, extras=(0, 0, 1, 1))
    return Classifier(features, features.outputs)


def network() -> nn.Cell:
    """The cell to export: fewer blocks, narrow ones."""
    return se_resnet50((1, 1, 2, 1), width=16)


def inputs(rng: np.random.Generator, pixels: int = 64) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return pictures(rng, pixels)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the paper has them."""
    return se_resnet50((3, 4, 6, 3), width=64), inputs(rng, 256)
