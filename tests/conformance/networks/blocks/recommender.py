"""What the recommenders share: lists of (feature id, value), layers that compute in float16, and what they answer."""
from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from mindspore import Parameter, Tensor, dtype, nn, ops
from mindspore.common.initializer import initializer

FIELDS = 39


class HalfDense(nn.Cell):
    """A fully connected layer computed in float16 between float32 tensors."""

    def __init__(self, inputs: int, outputs: int, activation: bool = True) -> None:
        super().__init__()
        self.weight = Parameter(initializer("normal", (inputs, outputs)), name="weight")
        self.bias = Parameter(initializer("normal", (outputs,)), name="bias")
        self.matmul, self.bias_add = ops.MatMul(), ops.BiasAdd()
        self.activation = nn.ReLU() if activation else nn.Identity()

    def construct(self, x: Tensor) -> Tensor:
        x, weight, bias = (ops.cast(value, dtype.float16) for value in (x, self.weight, self.bias))
        return ops.cast(self.activation(self.bias_add(self.matmul(x, weight), bias)), dtype.float32)


def half_layers(inputs: int, widths: Sequence[int]) -> nn.SequentialCell:
    """Layers with ReLU of these widths, and one number from the last."""
    layers = [HalfDense(a, b) for a, b in pairwise((inputs, *widths))]
    return nn.SequentialCell(*layers, HalfDense(widths[-1], 1, activation=False))


class Linear(nn.Cell):
    """The sum of one weight for each feature, times its value. ids [N, F], values [N, F, 1] -> [N, 1]"""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.weights = Parameter(initializer("normal", (features, 1)), name="weights")
        self.mul = ops.Mul()

    def construct(self, ids: Tensor, values: Tensor) -> Tensor:
        return ops.ReduceSum()(self.mul(ops.gather(self.weights, ids, 0), values), 1)


class Factorization(nn.Cell):
    """Second-order terms of a factorization machine (Rendle, 2010): x [N, F, C] -> [N, 1]"""

    def __init__(self) -> None:
        super().__init__()
        self.sum, self.square = ops.ReduceSum(), ops.Square()

    def construct(self, x: Tensor) -> Tensor:
        squares = self.square(self.sum(x, 1)) - self.sum(self.square(x), 1)
        return (self.sum(squares, 1) * 0.5).reshape((-1, 1))


class Prediction(nn.Cell):
    """As the model zoo's evaluation: the logits of `model`, their probabilities, and the labels untouched."""

    def __init__(self, model: nn.Cell) -> None:
        super().__init__()
        self.model = model
        self.sigmoid = nn.Sigmoid()

    def construct(self, batch_ids: Tensor, batch_wts: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        logits = self.model(batch_ids, batch_wts)
        return logits, self.sigmoid(logits), labels


def examples(rng: np.random.Generator, features: int, batch: int = 2) -> dict[str, np.ndarray]:
    """Inputs of Prediction by the names of construct's arguments."""
    return {
        "batch_ids": rng.integers(0, features, (batch, FIELDS), dtype=np.int32),
        "batch_wts": rng.uniform(0, 1, (batch, FIELDS)).astype(np.float32),
        "labels": rng.integers(0, 2, (batch, 1)).astype(np.float32),
    }
