"""The convolutions of VGG-16 (Simonyan and Zisserman, 2014)."""
from __future__ import annotations

from collections.abc import Callable

from mindspore import Tensor, nn

STAGES = ((1, 2), (2, 2), (4, 3), (8, 3), (8, 3))  # channels in multiples of the first, convolutions


class VGG(nn.Cell):
    """The results of all five stages, each half the size of the one before.

    conv: makes a layer of input and output channels.
    """

    def __init__(self, conv: Callable[[int, int], nn.Cell], width: int) -> None:
        super().__init__()
        stages = []
        channels = 3
        for multiple, depth in STAGES:
            cells: list[nn.Cell] = []
            for _ in range(depth):
                cells.append(conv(channels, multiple * width))
                channels = multiple * width
            stages.append(nn.SequentialCell([*cells, nn.MaxPool2d(2, 2)]))
        self.stages = nn.CellList(stages)

    def construct(self, x: Tensor) -> tuple[Tensor, ...]:
        results = ()
        for stage in self.stages:
            x = stage(x)
            results += (x,)
        return results
