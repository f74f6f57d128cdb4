"""A multi-layer perceptron with two heads: several inputs, a tuple of outputs, activations of every common kind."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn, ops


class TwoHeads(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.features = nn.SequentialCell(
            nn.Dense(39, 64, activation="relu"), nn.Dropout(p=0.2), nn.Dense(64, 32, activation="tanh")
        )
        self.context = nn.Dense(6, 32, has_bias=False)
        self.classes = nn.Dense(64, 5)
        self.score = nn.Dense(64, 1)

    def construct(self, features: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        joint = ops.concat((self.features(features), ops.sigmoid(self.context(context))), axis=1)
        return ops.softmax(self.classes(joint)), self.score(joint) * 0.5 + 1.0


def network() -> nn.Cell:
    """The cell to export."""
    return TwoHeads()


def inputs(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return {
        "features": rng.standard_normal((4, 39), dtype=np.float32),
        "context": rng.standard_normal((4, 6), dtype=np.float32),
    }
