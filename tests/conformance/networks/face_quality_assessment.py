"""FaceQualityAssessment: the angles of a face and a heat map of its five landmarks, residual (He et al., 2015)."""
from __future__ import annotations

from itertools import pairwise

import numpy as np
from mindspore import Tensor, nn

from tests.conformance.networks.blocks.face import Stage
from tests.conformance.networks.blocks.layers import conv_bn_relu, pictures

LANDMARKS = 5


class FaceQualityAssessment(nn.Cell):
    def __init__(self, width: int, pixels: int) -> None:
        super().__init__()
        widths = (width, 2 * width, 4 * width, 8 * width, 8 * width)
        self.features = nn.SequentialCell(
            [conv_bn_relu(3, width, 3), *(Stage(*pair) for pair in pairwise(widths))]
        )
        flat = 8 * width * (pixels // 16) ** 2
        self.angles = nn.SequentialCell(
            nn.Dense(flat, 16 * width), nn.Dense(16 * width, 4 * width), nn.Dense(4 * width, 3)
        )
        self.heat_map = nn.SequentialCell(
            nn.Conv2dTranspose(8 * width, 2 * width, 4, 2, "pad", 1),
            nn.Conv2dTranspose(2 * width, LANDMARKS, 4, 2, "pad", 1),
        )

    def construct(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y = self.features(x)
        return self.angles(y.reshape((y.shape[0], -1))), self.heat_map(y)


def network() -> nn.Cell:
    """The cell to export: narrow, for small pictures."""
    return FaceQualityAssessment(width=8, pixels=48)


def inputs(rng: np.random.Generator, pixels: int = 48) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return pictures(rng, pixels)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the paper has them."""
    return FaceQualityAssessment(width=32, pixels=96), inputs(rng, 96)
