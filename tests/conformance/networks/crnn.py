"""CRNN for lines of text (Shi et al., 2015): convolutions that keep the width, then two bidirectional LSTM layers."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn

HIDDEN, CLASSES = 256, 37


def conv(inputs: int, outputs: int, kernel: int = 3, mode: str = "same") -> list[nn.Cell]:
    """Convolution, batch norm, ReLU."""
    return [nn.Conv2d(inputs, outputs, kernel, pad_mode=mode), nn.BatchNorm2d(outputs), nn.ReLU()]


class CRNN(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.features = nn.SequentialCell(
            [
                *conv(1, 64), nn.MaxPool2d(2, 2), *conv(64, 128), nn.MaxPool2d(2, 2),
                *conv(128, 256), *conv(256, 256), nn.MaxPool2d((2, 1), (2, 1)),
                *conv(256, 512), *conv(512, 512), nn.MaxPool2d((2, 1), (2, 1)), *conv(512, 512, 2, "valid"),
            ]
        )  # fmt: skip
        self.lstm = nn.LSTM(512, HIDDEN, num_layers=2, bidirectional=True)
        self.classifier = nn.Dense(2 * HIDDEN, CLASSES)

    def construct(self, x: Tensor) -> Tensor:
        """[N, 1, 32, W] -> [W / 4 - 1, N, CLASSES]"""
        columns = self.features(x).squeeze(2).transpose((2, 0, 1))
        return self.classifier(self.lstm(columns)[0])


def network() -> nn.Cell:
    """The cell to export."""
    return CRNN()


def inputs(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return {"x": rng.standard_normal((1, 1, 32, 100), dtype=np.float32)}
