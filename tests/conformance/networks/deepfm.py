"""DeepFM (Guo et al., 2017): a factorization machine and a deep network over the same embeddings."""
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


class DeepFM(nn.Cell):
    def __init__(self, features: int, width: int, hidden: Sequence[int]) -> None:
        super().__init__()
        self.linear = Linear(features)
        self.embeddings = Parameter(initializer("normal", (features, width)), name="embeddings")
        self.factorization = Factorization()
        self.deep = half_layers(FIELDS * width, hidden)
        self.mul = ops.Mul()

    def construct(self, ids: Tensor, values: Tensor) -> Tensor:
        values = values.reshape((-1, FIELDS, 1))
        x = self.mul(ops.gather(self.embeddings, ids, 0), values)
        deep = self.deep(x.reshape((x.shape[0], -1)))
        return self.linear(ids, values) + self.factorization(x) + deep


def network(features: int = 500, width: int = 8, hidden: Sequence[int] = (48, 32, 24, 16)) -> nn.Cell:
    """The cell to export."""
    return Prediction(DeepFM(features, width, hidden))


def inputs(rng: np.random.Generator, features: int = 500) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return examples(rng, features)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network for Criteo's advertisements."""
    return network(184965, 80, (1024, 512, 256, 128)), inputs(rng, 184965)
