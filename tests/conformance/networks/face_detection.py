"""FaceDetection: boxes at three scales as in YOLOv2 (Redmon and Farhadi, 2016), from separable convolutions."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn, ops

from tests.conformance.networks.blocks.layers import conv_bn, conv_bn_relu

ANCHORS = ((0.3, 0.5), (0.7, 0.9), (1.2, 1.6), (2.1, 2.8))  # widths and heights in cells
NUMBERS = 6  # of an anchor: x, y, width, height, whether a face is there, and one that is not read
# channels in multiples of the first, stride; the results of the marked ones go to the heads
LAYERS = (
    ((2, 2), (2, 1), (4, 2), (4, 1), (8, 2), (8, 1), (8, 1)),
    ((16, 2), (16, 1), (16, 1)),
    ((32, 2), (32, 1), (32, 1)),
)
gain = 0.6


def separable(inputs: int, outputs: int, stride: int = 1) -> list[nn.Cell]:
    """A depthwise convolution and one of 1x1, ReLU behind that alone."""
    return [conv_bn(inputs, inputs, 3, stride, group=inputs), conv_bn_relu(inputs, outputs, 1)]


class Boxes(nn.Cell):
    """Numbers of a scale as boxes in pixels, and as scores."""

    def __init__(self, height: int, width: int, stride: int) -> None:
        super().__init__()
        self.rows, self.columns = height // stride, width // stride
        count = len(ANCHORS)
        grid_y, grid_x = np.mgrid[: self.rows, : self.columns].astype(np.float32).reshape(2, 1, 1, -1)
        anchors = np.array(ANCHORS, np.float32).T.reshape(2, 1, count, 1)
        self.grid_x, self.grid_y = Tensor(grid_x), Tensor(grid_y)
        self.widths, self.heights = Tensor(anchors[0]), Tensor(anchors[1])
        self.picture = Tensor(np.array([width, height, width, height], np.float32))

    def construct(self, y: Tensor) -> tuple[Tensor, Tensor]:
        y = y.reshape((y.shape[0], len(ANCHORS), NUMBERS, -1))
        center_x = (ops.sigmoid(y[:, :, 0]) + self.grid_x) / self.columns
        center_y = (ops.sigmoid(y[:, :, 1]) + self.grid_y) / self.rows
        width = ops.exp(y[:, :, 2]) * self.widths / self.columns
        height = ops.exp(y[:, :, 3]) * self.heights / self.rows
        centers = ops.concat((center_x.expand_dims(-1), center_y.expand_dims(-1)), -1)
        sizes = ops.concat((width.expand_dims(-1), height.expand_dims(-1)), -1)
        return ops.concat((centers, sizes), -1) * self.picture, ops.sigmoid(y[:, :, 4])


class FaceDetection(nn.Cell):
    def __init__(self, width: int, height: int, columns: int) -> None:
        super().__init__()
        channels = width
        layers: list[nn.Cell] = [conv_bn_relu(3, width, 3, 2)]
        parts = []
        for part in LAYERS:
            for multiple, stride in part:
                layers += separable(channels, multiple * width, stride)
                channels = multiple * width
            parts.append(nn.SequentialCell(layers))
            layers = []
        self.parts = nn.CellList(parts)
        outputs = len(ANCHORS) * NUMBERS
        widths = [8 * width, 16 * width, 32 * width]
        self.necks = nn.CellList(
            [
                nn.SequentialCell([conv_bn_relu(c, c // 2, 1), *separable(c // 2, c), conv_bn_relu(c, c // 2, 1)])
                for c in widths
            ]
        )
        self.heads = nn.CellList([nn.Conv2d(c // 2, outputs, 1, has_bias=True) for c in widths])
        self.reduce = nn.CellList([conv_bn_relu(c, c // 2, 1) for c in widths[:2]])
        self.up = nn.CellList([nn.Conv2dTranspose(c, c // 2, 2, 2, has_bias=True) for c in widths[:2]])
        self.merge = nn.CellList([nn.SequentialCell(separable(c, c)) for c in widths[:2]])
        self.boxes = nn.CellList([Boxes(height, columns, stride) for stride in (16, 32, 64)])

    def construct(self, input_data: Tensor) -> tuple[Tensor, ...]:
        """Boxes and scores of each scale, the largest faces first."""
        features = (self.parts[0](input_data),)
        for part in self.parts[1:]:
            features += (part(features[-1]),)
        y = self.necks[2](features[2])
        results = self.boxes[2](self.heads[2](y))
        for level in (1, 0):
            y = ops.concat((self.up[level](y), self.reduce[level](features[level])), axis=1)
            y = self.necks[level](self.merge[level](y))
            results += self.boxes[level](self.heads[level](y))
        return results


def network() -> nn.Cell:
    """The cell to export: narrow, for small pictures."""
    return FaceDetection(width=4, height=64, columns=128)


def inputs(rng: np.random.Generator, height: int = 64, width: int = 128) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return {"input_data": rng.standard_normal((1, 3, height, width), dtype=np.float32)}


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs at their usual size."""
    return FaceDetection(width=32, height=448, columns=768), inputs(rng, 448, 768)
