"""Sentiment of a review: an embedding, a bidirectional LSTM of two layers, its first and last step to a classifier.

Hochreiter and Schmidhuber, 1997; Graves and Schmidhuber, 2005.
"""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn, ops

CLASSES = 2


class SentimentNet(nn.Cell):
    def __init__(self, tokens: int, width: int, hidden: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(tokens, width)
        self.encoder = nn.LSTM(width, hidden, num_layers=2, bidirectional=True)
        self.decoder = nn.Dense(4 * hidden, CLASSES)

    def construct(self, inputs: Tensor) -> Tensor:
        x = self.embedding(inputs).transpose((1, 0, 2))
        steps = self.encoder(x)[0]
        return self.decoder(ops.concat((steps[0], steps[-1]), axis=1))


def network(tokens: int = 200, width: int = 20, hidden: int = 24) -> nn.Cell:
    """The cell to export."""
    return SentimentNet(tokens, width, hidden)


def inputs(rng: np.random.Generator, batch: int = 2, length: int = 30, tokens: int = 200) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return {"inputs": rng.integers(0, tokens, (batch, length), dtype=np.int32)}


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network for film reviews and one of 500 words."""
    return network(20000, 300, 100), inputs(rng, 1, 500, 20000)
