"""AdvancedEAST (after Zhou et al., 2017): corners of text from three sizes of a VGG-16 with group norm."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn, ops

from tests.conformance.networks.blocks.layers import pictures
from tests.conformance.networks.blocks.vgg import VGG


def conv(inputs: int, outputs: int, kernel: int = 3) -> nn.SequentialCell:
    """Convolution with a bias, group norm, ReLU."""
    layer = nn.Conv2d(inputs, outputs, kernel, has_bias=True)
    return nn.SequentialCell(layer, nn.GroupNorm(min(32, outputs // 2), outputs), nn.ReLU())


def merge(inputs: int, outputs: int) -> nn.SequentialCell:
    return nn.SequentialCell(conv(inputs, outputs, 1), conv(outputs, outputs))


def head(inputs: int, outputs: int) -> nn.Cell:
    return nn.Conv2d(inputs, outputs, 1, has_bias=True)


class AdvancedEast(nn.Cell):
    def __init__(self, width: int, pixels: int) -> None:
        super().__init__()
        self.features = VGG(conv, width)
        self.merges = nn.CellList(
            [merge(16 * width, 2 * width), merge(6 * width, width), merge(3 * width, width // 2)]
        )
        self.larger = [ops.ResizeNearestNeighbor((pixels // scale, pixels // scale)) for scale in (16, 8, 4)]
        self.last = conv(width // 2, width // 2)
        self.inside, self.corner, self.places = (head(width // 2, outputs) for outputs in (1, 2, 4))

    def construct(self, x: Tensor) -> Tensor:
        """[N, 7, H / 4, W / 4]: whether text is there and ends there, and where its corners are."""
        features = self.features(x)
        y = features[4]
        for step in range(3):
            y = self.merges[step](ops.concat((self.larger[step](y), features[3 - step]), axis=1))
        y = self.last(y)
        return ops.concat((self.inside(y), self.corner(y), self.places(y)), axis=1)


def network() -> nn.Cell:
    """The cell to export: narrow, for small pictures."""
    return AdvancedEast(width=16, pixels=64)


def inputs(rng: np.random.Generator, pixels: int = 64) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return pictures(rng, pixels)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the paper has them."""
    return AdvancedEast(width=64, pixels=256), inputs(rng, 256)
