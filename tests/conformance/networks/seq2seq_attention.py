"""Translation by recurrent networks with attention (Bahdanau et al., 2014): GRU encoder, six words decoded greedily."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn, ops

STEPS = 6


class Decoder(nn.Cell):
    """One word: the last one [N] and the state [N, H] look at the encoder's steps [N, T, H]."""

    def __init__(self, tokens: int, hidden: int, length: int) -> None:
        super().__init__()
        self.length = length
        self.embedding = nn.Embedding(tokens, hidden)
        self.match, self.rate = nn.Dense(2 * hidden, hidden), nn.Dense(hidden, 1, has_bias=False)
        self.tanh, self.softmax = nn.Tanh(), nn.Softmax(axis=-1)
        self.mix = ops.BatchMatMul()
        self.cell = nn.GRUCell(2 * hidden, hidden)
        self.classifier = nn.Dense(2 * hidden, tokens)

    def construct(self, word: Tensor, state: Tensor, steps: Tensor) -> tuple[Tensor, Tensor]:
        queries = ops.tile(state.expand_dims(1), (1, self.length, 1))
        scores = self.rate(self.tanh(self.match(ops.concat((queries, steps), axis=2)))).squeeze(2)
        context = self.mix(self.softmax(scores).expand_dims(1), steps).squeeze(1)
        state = self.cell(ops.concat((self.embedding(word), context), axis=1), state)
        return self.classifier(ops.concat((state, context), axis=1)), state


class Seq2Seq(nn.Cell):
    """src [N, T], tok [N], the word to start with -> the words [N, STEPS], their scores [N, STEPS, tokens]"""

    def __init__(self, tokens: int, hidden: int, length: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(tokens, hidden)
        self.encoder = nn.GRU(hidden, hidden)
        self.decoder = Decoder(tokens, hidden, length)
        self.largest = ops.Argmax()

    def construct(self, src: Tensor, tok: Tensor) -> tuple[Tensor, Tensor]:
        steps, states = self.encoder(self.embedding(src).transpose((1, 0, 2)))
        steps, state, word = steps.transpose((1, 0, 2)), states[0], tok
        words, scores = [], []
        for _ in range(STEPS):
            score, state = self.decoder(word, state, steps)
            word = self.largest(score)
            words.append(word)
            scores.append(score)
        return ops.stack(words, axis=1), ops.stack(scores, axis=1)


def network(tokens: int = 40, hidden: int = 16, length: int = 5) -> nn.Cell:
    """The cell to export."""
    return Seq2Seq(tokens, hidden, length)


def inputs(rng: np.random.Generator, batch: int = 2, length: int = 5, tokens: int = 40) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return {
        "src": rng.integers(0, tokens, (batch, length), dtype=np.int32),
        "tok": np.ones(batch, np.int32),
    }


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """A usual size and a sentence of ten words."""
    return network(2000, 256, 10), inputs(rng, 1, 10, 2000)
