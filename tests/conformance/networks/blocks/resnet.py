"""Residual networks (He et al., 2015), as MindSpore's model zoo writes them: stride in the 3x3 convolution."""
from __future__ import annotations

from collections.abc import Callable, Sequence

from mindspore import Tensor, nn

from tests.conformance.networks.blocks.layers import conv_bn, conv_bn_relu


def shortcut(inputs: int, outputs: int, stride: int) -> nn.Cell:
    """What is added to a block's result: its input, made as large and as deep as that."""
    return nn.Identity() if (inputs, stride) == (outputs, 1) else conv_bn(inputs, outputs, 1, stride)


class Basic(nn.Cell):
    """Two 3x3 convolutions."""

    def __init__(self, inputs: int, width: int, stride: int = 1, dilation: int = 1) -> None:
        super().__init__()
        self.outputs = width
        self.layers = nn.SequentialCell(
            conv_bn(inputs, width, 3, stride, nn.ReLU(), dilation=dilation),
            conv_bn(width, width, 3, dilation=dilation),
        )
        self.shortcut = shortcut(inputs, self.outputs, stride)
        self.relu = nn.ReLU()

    def construct(self, x: Tensor) -> Tensor:
        return self.relu(self.layers(x) + self.shortcut(x))


class Bottleneck(nn.Cell):
    """A 3x3 convolution of few channels between 1x1 convolutions from and to many."""

    def __init__(self, inputs: int, width: int, stride: int = 1, dilation: int = 1) -> None:
        super().__init__()
        self.outputs = 4 * width
        self.layers = nn.SequentialCell(
            conv_bn_relu(inputs, width, 1),
            conv_bn(width, width, 3, stride, nn.ReLU(), dilation=dilation),
            conv_bn(width, self.outputs, 1),
        )
        self.shortcut = shortcut(inputs, self.outputs, stride)
        self.relu = nn.ReLU()

    def construct(self, x: Tensor) -> Tensor:
        return self.relu(self.layers(x) + self.shortcut(x))


def stem(width: int, pool: Sequence[nn.Cell] = ()) -> nn.SequentialCell:
    """A quarter of the picture's size. pool: in place of a pooling that pads as it needs to."""
    return nn.SequentialCell([conv_bn_relu(3, width, 7, 2), *(pool or [nn.MaxPool2d(3, 2, "same")])])


class ResNet(nn.Cell):
    """stem, then blocks in stages, each twice as wide as the one before; the results of all stages.

    block: makes one of input channels, width, stride and the stage's number in extras, mostly the dilation; it has
    `outputs` channels.
    """

    def __init__(
        self,
        stem: nn.Cell,
        block: Callable[..., nn.Cell],
        blocks: Sequence[int],
        width: int = 64,
        strides: Sequence[int] = (1, 2, 2, 2),
        extras: Sequence[int] = (1, 1, 1, 1),
    ) -> None:
        super().__init__()
        self.stem = stem
        stages = []
        channels = width
        for index, depth in enumerate(blocks):
            cells = []
            for first in [True] + [False] * (depth - 1):
                cells.append(block(channels, width << index, strides[index] if first else 1, extras[index]))
                channels = cells[-1].outputs
            stages.append(nn.SequentialCell(cells))
        self.stages = nn.CellList(stages)
        self.outputs = channels

    def construct(self, x: Tensor) -> tuple[Tensor, ...]:
        x = self.stem(x)
        results = ()
        for stage in self.stages:
            x = stage(x)
            results += (x,)
        return results
