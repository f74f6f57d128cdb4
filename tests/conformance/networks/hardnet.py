"""HarDNet-85 (Chao et al., 2019): layers read those that powers of two lie behind them; half of them leave a block."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn, ops

from tests.conformance.networks.blocks.layers import Classifier, conv_bn, pictures

MULTIPLIER = 1.7
# of each block: layers, growth, output channels, and whether the size is halved behind it
HARDNET85 = (
    (8, 24, 192, True), (16, 24, 256, False), (16, 28, 320, True), (16, 36, 480, False), (16, 48, 720, True),
    (4, 256, 1280, False),
)  # fmt: skip
SMALL = ((4, 6, 24, True), (8, 8, 40, True), (2, 10, 48, True), (2, 16, 64, False))


def conv(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.SequentialCell:
    """Convolution, batch norm, ReLU6."""
    return conv_bn(inputs, outputs, kernel, stride, nn.ReLU6())


def links(layer: int) -> list[int]:
    """The layers that one reads, the nearest first; 0 is the block's input."""
    return [layer - (1 << power) for power in range(layer.bit_length()) if layer % (1 << power) == 0]


class Block(nn.Cell):
    def __init__(self, inputs: int, growth: int, layers: int) -> None:
        super().__init__()
        widths = [inputs]
        self.sources = []
        cells = []
        for layer in range(1, layers + 1):
            sources = links(layer)
            width = growth * MULTIPLIER ** (len(sources) - 1)
            cells.append(conv(sum(widths[source] for source in sources), int(width + 1) // 2 * 2, 3))
            widths.append(int(width + 1) // 2 * 2)
            self.sources.append(sources)
        self.layers = nn.CellList(cells)
        self.kept = [layer for layer in range(1, layers + 1) if layer % 2 or layer == layers]
        self.outputs = sum(widths[layer] for layer in self.kept)

    def construct(self, x: Tensor) -> Tensor:
        results = [x]
        for index, layer in enumerate(self.layers):
            results.append(layer(self.joined(results, self.sources[index])))
        return self.joined(results, self.kept)

    def joined(self, results: list[Tensor], layers: list[int]) -> Tensor:
        """Results of layers, one appended to another."""
        y = results[layers[0]]
        for layer in layers[1:]:
            y = ops.concat((y, results[layer]), axis=1)
        return y


def hardnet(stem: int, blocks: tuple[tuple[int, int, int, bool], ...]) -> nn.Cell:
    """Classes; `stem` channels at first."""
    layers: list[nn.Cell] = [conv(3, stem, 3, 2), conv(stem, 2 * stem, 3), nn.MaxPool2d(3, 2, "same")]
    channels = 2 * stem
    for depth, growth, outputs, halved in blocks:
        block = Block(channels, growth, depth)
        layers += [block, conv(block.outputs, outputs, 1), *([nn.MaxPool2d(2, 2)] if halved else [])]
        channels = outputs
    return Classifier(nn.SequentialCell(layers), channels)


def network() -> nn.Cell:
    """The cell to export: fewer blocks, narrow ones."""
    return hardnet(12, SMALL)


def inputs(rng: np.random.Generator, pixels: int = 64) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return pictures(rng, pixels)


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the paper has them."""
    return hardnet(48, HARDNET85), inputs(rng, 224)
