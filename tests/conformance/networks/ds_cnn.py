"""DS-CNN for keyword spotting (Zhang et al., 2017), the large one: depthwise-separable convolutions on 49 x 10 MFCC."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn, ops

CHANNELS, BLOCKS, KEYWORDS = 276, 5, 12


def conv_bn_relu(inputs: int, outputs: int, kernel: int | tuple[int, int], stride: int | tuple[int, int] = 1,
                 group: int = 1) -> list[nn.Cell]:
    """Convolution that pads as TensorFlow's "SAME", batch norm, ReLU."""
    conv = nn.Conv2d(inputs, outputs, kernel, stride, pad_mode="same", group=group)
    return [conv, nn.BatchNorm2d(outputs), nn.ReLU()]


class DepthwiseSeparable(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.features = nn.SequentialCell(
            conv_bn_relu(1, CHANNELS, (10, 4), (2, 1))
            + [
                cell
                for block in range(BLOCKS)
                for cell in (
                    *conv_bn_relu(CHANNELS, CHANNELS, 3, 2 if block == 0 else 1, group=CHANNELS),
                    *conv_bn_relu(CHANNELS, CHANNELS, 1),
                )
            ]
        )
        self.classifier = nn.Dense(CHANNELS, KEYWORDS)

    def construct(self, x: Tensor) -> Tensor:
        return self.classifier(ops.mean(self.features(x), (2, 3)))


def network() -> nn.Cell:
    """The cell to export."""
    return DepthwiseSeparable()


def inputs(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return {"x": rng.standard_normal((1, 1, 49, 10), dtype=np.float32)}
