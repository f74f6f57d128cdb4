"""SSD on MobileNetV2: two of its features, four more from inverted residuals."""
from __future__ import annotations

from mindspore import Tensor, nn

from tests.conformance.networks.blocks.layers import conv_bn
from tests.conformance.networks.blocks.mobilenet import InvertedResidual, mobilenet_v2, scaled
from tests.conformance.networks.blocks.ssd import Detector, Extended, MultiBox, default_boxes, halved

ANCHORS = (3, 6, 6, 6, 6, 6)
EXTRAS = ((512, 0.2), (256, 0.25), (256, 0.5), (128, 0.25))  # channels, of which share of the input's is hidden


class Features(nn.Cell):
    """1/16 as the next block expands it, and 1/32."""

    def __init__(self, taps: nn.Cell) -> None:
        super().__init__()
        self.taps = taps
        _, c4, c5 = taps.channels
        self.channels = (6 * c4, c5)
        self.expand = conv_bn(c4, 6 * c4, 1, activation=nn.ReLU6())

    def construct(self, x: Tensor) -> tuple[Tensor, ...]:
        _, c4, c5 = self.taps(x)
        return self.expand(c4), c5


def ssd_mobilenet_v2(pixels: int, width: float = 1.0, most_blocks: int = 4, classes: int = 81) -> nn.Cell:
    """The detector for square pictures."""
    features = Features(mobilenet_v2(width, most_blocks))
    channels = list(features.channels)
    extras = []
    for outputs, share in EXTRAS:
        outputs = scaled(outputs, width)
        extras.append(InvertedResidual(channels[-1], outputs, 2, scaled(channels[-1], share), nn.ReLU6()))
        channels.append(outputs)
    sizes = halved(-(-pixels // 16), len(ANCHORS))
    return Detector(
        Extended(features, extras), MultiBox(channels, ANCHORS, classes), default_boxes(sizes, ANCHORS)
    )
