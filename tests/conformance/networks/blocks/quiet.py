"""Last layers of detectors, with small constants as weights.

Random parameters as all other layers have would put scores so far apart that most are 0 or 1 in float32, and boxes out
of the picture: the order of equal scores would decide what is found.
"""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn, ops


def quiet_weights(outputs: int, inputs: int, share: float) -> Tensor:
    """Constants [outputs, inputs], a share of the size that random parameters have."""
    values = np.random.default_rng(outputs).normal(0, share * np.sqrt(2 / inputs), (outputs, inputs))
    return Tensor(values.astype(np.float32))


class QuietDense(nn.Cell):
    """nn.Dense with quiet weights."""

    def __init__(self, inputs: int, outputs: int, share: float) -> None:
        super().__init__()
        self.weight, self.bias = quiet_weights(outputs, inputs, share), Tensor(np.zeros(outputs, np.float32))
        self.matmul, self.bias_add = ops.MatMul(transpose_b=True), ops.BiasAdd()

    def construct(self, x: Tensor) -> Tensor:
        return self.bias_add(self.matmul(x, self.weight), self.bias)


class QuietConv(nn.Cell):
    """A 1x1 convolution with quiet weights."""

    def __init__(self, inputs: int, outputs: int, share: float) -> None:
        super().__init__()
        self.weight = Tensor(quiet_weights(outputs, inputs, share).asnumpy().reshape((outputs, inputs, 1, 1)))
        self.bias = Tensor(np.zeros(outputs, np.float32))
        self.conv, self.bias_add = ops.Conv2D(outputs, 1), ops.BiasAdd()

    def construct(self, x: Tensor) -> Tensor:
        return self.bias_add(self.conv(x, self.weight), self.bias)
