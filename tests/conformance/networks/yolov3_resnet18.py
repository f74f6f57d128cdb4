"""YOLOv3 on ResNet-18 (Redmon and Farhadi, 2018; He et al., 2015): boxes in the picture as it was before scaling."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn, ops

from tests.conformance.networks.blocks.layers import pictures
from tests.conformance.networks.blocks.quiet import QuietConv
from tests.conformance.networks.blocks.resnet import Basic, ResNet, stem
from tests.conformance.networks.blocks.yolo import ANCHORS, Boxes, leaky, nearest

SIZES = np.array([[10, 13], [16, 30], [33, 23], [30, 61], [62, 45], [59, 119], [116, 90], [156, 198], [163, 326]])
CLASSES = 2


class Neck(nn.Cell):
    """What larger features get, and a level's head."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.layers = nn.SequentialCell(
            leaky(inputs, width, 1), leaky(width, 2 * width, 3), leaky(2 * width, width, 1),
            leaky(width, 2 * width, 3), leaky(2 * width, width, 1),
        )  # fmt: skip
        self.wide = leaky(width, 2 * width, 3)
        self.head = QuietConv(2 * width, ANCHORS * (5 + CLASSES), 0.1)

    def construct(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.layers(x)
        return x, self.head(self.wide(x))


class Original(nn.Cell):
    """Corners (y0, x0, y1, x1) [N, boxes, 4] and scores [N, boxes, classes], in the picture as it was: it was scaled
    to fit and bordered."""

    def __init__(self, shape: tuple[int, int]) -> None:
        super().__init__()
        self.shape = Tensor(np.array([shape], np.float32))
        self.div, self.mul, self.round, self.least = ops.Div(), ops.Mul(), ops.Round(), ops.ReduceMin()
        self.tile = ops.Tile()

    def construct(
        self, centers: Tensor, sizes: Tensor, confidence: Tensor, classes: Tensor, image_shape: Tensor
    ) -> tuple[Tensor, Tensor]:
        scaled = self.round(self.mul(image_shape, self.least(self.div(self.shape, image_shape))))
        border = self.div((self.shape - scaled) / 2.0, self.shape)
        scale = self.div(self.shape, scaled)
        centers = ops.concat((centers[..., 1:2], centers[..., 0:1]), axis=-1)
        sizes = ops.concat((sizes[..., 1:2], sizes[..., 0:1]), axis=-1)
        centers, sizes = self.mul(centers - border, scale), self.mul(sizes, scale)
        low, high = centers - sizes / 2.0, centers + sizes / 2.0
        corners = ops.concat((low[..., 0:1], low[..., 1:2], high[..., 0:1], high[..., 1:2]), axis=-1)
        corners = self.mul(corners, self.tile(image_shape, (1, 2)))
        scores = self.mul(confidence, classes)
        return corners.reshape((1, -1, 4)), scores.reshape((1, -1, CLASSES))


class YOLOv3(nn.Cell):
    """Boxes, scores, and the shape that was given."""

    def __init__(self, shape: tuple[int, int], width: int, blocks: tuple[int, ...]) -> None:
        super().__init__()
        self.features = ResNet(stem(width), Basic, blocks, width)
        self.neck5 = Neck(8 * width, 8 * width)
        self.reduce4, self.neck4 = leaky(8 * width, 4 * width, 1), Neck(8 * width, 4 * width)
        self.reduce3, self.neck3 = leaky(4 * width, 2 * width, 1), Neck(4 * width, 2 * width)
        self.to4, self.to3 = nearest(shape, 16), nearest(shape, 8)
        levels = zip((32, 16, 8), (SIZES[6:], SIZES[3:6], SIZES[:3]), strict=True)
        self.boxes = nn.CellList([Boxes(anchors, shape, stride) for stride, anchors in levels])
        self.original = Original(shape)

    def construct(self, x: Tensor, image_shape: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        _, c3, c4, c5 = self.features(x)
        p5, head5 = self.neck5(c5)
        p4, head4 = self.neck4(ops.concat((self.to4(self.reduce4(p5)), c4), axis=1))
        _, head3 = self.neck3(ops.concat((self.to3(self.reduce3(p4)), c3), axis=1))
        boxes5, scores5 = self.original(*self.boxes[0](head5), image_shape)
        boxes4, scores4 = self.original(*self.boxes[1](head4), image_shape)
        boxes3, scores3 = self.original(*self.boxes[2](head3), image_shape)
        boxes = ops.concat((boxes5, boxes4, boxes3), axis=1)
        return boxes, ops.concat((scores5, scores4, scores3), axis=1), image_shape


def network() -> nn.Cell:
    """The cell to export: for small pictures, narrow, fewer blocks."""
    return YOLOv3((64, 96), 8, (2, 1, 1, 1))


def inputs(rng: np.random.Generator, height: int = 64, width: int = 96) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return {**pictures(rng, height, width), "image_shape": np.array([[1.5 * height, 1.1 * width]], np.float32)}


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the model zoo has them."""
    return YOLOv3((352, 640), 64, (2, 2, 2, 2)), inputs(rng, 352, 640)
