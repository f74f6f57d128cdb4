"""Train a small transformer to find mistakes of grammar with MindSpore, and export it: python -m samples.grammar.train

Writes beside this file grammar.mindir (input `tokens` int32 [1,16]), heldout.npz and calibration.npz.
"""
from __future__ import annotations

import math
from pathlib import Path

import mindspore as ms
import numpy as np
from mindspore import nn, ops
from mindspore.common.initializer import Normal, initializer

from samples import training
from samples.grammar.data import LABELS, LENGTH, WORDS, sentences

HERE = Path(__file__).resolve().parent
RECIPE = training.Recipe(epochs=20, steps=100, batch=64, peak_rate=1e-3, weight_decay=0.01, smoothing=0.0, warm_up=0.1)
WIDTH, HEADS, LAYERS, HIDDEN = 128, 4, 2, 640


class Attention(nn.Cell):
    """Every token looks at all of its sentence's T that are there: bias [N,1,1,T] is -1e4 where none is."""

    def __init__(self) -> None:
        super().__init__()
        self.query = nn.Dense(WIDTH, WIDTH)
        self.key = nn.Dense(WIDTH, WIDTH)
        self.value = nn.Dense(WIDTH, WIDTH)
        self.output = nn.Dense(WIDTH, WIDTH)

    def heads(self, x: ms.Tensor) -> ms.Tensor:
        """[N*T,C] -> [N,H,T,C/H]"""
        return x.reshape((-1, LENGTH, HEADS, WIDTH // HEADS)).transpose((0, 2, 1, 3))

    def construct(self, x: ms.Tensor, bias: ms.Tensor) -> ms.Tensor:
        query, key, value = self.heads(self.query(x)), self.heads(self.key(x)), self.heads(self.value(x))
        scores = ops.matmul(query, key.transpose((0, 1, 3, 2))) / math.sqrt(WIDTH // HEADS) + bias
        mixed = ops.matmul(ops.softmax(scores, -1), value)
        return self.output(mixed.transpose((0, 2, 1, 3)).reshape((-1, WIDTH)))


class Layer(nn.Cell):
    """Attention and a wide layer, each behind a norm and added to what came in, [N*T,C]."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm((WIDTH,)), nn.LayerNorm((WIDTH,))
        self.attention = Attention()
        self.expand, self.contract = nn.Dense(WIDTH, HIDDEN), nn.Dense(HIDDEN, WIDTH)
        self.gelu = nn.GELU()

    def construct(self, x: ms.Tensor, bias: ms.Tensor) -> ms.Tensor:
        x = x + self.attention(self.norm1(x), bias)
        return x + self.contract(self.gelu(self.expand(self.norm2(x))))


class Grammar(nn.Cell):
    """tokens int32 [N,16] -> logits [N,4], of the largest that any token gives.

    Between them tokens are rows of one matrix, for which dense layers need no reshapes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.words = ms.Parameter(initializer(Normal(0.5), (len(WORDS), WIDTH)), name="words")
        self.places = ms.Parameter(initializer(Normal(0.5), (LENGTH, WIDTH)), name="places")
        self.layers = nn.CellList([Layer() for _ in range(LAYERS)])
        self.norm = nn.LayerNorm((WIDTH,))
        self.classify = nn.Dense(WIDTH, len(LABELS))

    def construct(self, tokens: ms.Tensor) -> ms.Tensor:
        absent = (tokens == 0).astype(ms.float32) * -1e4
        x = ops.gather(self.words, tokens.reshape(-1), 0) + ops.tile(self.places, (tokens.shape[0], 1))
        for layer in self.layers:
            x = layer(x, absent.reshape((-1, 1, 1, LENGTH)))
        x = self.norm(x).reshape((-1, LENGTH, WIDTH)) + absent.reshape((-1, LENGTH, 1))
        return self.classify(ops.ReduceMax()(x, 1))


def main() -> None:
    training.start()
    held, held_labels = sentences(2000, seed=2)
    known = {row.tobytes() for row in held}

    def epoch_of(number: int) -> training.Examples:
        """A few sentences too many, for those that are held out."""
        tokens, labels = sentences(RECIPE.examples + 200, seed=100 + number)
        new = np.array([row.tobytes() not in known for row in tokens])
        return tokens[new][: RECIPE.examples].astype(np.int32), labels[new][: RECIPE.examples]

    network = Grammar()
    training.train(network, RECIPE, epoch_of)
    for name, tokens, labels in (("calibration", *sentences(200, seed=1)), ("heldout", held, held_labels)):
        np.savez_compressed(HERE / f"{name}.npz", tokens=tokens, labels=labels.astype(np.uint8))
        print(f"{name}: {training.correct(network, tokens.astype(np.int32), labels)} of {len(labels)} are right")
    training.export(network, Grammar(), held[:1].astype(np.int32), HERE / "grammar.mindir")


if __name__ == "__main__":
    main()
