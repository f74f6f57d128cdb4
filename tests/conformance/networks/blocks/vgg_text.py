"""VGG-16's convolutions (Simonyan and Zisserman, 2014) with batch norms, as detectors of text use them."""
from __future__ import annotations

from mindspore import nn

from tests.conformance.networks.blocks.layers import conv_bn

STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # channels, convolutions


def vgg_stages(share: float) -> list[nn.Cell]:
    """Five cells, each but the first with a pooling in front. share: of the paper's channels."""
    stages = []
    channels = 3
    for index, (outputs, depth) in enumerate(STAGES):
        layers: list[nn.Cell] = [nn.MaxPool2d(2, 2)] if index else []
        outputs = int(outputs * share)
        for _ in range(depth):
            layers.append(conv_bn(channels, outputs, 3, activation=nn.ReLU(), mode="same"))
            channels = outputs
        stages.append(nn.SequentialCell(layers))
    return stages
