"""A tagger of words: an embedding and a bidirectional GRU of two layers (Cho et al., 2014), exported unrolled."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn


class Tagger(nn.Cell):
    """ids [N, T] -> tags [N, T, classes], the last states [4, N, H]"""

    def __init__(self, tokens: int, width: int, hidden: int, classes: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(tokens, width)
        self.gru = nn.GRU(width, hidden, num_layers=2, bidirectional=True)
        self.classifier = nn.Dense(2 * hidden, classes)

    def construct(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y, states = self.gru(self.embedding(x).transpose((1, 0, 2)))
        return self.classifier(y.transpose((1, 0, 2))), states


def network(tokens: int = 100, width: int = 12, hidden: int = 16, classes: int = 5) -> nn.Cell:
    """The cell to export."""
    return Tagger(tokens, width, hidden, classes)


def inputs(rng: np.random.Generator, batch: int = 2, length: int = 4, tokens: int = 100) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return {"x": rng.integers(0, tokens, (batch, length), dtype=np.int32)}


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """A usual size and a sentence of 20 words."""
    return network(8154, 256, 512, 100), inputs(rng, 1, 20, 8154)
