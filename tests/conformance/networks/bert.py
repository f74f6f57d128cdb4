"""BERT as a classifier of sentence pairs (Devlin et al., 2018): embeddings, post-norm attention layers, a pooler."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from mindspore import Tensor, nn, ops

from tests.conformance.networks.blocks.attention import PostNormLayer


@dataclass(frozen=True)
class Size:
    width: int
    heads: int
    layers: int
    length: int
    tokens: int


SMALL = Size(width=48, heads=4, layers=2, length=16, tokens=100)
BASE = Size(width=768, heads=12, layers=12, length=128, tokens=21128)
POSITIONS, CLASSES = 512, 2


class Bert(nn.Cell):
    def __init__(self, size: Size) -> None:
        super().__init__()
        width = size.width
        self.words, self.types, self.places = (nn.Embedding(n, width) for n in (size.tokens, 2, POSITIONS))
        self.positions = Tensor(np.arange(size.length, dtype=np.int32)[np.newaxis])
        self.norm = nn.LayerNorm((width,), epsilon=1e-7)
        self.layers = nn.CellList([PostNormLayer(width, size.heads, 4 * width) for _ in range(size.layers)])
        self.pooler = nn.Dense(width, width, activation="tanh")
        self.classifier = nn.Dense(width, CLASSES)
        self.log_softmax = nn.LogSoftmax(axis=-1)

    def construct(self, input_ids: Tensor, input_mask: Tensor, token_type_id: Tensor) -> Tensor:
        batch, length = input_ids.shape
        x = self.norm(self.words(input_ids) + self.types(token_type_id) + self.places(self.positions))
        x = x.reshape((batch * length, -1))
        mask = ops.cast(input_mask.reshape((batch, 1, length)), x.dtype)
        for layer in self.layers:
            x = layer(x, mask)
        first = x.reshape((batch, length, -1))[:, 0:1, :].squeeze(1)
        return self.log_softmax(self.classifier(self.pooler(first)))


def network(size: Size = SMALL) -> nn.Cell:
    """The cell to export."""
    return Bert(size)


def inputs(rng: np.random.Generator, size: Size = SMALL, lengths: tuple[int, ...] = (16, 11)) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments: sentence pairs of some lengths."""
    places, ends = np.arange(size.length), np.array(lengths)[:, np.newaxis]
    return {
        "input_ids": rng.integers(0, size.tokens, (len(lengths), size.length), dtype=np.int32),
        "input_mask": (places < ends).astype(np.int32),
        "token_type_id": (places >= ends // 2).astype(np.int32),
    }


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """BERT-base and one sequence."""
    return network(BASE), inputs(rng, BASE, (BASE.length - 9,))
