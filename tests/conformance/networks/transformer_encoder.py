"""A small post-norm transformer encoder over token ids (Vaswani et al., 2017): embedding, masked attention, GELU."""
from __future__ import annotations

import math

import numpy as np
from mindspore import Parameter, Tensor, nn, ops
from mindspore.common.initializer import initializer

WIDTH, HEADS, LAYERS, LENGTH, TOKENS = 64, 4, 2, 16, 100


class Attention(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.query = nn.Dense(WIDTH, WIDTH)
        self.key = nn.Dense(WIDTH, WIDTH)
        self.value = nn.Dense(WIDTH, WIDTH)
        self.output = nn.Dense(WIDTH, WIDTH)
        self.scores = ops.BatchMatMul(transpose_b=True)
        self.mix = ops.BatchMatMul()
        self.softmax = nn.Softmax(axis=-1)

    def split(self, x: Tensor) -> Tensor:
        """[N, T, C] -> [N, H, T, C / H]"""
        return x.reshape((-1, LENGTH, HEADS, WIDTH // HEADS)).transpose((0, 2, 1, 3))

    def construct(self, x: Tensor, bias: Tensor) -> Tensor:
        query, key, value = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
        weights = self.softmax(self.scores(query, key) / math.sqrt(WIDTH // HEADS) + bias)
        y = self.mix(weights, value).transpose((0, 2, 1, 3)).reshape((-1, LENGTH, WIDTH))
        return self.output(y)


class Layer(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.attention = Attention()
        self.norm1 = nn.LayerNorm((WIDTH,), epsilon=1e-7)
        self.expand = nn.Dense(WIDTH, 4 * WIDTH)
        self.gelu = nn.GELU()
        self.contract = nn.Dense(4 * WIDTH, WIDTH)
        self.norm2 = nn.LayerNorm((WIDTH,), epsilon=1e-7)

    def construct(self, x: Tensor, bias: Tensor) -> Tensor:
        x = self.norm1(x + self.attention(x, bias))
        return self.norm2(x + self.contract(self.gelu(self.expand(x))))


class TransformerEncoder(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(TOKENS, WIDTH)
        self.position = Parameter(initializer("normal", (1, LENGTH, WIDTH)), name="position")
        self.layers = nn.CellList([Layer() for _ in range(LAYERS)])
        self.pooler = nn.Dense(WIDTH, WIDTH, activation="tanh")

    def construct(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        x = self.embedding(ids) + self.position
        bias = (1.0 - mask.expand_dims(1).expand_dims(1)) * -10000.0
        for layer in self.layers:
            x = layer(x, bias)
        return x, self.pooler(x[:, 0])


def network() -> nn.Cell:
    """The cell to export."""
    return TransformerEncoder()


def inputs(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return {
        "ids": rng.integers(0, TOKENS, (2, LENGTH), dtype=np.int32),
        "mask": (np.arange(LENGTH) < [[LENGTH], [11]]).astype(np.float32),
    }
