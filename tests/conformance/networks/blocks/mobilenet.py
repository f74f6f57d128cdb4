"""MobileNets (Howard et al., 2017; Sandler et al., 2018) as detectors use them: what they compute at 1/8, 1/16, 1/32.

width: of the layers, as a share of the paper's; most_blocks: that a stage may have.
"""
from __future__ import annotations

from mindspore import Tensor, nn

from tests.conformance.networks.blocks.layers import conv_bn

V1_STAGES = ((64, 1, 1), (128, 2, 2), (256, 2, 2), (512, 6, 2), (1024, 2, 2))  # channels, blocks, stride of the first
V2_STAGES = (  # expansion, channels, blocks, stride of the first
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
)  # fmt: skip


def scaled(channels: int, width: float) -> int:
    """A share of the channels, a multiple of eight."""
    return max(8, int(channels * width) // 8 * 8)


class InvertedResidual(nn.Cell):
    """MobileNetV2's block: expansion, depthwise convolution, projection; the input is added where it fits."""

    def __init__(self, inputs: int, outputs: int, stride: int, hidden: int, last: nn.Cell | None = None) -> None:
        super().__init__()
        expand = [] if hidden == inputs else [conv_bn(inputs, hidden, 1, activation=nn.ReLU6())]
        depthwise = conv_bn(hidden, hidden, 3, stride, nn.ReLU6(), group=hidden)
        self.layers = nn.SequentialCell([*expand, depthwise, conv_bn(hidden, outputs, 1, activation=last)])
        self.residual = stride == 1 and inputs == outputs

    def construct(self, x: Tensor) -> Tensor:
        y = self.layers(x)
        return x + y if self.residual else y


class Taps(nn.Cell):
    """The results of a network's parts, one after the other. channels: of each."""

    def __init__(self, parts: list[nn.Cell], channels: tuple[int, ...]) -> None:
        super().__init__()
        self.parts = nn.CellList(parts)
        self.channels = channels

    def construct(self, x: Tensor) -> tuple[Tensor, ...]:
        results = ()
        for part in self.parts:
            x = part(x)
            results += (x,)
        return results


def mobilenet_v1(width: float = 1.0, most_blocks: int = 6, first_tap: int = 2) -> Taps:
    """Depthwise and 1x1 convolutions in turn. first_tap: 1 for what they compute at 1/4 too."""
    channels = scaled(32, width)
    layers = [conv_bn(3, channels, 3, 2, nn.ReLU6())]
    parts, sizes = [], []
    for index, (outputs, blocks, stride) in enumerate(V1_STAGES):
        outputs = scaled(outputs, width)
        for block in range(min(blocks, most_blocks)):
            layers.append(conv_bn(channels, channels, 3, stride if block == 0 else 1, nn.ReLU6(), group=channels))
            layers.append(conv_bn(channels, outputs, 1, activation=nn.ReLU6()))
            channels = outputs
        if index >= first_tap:
            parts.append(nn.SequentialCell(layers))
            sizes.append(channels)
            layers = []
    return Taps(parts, tuple(sizes))


class ExpandedTaps(nn.Cell):
    """Taps of MobileNetV2 as its blocks expand them: 1x1 convolutions of their own to six times the channels."""

    def __init__(self, taps: Taps) -> None:
        super().__init__()
        self.taps = taps
        self.channels = (6 * taps.channels[0], 6 * taps.channels[1], taps.channels[2])
        self.expand = nn.CellList([conv_bn(c, 6 * c, 1, activation=nn.ReLU6()) for c in taps.channels[:2]])

    def construct(self, x: Tensor) -> tuple[Tensor, ...]:
        c3, c4, c5 = self.taps(x)
        return self.expand[0](c3), self.expand[1](c4), c5


def mobilenet_v2(width: float = 1.0, most_blocks: int = 4) -> Taps:
    """Inverted residuals, and a last convolution to 1280 channels."""
    channels = scaled(32, width)
    layers = [conv_bn(3, channels, 3, 2, nn.ReLU6())]
    parts, sizes = [], []
    for index, (expansion, outputs, blocks, stride) in enumerate(V2_STAGES):
        outputs = scaled(outputs, width)
        for block in range(min(blocks, most_blocks)):
            layers.append(InvertedResidual(channels, outputs, stride if block == 0 else 1, channels * expansion))
            channels = outputs
        if index in (2, 4):
            parts.append(nn.SequentialCell(layers))
            sizes.append(channels)
            layers = []
    last = scaled(1280, width)
    parts.append(nn.SequentialCell([*layers, conv_bn(channels, last, 1, activation=nn.ReLU6())]))
    return Taps(parts, (*sizes, last))
