"""VGG-16 (Simonyan and Zisserman, 2014): thirteen 3x3 convolutions and three large fully connected layers."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn

STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # channels, convolutions


class VGG16(nn.Cell):
    def __init__(self, pixels: int, hidden: int, classes: int = 1000) -> None:
        super().__init__()
        layers: list[nn.Cell] = []
        channels = 3
        for outputs, depth in STAGES:
            for _ in range(depth):
                layers += [nn.Conv2d(channels, outputs, 3, pad_mode="pad", padding=1, has_bias=True), nn.ReLU()]
                channels = outputs
            layers.append(nn.MaxPool2d(2, 2))
        self.features = nn.SequentialCell(layers)
        self.flatten = nn.Flatten()
        self.classifier = nn.SequentialCell(
            nn.Dense(channels * (pixels // 32) ** 2, hidden), nn.ReLU(), nn.Dropout(p=0.5),
            nn.Dense(hidden, hidden), nn.ReLU(), nn.Dropout(p=0.5), nn.Dense(hidden, classes),
        )

    def construct(self, x: Tensor) -> Tensor:
        return self.classifier(self.flatten(self.features(x)))


def network() -> nn.Cell:
    """The cell to export: the layers for small pictures, since the full size is over half a gigabyte."""
    return VGG16(pixels=64, hidden=512)


def inputs(rng: np.random.Generator, pixels: int = 64) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return {"x": rng.standard_normal((1, 3, pixels, pixels), dtype=np.float32)}


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the paper has them."""
    return VGG16(pixels=224, hidden=4096), inputs(rng, 224)
