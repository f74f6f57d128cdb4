"""Warp-CTC for captchas: two layers of LSTM (Hochreiter and Schmidhuber, 1997) over the columns of a picture."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn

from tests.conformance.networks.blocks.layers import pictures

CLASSES = 11


class StackedLSTM(nn.Cell):
    def __init__(self, height: int, hidden: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(3 * height, hidden, num_layers=2)
        self.classifier = nn.Dense(hidden, CLASSES)

    def construct(self, x: Tensor) -> Tensor:
        """[N, 3, H, W] -> [W, N, CLASSES]"""
        columns = x.transpose((3, 0, 1, 2)).reshape((x.shape[3], x.shape[0], -1))
        return self.classifier(self.lstm(columns)[0])


def network() -> nn.Cell:
    """The cell to export: narrow, for small pictures."""
    return StackedLSTM(height=16, hidden=32)


def inputs(rng: np.random.Generator, height: int = 16, width: int = 40) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return pictures(rng, height, width)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs at their usual size."""
    return StackedLSTM(height=64, hidden=512), inputs(rng, 64, 160)
