"""CSPDarkNet-53 (Bochkovskiy et al., 2020; Wang et al., 2019): half of each stage's channels go around its blocks."""
from __future__ import annotations

from collections.abc import Sequence

from mindspore import Tensor, nn, ops

from tests.conformance.networks.blocks.layers import conv_bn

BLOCKS = (1, 2, 8, 8, 4)


class Mish(nn.Cell):
    """x tanh(log(1 + exp x)), written out (Misra, 2019)."""

    def __init__(self) -> None:
        super().__init__()
        self.softplus = ops.Softplus()

    def construct(self, x: Tensor) -> Tensor:
        return x * ops.tanh(self.softplus(x))


def conv_mish(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.SequentialCell:
    """Convolution, batch norm, Mish."""
    return conv_bn(inputs, outputs, kernel, stride, Mish())


class Residual(nn.Cell):
    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.layers = nn.SequentialCell(conv_mish(channels, hidden, 1), conv_mish(hidden, channels, 3))

    def construct(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class Stage(nn.Cell):
    """Half the size; width: of each of the two ways."""

    def __init__(self, inputs: int, outputs: int, width: int, blocks: int) -> None:
        super().__init__()
        self.down = conv_mish(inputs, outputs, 3, 2)
        self.around = conv_mish(outputs, width, 1)
        residuals = [Residual(width, inputs if width == outputs else width) for _ in range(blocks)]
        self.through = nn.SequentialCell([conv_mish(outputs, width, 1), *residuals, conv_mish(width, width, 1)])
        self.merge = conv_mish(2 * width, outputs, 1)

    def construct(self, x: Tensor) -> Tensor:
        x = self.down(x)
        return self.merge(ops.concat((self.through(x), self.around(x)), axis=1))


class CSPDarkNet(nn.Cell):
    """The results of all five stages; the last has 32 times `width` channels."""

    def __init__(self, width: int = 32, blocks: Sequence[int] = BLOCKS) -> None:
        super().__init__()
        self.stem = conv_mish(3, width, 3)
        self.stages = nn.CellList(
            [
                Stage(width << index, width << (index + 1), width << max(index, 1), depth)
                for index, depth in enumerate(blocks)
            ]
        )

    def construct(self, x: Tensor) -> tuple[Tensor, ...]:
        x = self.stem(x)
        results = ()
        for stage in self.stages:
            x = stage(x)
            results += (x,)
        return results
