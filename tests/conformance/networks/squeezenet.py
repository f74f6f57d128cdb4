"""SqueezeNet 1.1 (Iandola et al., 2016): fire modules, concatenation, global average pooling."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn, ops


class Fire(nn.Cell):
    def __init__(self, channels: int, squeezed: int, expanded: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, squeezed, 1, has_bias=True)
        self.expand1x1 = nn.Conv2d(squeezed, expanded, 1, has_bias=True)
        self.expand3x3 = nn.Conv2d(squeezed, expanded, 3, pad_mode="same", has_bias=True)
        self.relu = nn.ReLU()

    def construct(self, x: Tensor) -> Tensor:
        x = self.relu(self.squeeze(x))
        return ops.concat((self.relu(self.expand1x1(x)), self.relu(self.expand3x3(x))), axis=1)


class SqueezeNet(nn.Cell):
    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        pool = nn.MaxPool2d(kernel_size=3, stride=2)
        self.features = nn.SequentialCell(
            nn.Conv2d(3, 64, 3, stride=2, pad_mode="valid", has_bias=True), nn.ReLU(), pool,
            Fire(64, 16, 64), Fire(128, 16, 64), pool,
            Fire(128, 32, 128), Fire(256, 32, 128), pool,
            Fire(256, 48, 192), Fire(384, 48, 192), Fire(384, 64, 256), Fire(512, 64, 256),
        )
        self.classifier = nn.SequentialCell(nn.Dropout(p=0.5), nn.Conv2d(512, classes, 1, has_bias=True), nn.ReLU())

    def construct(self, x: Tensor) -> Tensor:
        return ops.mean(self.classifier(self.features(x)), (2, 3))


def network() -> nn.Cell:
    """The cell to export."""
    return SqueezeNet()


def inputs(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return {"x": rng.standard_normal((1, 3, 224, 224), dtype=np.float32)}
