"""Graph convolutional network (Kipf and Welling, 2016): two layers, each a mean over neighbours."""
from __future__ import annotations

import numpy as np
from mindspore import Parameter, Tensor, nn, ops
from mindspore.common.initializer import initializer


class Layer(nn.Cell):
    """adj [N, N], x [N, C] -> [N, H]"""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = Parameter(initializer("xavier_uniform", (inputs, outputs)), name="weight")
        self.project, self.spread = ops.MatMul(), ops.MatMul()

    def construct(self, adj: Tensor, x: Tensor) -> Tensor:
        return self.spread(adj, self.project(x, self.weight))


class GCN(nn.Cell):
    def __init__(self, width: int, hidden: int, classes: int) -> None:
        super().__init__()
        self.layer1, self.layer2 = Layer(width, hidden), Layer(hidden, classes)
        self.relu = nn.ReLU()

    def construct(self, adj: Tensor, feature: Tensor) -> Tensor:
        return self.layer2(adj, self.relu(self.layer1(adj, feature)))


def network(width: int = 40, hidden: int = 8, classes: int = 5) -> nn.Cell:
    """The cell to export."""
    return GCN(width, hidden, classes)


def inputs(rng: np.random.Generator, nodes: int = 20, width: int = 40) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments: a random graph, normalized by the degrees of its nodes."""
    links = rng.random((nodes, nodes)) < 0.2
    links = links | links.T | np.eye(nodes, dtype=bool)
    degrees = links.sum(axis=1)
    return {
        "adj": (links / np.sqrt(np.outer(degrees, degrees))).astype(np.float32),
        "feature": rng.standard_normal((nodes, width), dtype=np.float32),
    }


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network for Cora's papers, some of them."""
    return network(1433, 16, 7), inputs(rng, 256, 1433)
