"""TinyBERT (Jiao et al., 2019), 4 layers of 312: word, position and type embeddings, attention, GELU, a classifier."""
from __future__ import annotations

import math

import numpy as np
from mindspore import Parameter, Tensor, nn, ops
from mindspore.common.initializer import initializer

LAYERS, WIDTH, HEADS, HIDDEN, TOKENS, POSITIONS, CLASSES = 4, 312, 12, 1200, 30522, 512, 2


class SelfAttention(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Dense(WIDTH, WIDTH) for _ in range(3))
        self.output = nn.Dense(WIDTH, WIDTH)
        self.softmax = nn.Softmax(axis=-1)

    def construct(self, x: Tensor, bias: Tensor) -> Tensor:
        length = bias.shape[-1]
        shape = (-1, length, HEADS, WIDTH // HEADS)
        query = self.query(x).reshape(shape).transpose((0, 2, 1, 3))
        key = self.key(x).reshape(shape).transpose((0, 2, 3, 1))
        value = self.value(x).reshape(shape).transpose((0, 2, 1, 3))
        weights = self.softmax(ops.matmul(query, key) * (1 / math.sqrt(WIDTH // HEADS)) + bias)
        return self.output(ops.matmul(weights, value).transpose((0, 2, 1, 3)).reshape((-1, WIDTH)))


class Layer(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.attention = SelfAttention()
        self.norm1 = nn.LayerNorm((WIDTH,), epsilon=1e-12)
        self.expand = nn.Dense(WIDTH, HIDDEN)
        self.gelu = nn.GELU()
        self.contract = nn.Dense(HIDDEN, WIDTH)
        self.norm2 = nn.LayerNorm((WIDTH,), epsilon=1e-12)

    def construct(self, x: Tensor, bias: Tensor) -> Tensor:
        x = self.norm1(x + self.attention(x, bias))
        return self.norm2(x + self.contract(self.gelu(self.expand(x))))


class TinyBert(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(TOKENS, WIDTH)
        self.types = nn.Embedding(2, WIDTH)
        self.positions = Parameter(initializer("normal", (POSITIONS, WIDTH)), name="positions")
        self.norm = nn.LayerNorm((WIDTH,), epsilon=1e-12)
        self.layers = nn.CellList([Layer() for _ in range(LAYERS)])
        self.pooler = nn.Dense(WIDTH, WIDTH, activation="tanh")
        self.classifier = nn.Dense(WIDTH, CLASSES)

    def construct(self, ids: Tensor, types: Tensor, mask: Tensor) -> Tensor:
        length = ids.shape[1]
        x = self.norm(self.words(ids) + self.types(types) + self.positions[:length]).reshape((-1, WIDTH))
        bias = (1.0 - mask.reshape((-1, 1, 1, length))) * -10000.0
        for layer in self.layers:
            x = layer(x, bias)
        first = x.reshape((-1, length, WIDTH))[:, 0]
        return self.classifier(self.pooler(first))


def network() -> nn.Cell:
    """The cell to export."""
    return TinyBert()


def inputs(rng: np.random.Generator, length: int = 128) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return {
        "ids": rng.integers(0, TOKENS, (1, length), dtype=np.int32),
        "types": (np.arange(length) >= length // 2).astype(np.int32)[np.newaxis],
        "mask": (np.arange(length) < length - 9).astype(np.float32)[np.newaxis],
    }
