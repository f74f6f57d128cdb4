"""A multi-layer perceptron with two heads: several inputs, a tuple of outputs, activations of every common kind."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn, ops


class TwoHeads(nn.Cell):
    def __init__(self, features: int, width: int) -> None:
        super().__init__()
        self.features = nn.SequentialCell(
            nn.Dense(features, width, activation="relu"),
            nn.Dropout(p=0.2),
            nn.Dense(width, width // 2, activation="tanh"),
        )
        self.context = nn.Dense(6, width // 2, has_bias=False)
        self.classes = nn.Dense(width, 5)
        self.score = nn.Dense(width, 1)

    def construct(self, features: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        joint = ops.concat((self.features(features), ops.sigmoid(self.context(context))), axis=1)
        return ops.softmax(self.classes(joint)), self.score(joint) * 0.5 + 1.0


def network() -> nn.Cell:
    """The cell to export."""
    return TwoHeads(features=39, width=64)


def inputs(rng: np.random.Generator, batch: int = 4, features: int = 39) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return {
        "features": rng.standard_normal((batch, features), dtype=np.float32),
        "context": rng.standard_normal((batch, 6), dtype=np.float32),
    }


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """Layers that are worth measuring, and one row of inputs."""
    return TwoHeads(features=784, width=1024), inputs(rng, batch=1, features=784)
