"""Wide & Deep (Cheng et al., 2016): a linear model and a deep network over embeddings of the same features."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mindspore import Parameter, Tensor, nn, ops
from mindspore.common.initializer import initializer

from tests.conformance.networks.blocks.recommender import FIELDS, Linear, Prediction, examples, half_layers


class WideDeep(nn.Cell):
    def __init__(self, features: int, width: int, hidden: Sequence[int]) -> None:
        super().__init__()
        self.wide = Linear(features)
        self.wide_bias = Parameter(initializer("normal", (1,)), name="wide_bias")
        self.embeddings = Parameter(initializer("normal", (features, width)), name="embeddings")
        self.deep = half_layers(FIELDS * width, hidden)
        self.mul = ops.Mul()

    def construct(self, ids: Tensor, values: Tensor) -> Tensor:
        values = values.reshape((-1, FIELDS, 1))
        x = self.mul(ops.gather(self.embeddings, ids, 0), values)
        deep = self.deep(x.reshape((x.shape[0], -1)))
        return self.wide(ids, values) + self.wide_bias + deep


def network(features: int = 500, width: int = 8, hidden: Sequence[int] = (48, 32, 24, 16)) -> nn.Cell:
    """The cell to export."""
    return Prediction(WideDeep(features, width, hidden))


def inputs(rng: np.random.Generator, features: int = 500) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return examples(rng, features)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network for Criteo's advertisements."""
    return network(184968, 80, (1024, 512, 256, 128)), inputs(rng, 184968)
