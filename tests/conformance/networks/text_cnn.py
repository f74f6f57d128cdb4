"""TextCNN (Kim, 2014): an embedding, filters over 3, 4 and 5 words, the largest response of each over time."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn, ops

HEIGHTS, CLASSES = (3, 4, 5), 2


class Filters(nn.Cell):
    """[N, 1, T, C] -> [N, filters]: convolution over `height` words, ReLU, the maximum over time."""

    def __init__(self, length: int, width: int, filters: int, height: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, filters, (height, width), pad_mode="pad", padding=0, has_bias=True)
        self.relu = nn.ReLU()
        self.pool = nn.MaxPool2d((length - height + 1, 1))
        self.largest = ops.ReduceMax()

    def construct(self, x: Tensor) -> Tensor:
        return self.largest(self.pool(self.relu(self.conv(x))), (2, 3))


class TextCNN(nn.Cell):
    def __init__(self, length: int, tokens: int, width: int, filters: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(tokens, width)
        self.filters = nn.CellList([Filters(length, width, filters, height) for height in HEIGHTS])
        self.dropout = nn.Dropout(p=0.5)
        self.classifier = nn.Dense(len(HEIGHTS) * filters, CLASSES)

    def construct(self, x: Tensor) -> Tensor:
        x = self.embedding(x).expand_dims(1)
        y = ops.concat([apply(x) for apply in self.filters], axis=1)
        return self.classifier(self.dropout(y))


def network(length: int = 20, tokens: int = 200, width: int = 16, filters: int = 12) -> nn.Cell:
    """The cell to export."""
    return TextCNN(length, tokens, width, filters)


def inputs(rng: np.random.Generator, batch: int = 3, length: int = 20, tokens: int = 200) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return {"x": rng.integers(0, tokens, (batch, length), dtype=np.int32)}


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network for film reviews and one of them."""
    return network(51, 20305, 40, 96), inputs(rng, 1, 51, 20305)
