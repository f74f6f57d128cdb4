"""YOLOv5 (Jocher, 2020), the small one: slices of pixels first, cross-stage partial blocks, SiLU.

It takes pixels as bytes, with channels last.
"""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, dtype, nn, ops

from tests.conformance.networks.blocks.layers import conv_bn
from tests.conformance.networks.blocks.quiet import QuietConv
from tests.conformance.networks.blocks.yolo import ANCHORS, CLASSES, Boxes, Joined, Pooled, SiLU, nearest

BLOCKS = (1, 3, 3, 1)  # of each stage
SIZES = np.array([[10, 13], [16, 30], [33, 23], [30, 61], [62, 45], [59, 119], [116, 90], [156, 198], [373, 326]])


def silu(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Cell:
    """Convolution, batch norm, SiLU."""
    return conv_bn(inputs, outputs, kernel, stride, SiLU())


class Bottleneck(nn.Cell):
    def __init__(self, channels: int, residual: bool) -> None:
        super().__init__()
        self.layers = nn.SequentialCell(silu(channels, channels, 1), silu(channels, channels, 3))
        self.residual = residual

    def construct(self, x: Tensor) -> Tensor:
        y = self.layers(x)
        return x + y if self.residual else y


class Partial(nn.Cell):
    """A half of the channels goes around the blocks."""

    def __init__(self, inputs: int, outputs: int, blocks: int, residual: bool = True) -> None:
        super().__init__()
        half = outputs // 2
        self.enter, self.around = silu(inputs, half, 1), silu(inputs, half, 1)
        self.blocks = nn.SequentialCell([Bottleneck(half, residual) for _ in range(blocks)])
        self.join = silu(2 * half, outputs, 1)

    def construct(self, x: Tensor) -> Tensor:
        return self.join(ops.concat((self.blocks(self.enter(x)), self.around(x)), axis=1))


class YOLOv5(nn.Cell):
    """What is in small, middle and large pieces of the picture. width: of the first layer."""

    def __init__(self, pixels: int, width: int, blocks: tuple[int, ...]) -> None:
        super().__init__()
        w2, w4, w8, w16 = (width << i for i in range(1, 5))
        self.focus = silu(12, width, 3)
        self.front = nn.SequentialCell(
            silu(width, w2, 3, 2), Partial(w2, w2, blocks[0]), silu(w2, w4, 3, 2), Partial(w4, w4, blocks[1])
        )
        self.stage4 = nn.SequentialCell(silu(w4, w8, 3, 2), Partial(w8, w8, blocks[2]))
        self.stage5 = nn.SequentialCell(
            silu(w8, w16, 3, 2), silu(w16, w8, 1), Pooled(), silu(4 * w8, w16, 1), Partial(w16, w16, blocks[3], False)
        )
        self.reduce5, self.up4 = silu(w16, w8, 1), Partial(w16, w8, blocks[3], False)
        self.reduce4, self.up3 = silu(w8, w4, 1), Partial(w8, w4, blocks[3], False)
        self.down4, self.join4 = silu(w4, w4, 3, 2), Partial(w8, w8, blocks[3], False)
        self.down5, self.join5 = silu(w8, w8, 3, 2), Partial(w16, w16, blocks[3], False)
        outputs = ANCHORS * (5 + CLASSES)
        self.heads = nn.CellList([QuietConv(c, outputs, 0.1) for c in (w4, w8, w16)])
        shape = (pixels, pixels)
        self.to4, self.to3 = nearest(shape, 16), nearest(shape, 8)
        boxes = [Joined(Boxes(SIZES[3 * i : 3 * i + 3], shape, 8 << i, overshoot=2.0)) for i in range(3)]
        self.boxes = nn.CellList(boxes)

    def construct(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x = (ops.cast(x, dtype.float32) / 255.0).transpose((0, 3, 1, 2))
        slices = (x[:, :, ::2, ::2], x[:, :, 1::2, ::2], x[:, :, ::2, 1::2], x[:, :, 1::2, 1::2])
        c3 = self.front(self.focus(ops.concat(slices, axis=1)))
        c4 = self.stage4(c3)
        p5 = self.reduce5(self.stage5(c4))
        p4 = self.reduce4(self.up4(ops.concat((self.to4(p5), c4), axis=1)))
        p3 = self.up3(ops.concat((self.to3(p4), c3), axis=1))
        n4 = self.join4(ops.concat((self.down4(p3), p4), axis=1))
        n5 = self.join5(ops.concat((self.down5(n4), p5), axis=1))
        return self.boxes[0](self.heads[0](p3)), self.boxes[1](self.heads[1](n4)), self.boxes[2](self.heads[2](n5))


def network() -> nn.Cell:
    """The cell to export: for small pictures, narrow, one block a stage."""
    return YOLOv5(64, 8, (1, 1, 1, 1))


def inputs(rng: np.random.Generator, pixels: int = 64) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return {"x": rng.integers(-128, 128, (1, pixels, pixels, 3), dtype=np.int8)}


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as its authors have them."""
    return YOLOv5(640, 32, BLOCKS), inputs(rng, 640)
