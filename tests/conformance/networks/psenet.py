"""PSENet (Wang et al., 2019): text of any shape from kernels that grow, on a ResNet-50 with a feature pyramid."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn, ops

from tests.conformance.networks.blocks.layers import padded_max_pool, pictures
from tests.conformance.networks.blocks.resnet import Bottleneck, ResNet, stem

KERNELS = 7

gain = 0.7  # every score is the sigmoid of less than -100 else, which is 0


def conv(inputs: int, outputs: int, kernel: int) -> nn.SequentialCell:
    """Convolution with a bias, batch norm, ReLU."""
    layer = nn.Conv2d(inputs, outputs, kernel, has_bias=True)
    return nn.SequentialCell(layer, nn.BatchNorm2d(outputs), nn.ReLU())


def resized(x: Tensor, y: Tensor) -> Tensor:
    """x at the size of y."""
    return ops.ResizeBilinearV2(align_corners=True)(x, y.shape[2:])


class PSENet(nn.Cell):
    def __init__(self, blocks: tuple[int, ...], width: int) -> None:
        super().__init__()
        self.features = ResNet(stem(width, padded_max_pool()), Bottleneck, blocks, width)
        channels = 4 * width
        self.lateral = nn.CellList([conv(channels << level, channels, 1) for level in range(4)])
        self.smooth = nn.CellList([conv(channels, channels, 3) for _ in range(3)])
        self.merge = conv(4 * channels, channels, 3)
        self.kernels = nn.Conv2d(channels, KERNELS, 1, has_bias=True)

    def construct(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The score of text, and where kernels are."""
        c2, c3, c4, c5 = self.features(x)
        p5 = self.lateral[3](c5)
        p4 = self.lateral[2](c4)
        p4 = self.smooth[2](resized(p5, p4) + p4)
        p3 = self.lateral[1](c3)
        p3 = self.smooth[1](resized(p4, p3) + p3)
        p2 = self.lateral[0](c2)
        p2 = self.smooth[0](resized(p3, p2) + p2)
        y = ops.concat((p2, resized(p3, p2), resized(p4, p2), resized(p5, p2)), axis=1)
        y = self.kernels(self.merge(y))
        text, kernels = y[:, :1], y[:, 1:]
        return ops.sigmoid(text), ops.logical_and(text > 0, kernels > 0)


def network() -> nn.Cell:
    """The cell to export: fewer blocks, narrow ones."""
    return PSENet((1, 2, 1, 1), width=16)


def inputs(rng: np.random.Generator, pixels: int = 64) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return pictures(rng, pixels)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the paper has them."""
    return PSENet((3, 4, 6, 3), width=64), inputs(rng, 640)
