"""Translation by an encoder and a decoder whose steps are unrolled, with beam search over its words."""
from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from mindspore import Parameter, Tensor, dtype, nn, ops
from mindspore.common.initializer import initializer

from tests.conformance.networks.blocks.attention import PreNormDecoderLayer, PreNormEncoderLayer

START, END, MINUS_INFINITY = 1, 2, -1e9
BEAMS, STEPS, LENGTH_PENALTY = 4, 4, 1.0


@dataclass(frozen=True)
class Size:
    """has_bias: of the projections around attention."""

    width: int
    heads: int
    layers: int
    length: int
    tokens: int
    has_bias: bool


def sinusoids(length: int, width: int) -> np.ndarray:
    """[T, C]: sines, then cosines, of the position at wavelengths from 2 pi to 10000 * 2 pi."""
    rates = np.exp(-math.log(10000) * np.arange(width // 2) / (width // 2 - 1))
    angles = np.arange(length)[:, np.newaxis] * rates
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)


class Embedding(nn.Cell):
    """Rows of the table, scaled, plus positions. ids [N, T] -> [N * T, C]"""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.width, self.scale = size.width, math.sqrt(size.width)
        self.mul = ops.Mul()
        self.positions = Tensor(sinusoids(max(size.length, STEPS), size.width)[np.newaxis])

    def construct(self, ids: Tensor, table: Tensor) -> Tensor:
        x = ops.gather(table, ids.reshape(-1), 0).reshape((*ids.shape, self.width))
        return (self.mul(x, self.scale) + self.positions[:, 0 : ids.shape[1], :]).reshape((-1, self.width))


class Encoder(nn.Cell):
    def __init__(self, size: Size) -> None:
        super().__init__()
        rows = [PreNormEncoderLayer(size.width, size.heads, 4 * size.width, size.has_bias) for _ in range(size.layers)]
        self.layers = nn.CellList(rows)
        self.norm = nn.LayerNorm((size.width,), epsilon=1e-7)

    def construct(self, x: Tensor, mask: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x, mask)
        return self.norm(x)


class Decoder(nn.Cell):
    """Log probabilities [N, tokens] of the word behind ids [N, T]."""

    def __init__(self, size: Size, embedding: Embedding) -> None:
        super().__init__()
        rows = [PreNormDecoderLayer(size.width, size.heads, 4 * size.width, size.has_bias) for _ in range(size.layers)]
        self.layers = nn.CellList(rows)
        self.norm = nn.LayerNorm((size.width,), epsilon=1e-7)
        self.embedding = embedding
        self.future = Tensor(np.tri(STEPS, dtype=np.float32))
        self.pairs = ops.BatchMatMul()
        self.project = ops.MatMul(transpose_b=True)
        self.log_softmax = nn.LogSoftmax(axis=-1)

    def construct(self, ids: Tensor, table: Tensor, memory: Tensor, memory_mask: Tensor) -> Tensor:
        batch, length = ids.shape
        x = self.embedding(ids, table)
        present = ops.cast(ops.ones_like(ids), dtype.float32)
        mask = self.pairs(present.expand_dims(2), present.expand_dims(1)) * self.future[0:length, 0:length]
        memory_mask = memory_mask[:, 0:length, :]
        for layer in self.layers:
            x = layer(x, mask, memory, memory_mask)
        x = self.norm(x).reshape((batch, length, -1))[:, length - 1 : length, :]
        return self.log_softmax(self.project(x.reshape((batch, -1)), table))


class BeamSearch(nn.Cell):
    """The words of the best hypothesis [N, STEPS + 1] and their log probabilities [N, STEPS]."""

    def __init__(self, size: Size, batch: int, decoder: Decoder) -> None:
        super().__init__()
        self.batch, self.tokens, self.decoder = batch, size.tokens, decoder
        beams = np.arange(BEAMS, dtype=np.int32)
        self.batch_ids = Tensor(np.repeat(np.arange(batch, dtype=np.int32)[:, np.newaxis], BEAMS, 1))
        self.beam_ids = Tensor(np.repeat(beams[np.newaxis], batch, 0))
        self.end_ids = Tensor(np.full((batch, BEAMS), END, np.int32))
        self.start_ids = Tensor(np.full((batch, BEAMS, 1), START, np.int32))
        self.start_scores = Tensor(np.where(beams == 0, 0, MINUS_INFINITY)[np.newaxis].repeat(batch, 0), dtype.float32)
        self.start_lengths = Tensor(np.zeros((batch, BEAMS), np.int32))
        self.never = Tensor(np.zeros((batch, BEAMS), bool))
        self.zeros = Tensor(np.zeros((batch, BEAMS), np.float32))
        self.worst = Tensor(np.full((batch, BEAMS), MINUS_INFINITY, np.float32))
        self.top = ops.TopK(sorted=True)
        self.concat = ops.Concat(axis=-1)
        self.divide = ops.RealDiv()

    def items(self, index: Tensor) -> Tensor:
        """Indices [N, BEAMS, 2] for GatherNd of some of the hypotheses."""
        return self.concat((self.batch_ids.expand_dims(-1), index.expand_dims(-1)))

    def construct(self, table: Tensor, memory: Tensor, memory_mask: Tensor) -> tuple[Tensor, Tensor]:
        words, scores, finished, lengths = self.start_ids, self.start_scores, self.never, self.start_lengths
        steps = self.start_scores.expand_dims(-1)
        for _ in range(STEPS):
            log_probs = self.decoder(words.reshape((self.batch * BEAMS, -1)), table, memory, memory_mask)
            log_probs = log_probs.reshape((self.batch, BEAMS, self.tokens))
            totals = log_probs + scores.expand_dims(-1)
            totals = totals + ops.select(finished, self.worst, self.zeros).expand_dims(-1)
            best, index = self.top(totals.reshape((self.batch, BEAMS * self.tokens)), BEAMS)

            left, beam = index, ops.zeros_like(index)
            for _ in range(BEAMS - 1):  # index // tokens, for accelerators without integer division
                left = left - self.tokens
                beam = beam + ops.cast(left >= 0, dtype.int32)
            word = index - beam * self.tokens

            beam = ops.select(finished, self.beam_ids, beam)
            word = ops.select(finished, self.end_ids, word)
            best = ops.select(finished, scores, best)
            _, order = self.top(best, BEAMS)
            order = self.items(order)
            beam, word, scores = (ops.gather_nd(x, order) for x in (beam, word, best))

            sources = self.items(beam)
            lengths = ops.gather_nd(ops.select(finished, lengths, lengths + 1), sources)
            chosen = self.concat((sources, word.expand_dims(-1)))
            steps = self.concat((ops.gather_nd(steps, sources), ops.gather_nd(log_probs, chosen).expand_dims(-1)))
            words = self.concat((ops.gather_nd(words, sources), word.expand_dims(-1)))
            finished = ops.equal(word, self.end_ids)

        penalty = ops.pow(self.divide(ops.cast(lengths, dtype.float32) + 5.0, 6.0), LENGTH_PENALTY)
        _, order = self.top(self.divide(scores, penalty), BEAMS)
        order = self.items(order)
        return ops.gather_nd(words, order)[:, 0, :], ops.gather_nd(steps, order)[:, 0, 1:]


class Translator(nn.Cell):
    """with_scores: also give the log probabilities of the words."""

    def __init__(self, size: Size, batch: int, with_scores: bool) -> None:
        super().__init__()
        self.table = Parameter(initializer("normal", (size.tokens, size.width)), name="table")
        self.embedding = Embedding(size)
        self.encoder = Encoder(size)
        self.search = BeamSearch(size, batch, Decoder(size, Embedding(size)))
        self.pairs = ops.BatchMatMul()
        self.with_scores = with_scores

    def tile(self, x: Tensor) -> Tensor:
        """[N, A, B] -> [N * BEAMS, A, B]"""
        return ops.tile(x.expand_dims(1), (1, BEAMS, 1, 1)).reshape((-1, *x.shape[1:]))

    def construct(self, source_ids: Tensor, source_mask: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        batch, length = source_ids.shape
        present = ops.cast(source_mask, dtype.float32)
        mask = self.pairs(present.expand_dims(2), present.expand_dims(1))
        memory = self.encoder(self.embedding(source_ids, self.table), mask)
        memory = self.tile(memory.reshape((batch, length, -1)))
        memory = memory.reshape((batch * BEAMS * length, -1))
        words, scores = self.search(self.table, memory, self.tile(mask))
        return (words, scores) if self.with_scores else words


def sentences(rng: np.random.Generator, size: Size, lengths: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Sentences of some lengths."""
    return {
        "source_ids": rng.integers(3, size.tokens, (len(lengths), size.length), dtype=np.int32),
        "source_mask": (np.arange(size.length) < np.array(lengths)[:, np.newaxis]).astype(np.int32),
    }
