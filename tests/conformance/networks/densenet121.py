"""DenseNet-121 (Huang et al., 2016): batch norm and ReLU before convolutions, every layer concatenated to its input."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn, ops

GROWTH, BOTTLENECK = 32, 4
BLOCKS = (6, 12, 24, 16)


class DenseLayer(nn.Cell):
    def __init__(self, channels: int) -> None:
        super().__init__()
        width = BOTTLENECK * GROWTH
        self.layers = nn.SequentialCell(
            nn.BatchNorm2d(channels), nn.ReLU(), nn.Conv2d(channels, width, 1),
            nn.BatchNorm2d(width), nn.ReLU(), nn.Conv2d(width, GROWTH, 3, pad_mode="pad", padding=1),
        )

    def construct(self, x: Tensor) -> Tensor:
        return ops.concat((x, self.layers(x)), axis=1)


class DenseNet(nn.Cell):
    def __init__(self, blocks: tuple[int, ...], classes: int = 1000) -> None:
        super().__init__()
        layers: list[nn.Cell] = [
            nn.Conv2d(3, 64, 7, 2, pad_mode="pad", padding=3), nn.BatchNorm2d(64), nn.ReLU(),
            nn.MaxPool2d(3, 2, pad_mode="same"),
        ]
        channels = 64
        for index, depth in enumerate(blocks):
            for _ in range(depth):
                layers.append(DenseLayer(channels))
                channels += GROWTH
            layers += [nn.BatchNorm2d(channels), nn.ReLU()]
            if index < len(blocks) - 1:
                layers += [nn.Conv2d(channels, channels // 2, 1), nn.AvgPool2d(2, 2)]
                channels //= 2
        self.features = nn.SequentialCell(layers)
        self.classifier = nn.Dense(channels, classes)

    def construct(self, x: Tensor) -> Tensor:
        return self.classifier(ops.mean(self.features(x), (2, 3)))


def network() -> nn.Cell:
    """The cell to export: fewer layers of each kind."""
    return DenseNet(blocks=(2, 3, 3, 2))


def inputs(rng: np.random.Generator, pixels: int = 96) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return {"x": rng.standard_normal((1, 3, pixels, pixels), dtype=np.float32)}


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the paper has them."""
    return DenseNet(BLOCKS), inputs(rng, 224)
