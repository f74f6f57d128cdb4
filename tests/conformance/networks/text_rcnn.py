"""TextRCNN (Lai et al., 2015): a word between its left and right contexts, a GRU each, the maximum over time.

The recurrence is written out step by step.
"""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn, ops

CLASSES = 2


class Cell(nn.Cell):
    """One step of a gated recurrent unit (Cho et al., 2014): x [N, C], h [N, H] -> h."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.reset, self.update, self.candidate = (nn.Dense(width + hidden, hidden) for _ in range(3))
        self.sigmoid, self.tanh = nn.Sigmoid(), nn.Tanh()

    def construct(self, x: Tensor, h: Tensor) -> Tensor:
        both = ops.concat((h, x), axis=1)
        update = self.sigmoid(self.update(both))
        candidate = self.tanh(self.candidate(ops.concat((self.sigmoid(self.reset(both)) * h, x), axis=1)))
        return (1.0 - update) * h + update * candidate


class TextRCNN(nn.Cell):
    def __init__(self, batch: int, length: int, tokens: int, width: int, hidden: int) -> None:
        super().__init__()
        self.length = length
        self.embedding = nn.Embedding(tokens, width)
        self.forward, self.backward = Cell(width, hidden), Cell(width, hidden)
        self.start = Tensor(np.zeros((batch, hidden), np.float32))
        self.mix = nn.Dense(width + 2 * hidden, hidden)
        self.tanh = nn.Tanh()
        self.largest = ops.ReduceMax()
        self.classifier = nn.Dense(hidden, CLASSES)

    def construct(self, output_bw: Tensor) -> Tensor:
        x = self.embedding(output_bw).transpose((1, 0, 2))
        left = right = self.start
        lefts = rights = self.start.expand_dims(0)
        for step in range(self.length):
            left, right = self.forward(x[step], left), self.backward(x[self.length - 1 - step], right)
            lefts = ops.concat((lefts, left.expand_dims(0)))
            rights = ops.concat((right.expand_dims(0), rights))
        contexts = ops.concat((lefts[:-1], x, rights[1:]), axis=2)
        return self.classifier(self.largest(self.tanh(self.mix(contexts)), 0))


def network(batch: int = 2, length: int = 6, tokens: int = 100, width: int = 12, hidden: int = 10) -> nn.Cell:
    """The cell to export."""
    return TextRCNN(batch, length, tokens, width, hidden)


def inputs(rng: np.random.Generator, batch: int = 2, length: int = 6, tokens: int = 100) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return {"output_bw": rng.integers(0, tokens, (batch, length), dtype=np.int32)}


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network for film reviews and one of 50 words."""
    return network(1, 50, 20305, 300, 512), inputs(rng, 1, 50, 20305)
