"""Ifs on tensors: with layers of their own, one in another, with results that only one branch computes; both ways."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn, ops


class Branching(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, 8, 3)
        self.norm = nn.BatchNorm2d(8)
        self.projection = nn.Conv2d(3, 8, 1)

    def features(self, x: Tensor) -> Tensor:
        if ops.mean(x) > 0:
            return ops.relu(self.norm(self.convolution(x)))
        return self.projection(x) * 2

    def scaled(self, x: Tensor) -> tuple[Tensor, Tensor]:
        total = x.sum()
        if total > 0:
            if x.max() > 3:
                x = x / 3
                total = total + 1
            else:
                x = x * 3
            x = x + 1
        return x, total

    def construct(self, x: Tensor) -> tuple[Tensor, ...]:
        first, second = self.features(x), self.features(-x)
        return first + second, *self.scaled(x), *self.scaled(-x), *self.scaled(x / 100)


def network() -> nn.Cell:
    """The cell to export."""
    return Branching()


def inputs(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return {"x": rng.standard_normal((1, 3, 9, 10), dtype=np.float32) + np.float32(0.3)}
