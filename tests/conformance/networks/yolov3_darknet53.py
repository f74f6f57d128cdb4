"""YOLOv3 on Darknet-53 (Redmon and Farhadi, 2018): residual blocks, leaky ReLU, upsampling, three heads."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn, ops

STAGES = ((64, 1), (128, 2), (256, 8), (512, 8), (1024, 4))  # channels, residual blocks
ANCHORS, CLASSES = 3, 80


def conv(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Cell:
    """Convolution padded to keep the size at stride 1, batch norm, leaky ReLU."""
    layer = nn.Conv2d(inputs, outputs, kernel, stride, pad_mode="pad", padding=kernel // 2)
    return nn.SequentialCell(layer, nn.BatchNorm2d(outputs), nn.LeakyReLU(0.1))


class Residual(nn.Cell):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.SequentialCell(conv(channels, channels // 2, 1), conv(channels // 2, channels, 3))

    def construct(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


def stage(channels: int, blocks: int) -> nn.Cell:
    """Half the size, twice the channels."""
    return nn.SequentialCell(conv(channels // 2, channels, 3, 2), *(Residual(channels) for _ in range(blocks)))


def neck(inputs: int, width: int) -> nn.Cell:
    """Five convolutions between 1x1 and 3x3."""
    return nn.SequentialCell(
        conv(inputs, width, 1), conv(width, 2 * width, 3), conv(2 * width, width, 1),
        conv(width, 2 * width, 3), conv(2 * width, width, 1),
    )


def head(width: int) -> nn.Cell:
    """Boxes and classes of each anchor."""
    outputs = ANCHORS * (5 + CLASSES)
    return nn.SequentialCell(conv(width, 2 * width, 3), nn.Conv2d(2 * width, outputs, 1, has_bias=True))


class YOLOv3(nn.Cell):
    def __init__(self, pixels: int, most_blocks: int) -> None:
        super().__init__()
        stages = [stage(channels, min(blocks, most_blocks)) for channels, blocks in STAGES]
        self.stem = nn.SequentialCell(conv(3, 32, 3), *stages[:3])
        self.stage4 = stages[3]
        self.stage5 = stages[4]
        self.neck5, self.head5 = neck(1024, 512), head(512)
        self.reduce4, self.neck4, self.head4 = conv(512, 256, 1), neck(768, 256), head(256)
        self.reduce3, self.neck3, self.head3 = conv(256, 128, 1), neck(384, 128), head(128)
        self.to_stage4 = ops.ResizeNearestNeighbor((pixels // 16, pixels // 16))
        self.to_stage3 = ops.ResizeNearestNeighbor((pixels // 8, pixels // 8))

    def construct(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        c3 = self.stem(x)
        c4 = self.stage4(c3)
        p5 = self.neck5(self.stage5(c4))
        p4 = self.neck4(ops.concat((self.to_stage4(self.reduce4(p5)), c4), axis=1))
        p3 = self.neck3(ops.concat((self.to_stage3(self.reduce3(p4)), c3), axis=1))
        return self.head5(p5), self.head4(p4), self.head3(p3)


def network() -> nn.Cell:
    """The cell to export: for small pictures, two residual blocks a stage at most."""
    return YOLOv3(pixels=96, most_blocks=2)


def inputs(rng: np.random.Generator, pixels: int = 96) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return {"x": rng.standard_normal((1, 3, pixels, pixels), dtype=np.float32)}


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs at the usual size."""
    return YOLOv3(pixels=416, most_blocks=8), inputs(rng, 416)
