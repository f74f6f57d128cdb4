"""MobileNetV2 (Sandler et al., 2018): inverted residuals of depthwise convolutions, ReLU6."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn, ops

# expansion, output channels, blocks, stride of the first
STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))


def conv_bn(inputs: int, outputs: int, kernel: int, stride: int = 1, group: int = 1) -> list[nn.Cell]:
    """Convolution padded to keep the size at stride 1, then batch norm."""
    conv = nn.Conv2d(inputs, outputs, kernel, stride, pad_mode="pad", padding=kernel // 2, group=group)
    return [conv, nn.BatchNorm2d(outputs)]


class InvertedResidual(nn.Cell):
    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        expand = [] if expansion == 1 else [*conv_bn(inputs, hidden, 1), nn.ReLU6()]
        depthwise = [*conv_bn(hidden, hidden, 3, stride, group=hidden), nn.ReLU6()]
        self.layers = nn.SequentialCell([*expand, *depthwise, *conv_bn(hidden, outputs, 1)])
        self.residual = stride == 1 and inputs == outputs

    def construct(self, x: Tensor) -> Tensor:
        y = self.layers(x)
        return x + y if self.residual else y


class MobileNetV2(nn.Cell):
    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        layers = [*conv_bn(3, 32, 3, stride=2), nn.ReLU6()]
        channels = 32
        for expansion, outputs, blocks, stride in STAGES:
            for index in range(blocks):
                layers.append(InvertedResidual(channels, outputs, stride if index == 0 else 1, expansion))
                channels = outputs
        layers += [*conv_bn(channels, 1280, 1), nn.ReLU6()]
        self.features = nn.SequentialCell(layers)
        self.classifier = nn.Dense(1280, classes)

    def construct(self, x: Tensor) -> Tensor:
        return self.classifier(ops.mean(self.features(x), (2, 3)))


def network() -> nn.Cell:
    """The cell to export."""
    return MobileNetV2()


def inputs(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return {"x": rng.standard_normal((1, 3, 224, 224), dtype=np.float32)}
