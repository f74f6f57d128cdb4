"""SE-Net (Hu et al., 2017): ResNet-50, each block's result weighed channel by channel."""
from __future__ import annotations

import numpy as np
from mindspore import nn

from tests.conformance.networks.blocks.layers import Classifier, SqueezeExcitation, pictures
from tests.conformance.networks.blocks.resnet import Bottleneck, ResNet, stem

gain = 0.7  # the gates' logits reach 4e3 else, where any rounding decides between 0 and 1


class Weighed(Bottleneck):
    """A block that weighs its channels before they are added to its input."""

    def __init__(self, inputs: int, width: int, stride: int, dilation: int) -> None:
        super().__init__(inputs, width, stride, dilation)
        self.layers.append(SqueezeExcitation(self.outputs))


def se_net(blocks: tuple[int, ...], width: int) -> nn.Cell:
    """Classes from blocks in stages, the first of `width` channels."""
    features = ResNet(stem(width), Weighed, blocks, width)
    return Classifier(features, features.outputs)


def network() -> nn.Cell:
    """The cell to export: fewer blocks, narrow ones."""
    return se_net((1, 2, 1, 1), width=16)


def inputs(rng: np.random.Generator, pixels: int = 64) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return pictures(rng, pixels)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the paper has them."""
    return se_net((3, 4, 6, 3), width=64), inputs(rng, 224)
