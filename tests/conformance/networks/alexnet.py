"""AlexNet (Krizhevsky et al., 2012) on pictures as a camera gives them, channels last, normalized in the network."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn, ops

MEAN, DEVIATION = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


def conv(inputs: int, outputs: int, kernel: int, stride: int = 1, mode: str = "same") -> list[nn.Cell]:
    """Convolution with a bias, ReLU."""
    return [nn.Conv2d(inputs, outputs, kernel, stride, mode, has_bias=True), nn.ReLU()]


class AlexNet(nn.Cell):
    def __init__(self, width: int, pixels: int, classes: int = 1000) -> None:
        super().__init__()
        self.mean = Tensor(np.array(MEAN, np.float32))
        self.deviation = Tensor(np.array(DEVIATION, np.float32))
        self.features = nn.SequentialCell(
            *conv(3, 3 * width, 11, 4, "valid"), nn.MaxPool2d(3, 2),
            *conv(3 * width, 8 * width, 5), nn.MaxPool2d(3, 2),
            *conv(8 * width, 12 * width, 3), *conv(12 * width, 12 * width, 3), *conv(12 * width, 8 * width, 3),
            nn.MaxPool2d(3, 2), nn.Flatten(),
        )
        size = ((((pixels - 11) // 4 + 1 - 3) // 2 + 1 - 3) // 2 + 1 - 3) // 2 + 1
        self.classifier = nn.SequentialCell(
            nn.Dense(8 * width * size**2, 128 * width), nn.ReLU(), nn.Dropout(p=0.35),
            nn.Dense(128 * width, 128 * width), nn.ReLU(), nn.Dropout(p=0.35), nn.Dense(128 * width, classes),
        )

    def construct(self, x: Tensor) -> Tensor:
        x = ops.transpose(ops.div(x - self.mean, self.deviation), (0, 3, 1, 2))
        return self.classifier(self.features(x))


def network() -> nn.Cell:
    """The cell to export: narrow, for small pictures."""
    return AlexNet(width=4, pixels=99)


def inputs(rng: np.random.Generator, pixels: int = 99) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return {"x": rng.uniform(0, 255, (1, pixels, pixels, 3)).astype(np.float32)}


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the paper has them."""
    return AlexNet(width=32, pixels=227), inputs(rng, 227)
