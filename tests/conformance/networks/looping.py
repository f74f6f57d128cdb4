"""Loops on tensors: a while loop with a layer and an if inside, loops in loops, break and continue, no round at all."""
from __future__ import annotations

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn, ops


class Looping(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.step = nn.Dense(8, 8)

    def settle(self, x: Tensor, rounds: Tensor) -> tuple[Tensor, Tensor]:
        i = ops.zeros_like(rounds)
        while i < rounds:
            x = ops.tanh(self.step(x))
            if x.sum() > 0:
                x = x - 0.5
            i = i + 1
        return x, i

    def triangle(self, x: Tensor, rounds: Tensor) -> Tensor:
        i = ops.zeros_like(rounds)
        while i < rounds:
            j = ops.zeros_like(rounds)
            while j < i:
                x = x + j.astype(ms.float32)
                j = j + 1
            if x.sum() > 200:
                break
            i = i + 1
        return x

    def odd(self, x: Tensor, rounds: Tensor) -> Tensor:
        i = ops.zeros_like(rounds)
        total = ops.zeros_like(x)
        while i < rounds:
            i = i + 1
            if i % 2 == 0:
                continue
            total = total + x * i.astype(ms.float32)
        return total

    def construct(self, x: Tensor, rounds: Tensor) -> tuple[Tensor, ...]:
        y, count = self.settle(x, rounds)
        none, zero = self.settle(x, rounds - rounds)
        return y, count, none, zero, self.triangle(x, rounds), self.triangle(x, rounds * 3), self.odd(y, rounds)


def network() -> nn.Cell:
    """The cell to export."""
    return Looping()


def inputs(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return {"x": rng.standard_normal((2, 8), dtype=np.float32), "rounds": np.array(5, np.int32)}
