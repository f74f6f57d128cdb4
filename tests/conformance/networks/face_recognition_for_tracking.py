"""FaceRecognitionForTracking: an embedding of length 1 that tells people of 96x64 pixels apart, residual (He et al.,
2015).
"""
from __future__ import annotations

from itertools import pairwise

import numpy as np
from mindspore import Tensor, nn, ops

from tests.conformance.networks.blocks.face import Stage
from tests.conformance.networks.blocks.layers import pictures


class FaceRecognitionForTracking(nn.Cell):
    def __init__(self, width: int, height: int, columns: int) -> None:
        super().__init__()
        widths = (3, width, 2 * width, 4 * width, 8 * width)
        stages = [Stage(*pair, has_bias=True) for pair in pairwise(widths)]
        self.features = nn.SequentialCell(stages)
        self.embedding = nn.Dense(8 * width * (height // 16) * (columns // 16), 128)
        self.norm = nn.BatchNorm1d(128)
        self.unit = ops.L2Normalize(axis=1)

    def construct(self, x: Tensor) -> Tensor:
        y = self.features(x)
        return self.unit(self.norm(self.embedding(y.reshape((y.shape[0], -1)))))


def network() -> nn.Cell:
    """The cell to export: narrow, for small pictures."""
    return FaceRecognitionForTracking(width=8, height=48, columns=32)


def inputs(rng: np.random.Generator, height: int = 48, width: int = 32) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return pictures(rng, height, width)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the paper has them."""
    return FaceRecognitionForTracking(width=32, height=96, columns=64), inputs(rng, 96, 64)
