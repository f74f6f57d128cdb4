"""What the smaller networks for faces are made of."""
from __future__ import annotations

from mindspore import Tensor, nn

from tests.conformance.networks.blocks.layers import conv_bn_relu


class Stage(nn.Cell):
    """A convolution to half the size, and two more with a shortcut around them."""

    def __init__(self, inputs: int, outputs: int, has_bias: bool = False) -> None:
        super().__init__()
        conv = nn.Conv2d(inputs, outputs, 3, 2, "pad", 1, has_bias=has_bias)
        self.first = nn.SequentialCell(conv, nn.BatchNorm2d(outputs), nn.ReLU())
        self.layers = nn.SequentialCell(conv_bn_relu(outputs, outputs, 3), conv_bn_relu(outputs, outputs, 3))

    def construct(self, x: Tensor) -> Tensor:
        x = self.first(x)
        return x + self.layers(x)
