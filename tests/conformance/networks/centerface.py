"""CenterFace (Xu et al., 2019): faces as points of a heat map, from MobileNetV2 and a pyramid of deconvolutions."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn, ops

from tests.conformance.networks.blocks.layers import conv_bn, conv_bn_relu, pictures
from tests.conformance.networks.blocks.mobilenet import V2_STAGES, InvertedResidual, scaled

NECK = 24
OUTPUTS = (1, 2, 2, 10)  # of a point: whether a face is there, its size, where exactly, and five landmarks
gain = 0.7


def backbone(width: float, most_blocks: int) -> tuple[list[nn.Cell], list[int]]:
    """Parts whose results are 1/4, 1/8, 1/16 and 1/32 of the picture, and their channels."""
    channels = scaled(32, width)
    layers: list[nn.Cell] = [conv_bn(3, channels, 3, 2, nn.ReLU6())]
    parts, sizes = [], []
    for index, (expansion, outputs, blocks, stride) in enumerate(V2_STAGES):
        for block in range(min(blocks, most_blocks)):
            narrow = scaled(outputs, width)
            layers.append(InvertedResidual(channels, narrow, stride if block == 0 else 1, channels * expansion))
            channels = narrow
        if index in (1, 2, 4, 6):
            parts.append(nn.SequentialCell(layers))
            sizes.append(channels)
            layers = []
    return parts, sizes


class CenterFace(nn.Cell):
    """most: how many points are returned."""

    def __init__(self, width: float, most_blocks: int, most: int) -> None:
        super().__init__()
        parts, channels = backbone(width, most_blocks)
        self.parts = nn.CellList(parts)
        self.lateral = nn.CellList([conv_bn_relu(c, NECK, 1) for c in channels])
        self.up = nn.CellList(
            [
                nn.SequentialCell(nn.Conv2dTranspose(NECK, NECK, 2, 2), nn.BatchNorm2d(NECK), nn.ReLU())
                for _ in range(3)
            ]
        )
        self.last = conv_bn_relu(NECK, NECK, 3)
        self.heads = nn.CellList([nn.Conv2d(NECK, outputs, 1, has_bias=True) for outputs in OUTPUTS])
        self.peaks = ops.MaxPoolWithArgmax(3, 1, "same")
        self.most = most

    def construct(self, x: Tensor) -> tuple[Tensor, ...]:
        """Scores and places of the highest points, then sizes, offsets and landmarks of all."""
        features = ()
        for part in self.parts:
            x = part(x)
            features += (x,)
        y = self.lateral[3](features[3])
        for level in (2, 1, 0):
            y = self.up[level](y) + self.lateral[level](features[level])
        y = self.last(y)
        heat = ops.sigmoid(self.heads[0](y))
        difference = ops.div(ops.abs(heat - self.peaks(heat)[0]), ops.abs(heat) + 1e-12)
        highest = ops.select(difference <= 1e-6, ops.ones_like(heat), ops.zeros_like(heat))
        scores, places = ops.topk((heat * highest).reshape((heat.shape[0], -1)), self.most)
        return scores, places, self.heads[1](y), self.heads[2](y), self.heads[3](y)


def network() -> nn.Cell:
    """The cell to export: fewer blocks, narrow ones."""
    return CenterFace(width=0.5, most_blocks=2, most=12)


def inputs(rng: np.random.Generator, pixels: int = 96) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return pictures(rng, pixels)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the paper has them."""
    return CenterFace(width=1.0, most_blocks=4, most=200), inputs(rng, 832)
