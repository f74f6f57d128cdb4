"""AutoDis (Guo et al., 2021): numbers get embeddings too, as mixtures of a field's own, in front of DeepFM's layers."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mindspore import Parameter, Tensor, nn, ops
from mindspore.common.initializer import initializer

from tests.conformance.networks.blocks.recommender import (
    FIELDS,
    Factorization,
    Linear,
    Prediction,
    examples,
    half_layers,
)

NUMBERS = 13  # of the fields; the others are categories
SKIP, TEMPERATURE = 0.1, 0.5


class Discretization(nn.Cell):
    """Embeddings of numbers: x [N, NUMBERS] -> [N, NUMBERS, C], each a mixture of `buckets` embeddings of its field."""

    def __init__(self, width: int, buckets: int) -> None:
        super().__init__()
        self.buckets = buckets
        self.scale = Parameter(initializer("normal", (NUMBERS, 1, buckets)), name="scale")
        self.mixing = Parameter(initializer("normal", (buckets, buckets)), name="mixing")
        self.embeddings = Parameter(initializer("normal", (NUMBERS, buckets, width)), name="embeddings")
        self.temperature = Tensor(np.full((1, 1, 1), TEMPERATURE, np.float32))
        self.relu, self.softmax = nn.ReLU(), nn.Softmax(axis=-1)
        self.mul, self.divide, self.matmul, self.mix = ops.Mul(), ops.RealDiv(), ops.MatMul(), ops.BatchMatMul()

    def construct(self, x: Tensor) -> Tensor:
        batch = x.shape[0]
        columns = ops.tile(x.transpose((1, 0)).expand_dims(2), (1, 1, self.buckets))
        h = self.relu(self.mul(columns, self.scale))
        mixed = self.matmul(h.reshape((-1, self.buckets)), self.mixing).reshape((NUMBERS, batch, self.buckets))
        shares = self.softmax(self.divide(mixed + h * SKIP, self.temperature))
        return self.mix(shares, self.embeddings).transpose((1, 0, 2))


class AutoDis(nn.Cell):
    def __init__(self, features: int, width: int, buckets: int, hidden: Sequence[int]) -> None:
        super().__init__()
        self.linear = Linear(features)
        self.embeddings = Parameter(initializer("normal", (features, width)), name="embeddings")
        self.discretization = Discretization(width, buckets)
        self.factorization = Factorization()
        self.deep = half_layers(FIELDS * width, hidden)
        self.slice = ops.Slice()

    def construct(self, ids: Tensor, values: Tensor) -> Tensor:
        batch = ids.shape[0]
        numbers = self.discretization(self.slice(values, (0, 0), (batch, NUMBERS)))
        categories = ops.gather(self.embeddings, self.slice(ids, (0, NUMBERS), (batch, FIELDS - NUMBERS)), 0)
        x = ops.concat((numbers, categories), axis=1)
        deep = self.deep(x.reshape((batch, -1)) / (FIELDS**0.5))
        return self.linear(ids, values.expand_dims(2)) + self.factorization(x) + deep


def network(
    features: int = 500, width: int = 8, buckets: int = 6, hidden: Sequence[int] = (48, 32, 24)
) -> nn.Cell:
    """The cell to export."""
    return Prediction(AutoDis(features, width, buckets, hidden))


def inputs(rng: np.random.Generator, features: int = 500) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return examples(rng, features)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network for Criteo's advertisements."""
    return network(184965, 80, 20, (1024, 512, 256)), inputs(rng, 184965)
