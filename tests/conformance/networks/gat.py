"""Graph attention network (Veličković et al., 2017): a node attends to its neighbours, eight heads, then one."""
from __future__ import annotations

import numpy as np
from mindspore import Parameter, Tensor, nn, ops
from mindspore.common.initializer import initializer

HEADS = 8


class Transform(nn.Cell):
    """The same fully connected layer for every node: [1, N, C] -> [1, N, H]"""

    def __init__(self, inputs: int, outputs: int, has_bias: bool = True) -> None:
        super().__init__()
        self.dense = nn.Dense(inputs, outputs, has_bias=has_bias)

    def construct(self, x: Tensor) -> Tensor:
        batch, nodes, width = x.shape
        return self.dense(x.reshape((batch * nodes, width))).reshape((batch, nodes, -1))


class Head(nn.Cell):
    """x [1, N, C], bias [1, N, N], very negative where nodes are no neighbours -> [1, N, H]"""

    def __init__(self, inputs: int, outputs: int, activation: nn.Cell) -> None:
        super().__init__()
        self.features = Transform(inputs, outputs, has_bias=False)
        self.of_node, self.of_neighbour = Transform(outputs, 1), Transform(outputs, 1)
        self.softmax, self.activation = nn.Softmax(axis=-1), activation
        self.maximum, self.mul, self.matmul, self.bias_add = ops.Maximum(), ops.Mul(), ops.MatMul(), ops.BiasAdd()
        self.bias = Parameter(initializer("normal", (outputs,)), name="bias")

    def construct(self, x: Tensor, bias: Tensor) -> Tensor:
        features = self.features(x)
        logits = self.of_node(features) + self.of_neighbour(features).transpose((0, 2, 1))
        shares = self.softmax(self.maximum(self.mul(logits, 0.2), logits) + bias)
        y = self.bias_add(self.matmul(shares.squeeze(0), features.squeeze(0)), self.bias)
        return self.activation(y.expand_dims(0))


class GAT(nn.Cell):
    def __init__(self, width: int, hidden: int, classes: int) -> None:
        super().__init__()
        self.heads = nn.CellList([Head(width, hidden, nn.ELU()) for _ in range(HEADS)])
        self.output = Head(HEADS * hidden, classes, nn.Identity())

    def construct(self, input_data: Tensor, bias_mat: Tensor) -> Tensor:
        x = ops.concat([head(input_data, bias_mat) for head in self.heads], axis=-1)
        return self.output(x, bias_mat) / 1  # the mean over the output's heads


def network(width: int = 20, hidden: int = 4, classes: int = 5) -> nn.Cell:
    """The cell to export."""
    return GAT(width, hidden, classes)


def inputs(rng: np.random.Generator, nodes: int = 12, width: int = 20) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments: a random graph in which every node has itself."""
    neighbours = (rng.random((1, nodes, nodes)) < 0.3) | np.eye(nodes, dtype=bool)
    return {
        "input_data": rng.standard_normal((1, nodes, width), dtype=np.float32),
        "bias_mat": np.where(neighbours, 0, -1e9).astype(np.float32),
    }


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network for Cora's papers, some of them."""
    return network(1433, 8, 7), inputs(rng, 128, 1433)
