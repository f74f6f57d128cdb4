"""What YOLO's versions 3 to 5 share: what a head says of boxes becomes boxes, activations, and layers made of them."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mindspore import Tensor, nn, ops

from tests.conformance.networks.blocks.layers import conv_bn

ANCHORS, CLASSES = 3, 80  # at each place of a level, and of things


def leaky(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Cell:
    """Convolution, batch norm, leaky ReLU."""
    return conv_bn(inputs, outputs, kernel, stride, nn.LeakyReLU(0.1))


class SiLU(nn.Cell):
    """x sigmoid(x), operator by operator."""

    def __init__(self) -> None:
        super().__init__()
        self.sigmoid, self.mul = ops.Sigmoid(), ops.Mul()

    def construct(self, x: Tensor) -> Tensor:
        return self.mul(x, self.sigmoid(x))


class Pooled(nn.Cell):
    """x beside its maxima over windows of several sizes: spatial pyramid pooling (He et al., 2014)."""

    def __init__(self, windows: Sequence[int] = (5, 9, 13), largest_first: bool = False) -> None:
        super().__init__()
        order = sorted(windows, reverse=largest_first)
        self.pools = nn.CellList([nn.MaxPool2d(window, 1, "same") for window in order])
        self.largest_first = largest_first

    def construct(self, x: Tensor) -> Tensor:
        pooled = [pool(x) for pool in self.pools]
        return ops.concat([*pooled, x] if self.largest_first else [x, *pooled], axis=1)


class Boxes(nn.Cell):
    """A head's [N, 3 * (5 + classes), H, W] -> [N, H, W, 3, ...]: centers and sizes (as shares of the picture),
    confidence, probabilities of classes.

    anchors: width and height in pixels. overshoot: how far centers reach beyond their place, as a factor.
    """

    def __init__(self, anchors: np.ndarray, shape: tuple[int, int], stride: int, overshoot: float = 1.0) -> None:
        super().__init__()
        height, width = shape[0] // stride, shape[1] // stride
        y, x = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
        self.grid = Tensor(np.stack([x, y], axis=-1)[np.newaxis, :, :, np.newaxis].astype(np.float32))
        self.places = Tensor(np.array([width, height], np.float32))
        self.anchors = Tensor(anchors.astype(np.float32))
        self.pixels = Tensor(np.array([shape[1], shape[0]], np.float32))
        self.overshoot = overshoot
        self.sigmoid, self.exp, self.div, self.mul = ops.Sigmoid(), ops.Exp(), ops.Div(), ops.Mul()

    def construct(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        batch, _, height, width = x.shape
        x = x.reshape((batch, ANCHORS, -1, height, width)).transpose((0, 3, 4, 1, 2))
        centers = self.sigmoid(x[..., 0:2])
        if self.overshoot != 1.0:
            centers = centers * self.overshoot - 0.5 * (self.overshoot - 1.0)
        centers = self.div(centers + self.grid, self.places)
        sizes = self.div(self.mul(self.exp(x[..., 2:4]), self.anchors), self.pixels)
        return centers, sizes, self.sigmoid(x[..., 4:5]), self.sigmoid(x[..., 5:])


class Joined(nn.Cell):
    """What Boxes says, [N, H, W, 3, 5 + classes]"""

    def __init__(self, boxes: nn.Cell) -> None:
        super().__init__()
        self.boxes = boxes

    def construct(self, x: Tensor) -> Tensor:
        return ops.concat(self.boxes(x), axis=-1)


def nearest(shape: tuple[int, int], stride: int) -> ops.ResizeNearestNeighbor:
    """Enlarges features to those of the picture's shape at a stride."""
    return ops.ResizeNearestNeighbor((shape[0] // stride, shape[1] // stride))
