"""GoogLeNet (Szegedy et al., 2014) with batch norm: four branches on the same input, one of them a pooling."""
from __future__ import annotations

import numpy as np
from mindspore import nn

from tests.conformance.networks.blocks.layers import Branches, Classifier, conv_bn_relu, pictures

# in sixteenths: of 1x1; before and of 3x3; before and of the other 3x3; of the pooled; None: a pooling to half the size
BLOCKS = (
    (4, 6, 8, 1, 2, 2), (8, 8, 12, 2, 6, 4), None,
    (12, 6, 13, 1, 3, 4), (10, 7, 14, 1.5, 4, 4), (8, 8, 16, 1.5, 4, 4), (7, 9, 18, 2, 4, 4), (16, 10, 20, 2, 8, 8),
    None,
    (16, 10, 20, 2, 8, 8), (24, 12, 24, 3, 8, 8),
)  # fmt: skip


def googlenet(unit: int) -> nn.Cell:
    """Classes; the channels are as many units as BLOCKS says."""
    layers: list[nn.Cell] = [
        conv_bn_relu(3, 4 * unit, 7, 2), nn.MaxPool2d(3, 2, "same"), conv_bn_relu(4 * unit, 4 * unit, 1),
        conv_bn_relu(4 * unit, 12 * unit, 3), nn.MaxPool2d(3, 2, "same"),
    ]  # fmt: skip
    channels = 12 * unit
    for block in BLOCKS:
        if block is None:
            layers.append(nn.MaxPool2d(3, 2, "same"))
            continue
        a, b1, b, c1, c, pooled = (int(part * unit) for part in block)
        layers.append(
            Branches(
                conv_bn_relu(channels, a, 1),
                nn.SequentialCell(conv_bn_relu(channels, b1, 1), conv_bn_relu(b1, b, 3)),
                nn.SequentialCell(conv_bn_relu(channels, c1, 1), conv_bn_relu(c1, c, 3)),
                nn.SequentialCell(nn.MaxPool2d(3, 1, "same"), conv_bn_relu(channels, pooled, 1)),
            )
        )
        channels = a + b + c + pooled
    return Classifier(nn.SequentialCell(layers), channels)


def network() -> nn.Cell:
    """The cell to export: narrow."""
    return googlenet(unit=2)


def inputs(rng: np.random.Generator, pixels: int = 64) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return pictures(rng, pixels)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the paper has them."""
    return googlenet(unit=16), inputs(rng, 224)
