"""Bayesian graph collaborative filtering (Sun et al., 2020): users and items from their neighbours."""
from __future__ import annotations

import numpy as np
from mindspore import Parameter, Tensor, nn, ops
from mindspore.common.initializer import initializer

GRAPH, SAMPLED = 40, 20  # neighbours in the observed graph, and in the one that is sampled for the network


class Convolution(nn.Cell):
    """tanh of a projection of what a node is and what its neighbours are: [N, C], [N, C] -> [N, H]"""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.weight = Parameter(initializer("normal", (2 * width, hidden)), name="weight")
        self.matmul, self.tanh = ops.MatMul(), nn.Tanh()

    def construct(self, node: Tensor, neighbours: Tensor) -> Tensor:
        return self.tanh(self.matmul(ops.concat((node, neighbours), axis=1), self.weight))


class Attention(nn.Cell):
    """Neighbours weighted by how much they are like the node: [N, C], [N, K, C] -> [N, C]"""

    def __init__(self) -> None:
        super().__init__()
        self.match, self.mix = ops.BatchMatMul(transpose_b=True), ops.BatchMatMul()
        self.softmax = nn.Softmax(axis=-1)

    def construct(self, node: Tensor, neighbours: Tensor) -> Tensor:
        return self.mix(self.softmax(self.match(node.expand_dims(1), neighbours)), neighbours).squeeze(1)


class Side(nn.Cell):
    """Users, or items: their own embedding, and three convolutions over neighbours of the other side."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.of_graph, self.of_sampled, self.of_attention = (Convolution(width, hidden) for _ in range(3))
        self.mean, self.attention = ops.ReduceMean(), Attention()

    def construct(self, node: Tensor, graph: Tensor, sampled: Tensor) -> Tensor:
        observed = self.of_graph(node, self.mean(graph, 1))
        drawn = self.of_sampled(node, self.mean(sampled, 1))
        attended = self.of_attention(node, self.attention(node, sampled))
        return ops.concat((node, ops.concat((observed, ops.concat((drawn, attended), axis=1)), axis=1)), axis=1)


class BGCF(nn.Cell):
    """The representations of users and items; neg_items count in training only."""

    def __init__(self, users: int, items: int, width: int, hidden: int) -> None:
        super().__init__()
        self.user_table = Parameter(initializer("normal", (users, width)), name="user_table")
        self.item_table = Parameter(initializer("normal", (items, width)), name="item_table")
        self.user_side, self.item_side = Side(width, hidden), Side(width, hidden)

    def construct(
        self,
        users: Tensor,
        items: Tensor,
        neg_items: Tensor,
        u_neighs: Tensor,
        u_gnew_neighs: Tensor,
        i_neighs: Tensor,
        i_gnew_neighs: Tensor,
    ) -> tuple[Tensor, Tensor]:
        of_items = [ops.gather(self.item_table, ids, 0) for ids in (items, u_neighs, u_gnew_neighs)]
        of_users = [ops.gather(self.user_table, ids, 0) for ids in (users, i_neighs, i_gnew_neighs)]
        user = self.user_side(of_users[0], of_items[1], of_items[2])
        return user, self.item_side(of_items[0], of_users[1], of_users[2])


def network(users: int = 60, items: int = 80, width: int = 16, hidden: int = 12) -> nn.Cell:
    """The cell to export."""
    return BGCF(users, items, width, hidden)


def inputs(
    rng: np.random.Generator, sizes: tuple[int, int] = (60, 80), batch: tuple[int, int] = (7, 5)
) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments. sizes, batch: numbers of users and of items."""
    (users, items), (n, m) = sizes, batch
    return {
        "users": rng.integers(0, users, n, dtype=np.int32),
        "items": rng.integers(0, items, m, dtype=np.int32),
        "neg_items": rng.integers(0, items, (m, 1), dtype=np.int32),
        "u_neighs": rng.integers(0, items, (n, GRAPH), dtype=np.int32),
        "u_gnew_neighs": rng.integers(0, items, (n, SAMPLED), dtype=np.int32),
        "i_neighs": rng.integers(0, users, (m, GRAPH), dtype=np.int32),
        "i_gnew_neighs": rng.integers(0, users, (m, SAMPLED), dtype=np.int32),
    }


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network for Amazon's beauty products."""
    return network(7068, 3570, 64, 64), inputs(rng, (7068, 3570), (200, 150))
