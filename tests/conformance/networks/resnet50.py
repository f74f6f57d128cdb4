"""ResNet-50 (He et al., 2015), stride in the 3x3 convolution, explicit paddings as ported checkpoints have them."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn

STAGES = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))  # width, blocks, stride of the first
EXPANSION = 4


def conv_bn(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.SequentialCell:
    """Convolution padded to keep the size at stride 1, then batch norm."""
    conv = nn.Conv2d(inputs, outputs, kernel, stride, pad_mode="pad", padding=kernel // 2)
    return nn.SequentialCell(conv, nn.BatchNorm2d(outputs))


class Bottleneck(nn.Cell):
    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = width * EXPANSION
        self.reduce = conv_bn(inputs, width, 1)
        self.middle = conv_bn(width, width, 3, stride)
        self.expand = conv_bn(width, outputs, 1)
        self.shortcut = nn.Identity() if (inputs, stride) == (outputs, 1) else conv_bn(inputs, outputs, 1, stride)
        self.relu = nn.ReLU()

    def construct(self, x: Tensor) -> Tensor:
        y = self.relu(self.reduce(x))
        y = self.relu(self.middle(y))
        return self.relu(self.expand(y) + self.shortcut(x))


class ResNet50(nn.Cell):
    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        layers: list[nn.Cell] = [conv_bn(3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, pad_mode="same")]
        channels = 64
        for width, blocks, stride in STAGES:
            for index in range(blocks):
                layers.append(Bottleneck(channels, width, stride if index == 0 else 1))
                channels = width * EXPANSION
        self.features = nn.SequentialCell(layers)
        self.pool = nn.AvgPool2d(7)
        self.flatten = nn.Flatten()
        self.classifier = nn.Dense(channels, classes)

    def construct(self, x: Tensor) -> Tensor:
        return self.classifier(self.flatten(self.pool(self.features(x))))


def network() -> nn.Cell:
    """The cell to export."""
    return ResNet50()


def inputs(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return {"x": rng.standard_normal((1, 3, 224, 224), dtype=np.float32)}
