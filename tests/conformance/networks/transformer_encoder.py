"""A post-norm transformer encoder over token ids (Vaswani et al., 2017): embedding, masked attention, GELU."""
from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from mindspore import Parameter, Tensor, nn, ops
from mindspore.common.initializer import initializer


@dataclass(frozen=True)
class Size:
    width: int
    heads: int
    layers: int
    length: int
    tokens: int


SMALL = Size(width=64, heads=4, layers=2, length=16, tokens=100)
BERT_BASE = Size(width=768, heads=12, layers=2, length=128, tokens=30522)  # two of its twelve layers


class Attention(nn.Cell):
    def __init__(self, size: Size) -> None:
        super().__init__()
        self.size = size
        width = size.width
        self.query = nn.Dense(width, width)
        self.key = nn.Dense(width, width)
        self.value = nn.Dense(width, width)
        self.output = nn.Dense(width, width)
        self.scores = ops.BatchMatMul(transpose_b=True)
        self.mix = ops.BatchMatMul()
        self.softmax = nn.Softmax(axis=-1)

    def split(self, x: Tensor) -> Tensor:
        """[N, T, C] -> [N, H, T, C / H]"""
        size = self.size
        return x.reshape((-1, size.length, size.heads, size.width // size.heads)).transpose((0, 2, 1, 3))

    def construct(self, x: Tensor, bias: Tensor) -> Tensor:
        query, key, value = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
        weights = self.softmax(self.scores(query, key) / math.sqrt(self.size.width // self.size.heads) + bias)
        y = self.mix(weights, value).transpose((0, 2, 1, 3)).reshape((-1, self.size.length, self.size.width))
        return self.output(y)


class Layer(nn.Cell):
    def __init__(self, size: Size) -> None:
        super().__init__()
        width = size.width
        self.attention = Attention(size)
        self.norm1 = nn.LayerNorm((width,), epsilon=1e-7)
        self.expand = nn.Dense(width, 4 * width)
        self.gelu = nn.GELU()
        self.contract = nn.Dense(4 * width, width)
        self.norm2 = nn.LayerNorm((width,), epsilon=1e-7)

    def construct(self, x: Tensor, bias: Tensor) -> Tensor:
        x = self.norm1(x + self.attention(x, bias))
        return self.norm2(x + self.contract(self.gelu(self.expand(x))))


class TransformerEncoder(nn.Cell):
    def __init__(self, size: Size) -> None:
        super().__init__()
        width = size.width
        self.embedding = nn.Embedding(size.tokens, width)
        self.position = Parameter(initializer("normal", (1, size.length, width)), name="position")
        self.layers = nn.CellList([Layer(size) for _ in range(size.layers)])
        self.pooler = nn.Dense(width, width, activation="tanh")

    def construct(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        x = self.embedding(ids) + self.position
        bias = (1.0 - mask.expand_dims(1).expand_dims(1)) * -10000.0
        for layer in self.layers:
            x = layer(x, bias)
        return x, self.pooler(x[:, 0])


def network(size: Size = SMALL) -> nn.Cell:
    """The cell to export."""
    return TransformerEncoder(size)


def inputs(rng: np.random.Generator, size: Size = SMALL, lengths: tuple[int, ...] = (16, 11)) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return {
        "ids": rng.integers(0, size.tokens, (len(lengths), size.length), dtype=np.int32),
        "mask": (np.arange(size.length) < np.array(lengths)[:, np.newaxis]).astype(np.float32),
    }


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """Layers as BERT-base has them, and one full sequence."""
    return network(BERT_BASE), inputs(rng, BERT_BASE, (BERT_BASE.length,))
