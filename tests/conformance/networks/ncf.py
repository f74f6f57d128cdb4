"""Neural collaborative filtering (He et al., 2017): products of embeddings beside a deep network."""
from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from mindspore import Tensor, nn, ops

CANDIDATES, BEST = 100, 10  # items a user is asked about, items that are returned


class NeuMF(nn.Cell):
    """users, items [N, 1] -> scores [N, 1]. Embeddings are of the products, then of the deep network's input."""

    def __init__(self, users: int, items: int, factors: int, hidden: Sequence[int]) -> None:
        super().__init__()
        self.factors = factors
        width = factors + hidden[0] // 2
        self.users, self.items = nn.Embedding(users, width), nn.Embedding(items, width)
        self.deep = nn.SequentialCell([nn.Dense(a, b, activation="relu") for a, b in pairwise(hidden)])
        self.mul = ops.Mul()
        self.score = nn.Dense(factors + hidden[-1], 1)

    def construct(self, users: Tensor, items: Tensor) -> Tensor:
        user, item = self.users(users).squeeze(1), self.items(items).squeeze(1)
        products = self.mul(user[:, : self.factors], item[:, : self.factors])
        deep = self.deep(ops.concat((user[:, self.factors :], item[:, self.factors :]), axis=1))
        return self.score(ops.concat((products, deep), axis=1))


class Ranking(nn.Cell):
    """Of each user's candidates: the places of the best, all items, and whether the user counts."""

    def __init__(self, model: nn.Cell) -> None:
        super().__init__()
        self.model = model
        self.top = ops.TopK(sorted=True)
        self.sum = ops.ReduceSum()

    def construct(
        self, batch_users: Tensor, batch_items: Tensor, duplicated_masks: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        scores = self.model(batch_users, batch_items).reshape((-1, CANDIDATES))
        _, best = self.top(scores, BEST)
        counts = self.sum(duplicated_masks.reshape((-1, CANDIDATES)), 1)
        return best, batch_items.reshape((-1, CANDIDATES)), ops.not_equal(counts, float(CANDIDATES))


def network(users: int = 60, items: int = 150, factors: int = 8, hidden: Sequence[int] = (32, 16, 8)) -> nn.Cell:
    """The cell to export."""
    return Ranking(NeuMF(users, items, factors, hidden))


def inputs(rng: np.random.Generator, users: int = 60, items: int = 150) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments: two users, of whom one does not count."""
    candidates = np.concatenate([rng.permutation(items)[:CANDIDATES] for _ in range(2)])
    return {
        "batch_users": rng.integers(0, users, (2, 1), dtype=np.int32).repeat(CANDIDATES, 0),
        "batch_items": candidates.astype(np.int32)[:, np.newaxis],
        "duplicated_masks": np.array([0, 1], np.float32).repeat(CANDIDATES)[:, np.newaxis],
    }


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network for MovieLens-1M."""
    return network(6040, 3706, 16, (256, 256, 128)), inputs(rng, 6040, 3706)
