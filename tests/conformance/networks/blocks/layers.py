"""What almost every network of pictures is made of."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn, ops


def conv_bn(
    inputs: int,
    outputs: int,
    kernel: int | tuple[int, int],
    stride: int | tuple[int, int] = 1,
    activation: nn.Cell | None = None,
    *,
    mode: str = "pad",
    dilation: int = 1,
    group: int = 1,
) -> nn.SequentialCell:
    """Convolution, batch norm and where given an activation. mode "pad": by what keeps the size at stride 1."""
    height, width = kernel if isinstance(kernel, tuple) else (kernel, kernel)
    rows, columns = ((size - 1) * dilation // 2 if mode == "pad" else 0 for size in (height, width))
    conv = nn.Conv2d(
        inputs, outputs, kernel, stride, mode, (rows, rows, columns, columns), dilation=dilation, group=group
    )
    return nn.SequentialCell([conv, nn.BatchNorm2d(outputs), *([activation] if activation else [])])


def conv_bn_relu(
    inputs: int, outputs: int, kernel: int | tuple[int, int], stride: int | tuple[int, int] = 1, mode: str = "pad"
) -> nn.SequentialCell:
    """conv_bn with ReLU."""
    return conv_bn(inputs, outputs, kernel, stride, nn.ReLU(), mode=mode)


def padded_max_pool() -> list[nn.Cell]:
    """Windows of 3x3, 2 apart, zeros around the picture. The pictures are behind a ReLU: zeros are never larger."""
    return [nn.Pad(((0, 0), (0, 0), (1, 1), (1, 1))), nn.MaxPool2d(3, 2)]


class Branches(nn.Cell):
    """All branches on the same input, concatenated along the channels."""

    def __init__(self, *branches: nn.Cell) -> None:
        super().__init__()
        self.branches = nn.CellList(list(branches))

    def construct(self, x: Tensor) -> Tensor:
        outputs = ()
        for branch in self.branches:
            outputs += (branch(x),)
        return ops.concat(outputs, axis=1)


class SplitConv(nn.Cell):
    """A convolution of each group of channels by itself, where a grouped one would do."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, groups: int) -> None:
        super().__init__()
        self.size = inputs // groups
        convs = [nn.Conv2d(self.size, outputs // groups, kernel, stride, "pad", kernel // 2) for _ in range(groups)]
        self.convs = nn.CellList(convs)

    def construct(self, x: Tensor) -> Tensor:
        outputs = ()
        for index, part in enumerate(ops.split(x, self.size, axis=1)):
            outputs += (self.convs[index](part),)
        return ops.concat(outputs, axis=1)


class SqueezeExcitation(nn.Cell):
    """Channels weighed by what their means say (Hu et al., 2017)."""

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        self.weights = nn.SequentialCell(
            nn.Dense(channels, channels // reduction), nn.ReLU(),
            nn.Dense(channels // reduction, channels), nn.Sigmoid(),
        )

    def construct(self, x: Tensor) -> Tensor:
        return x * self.weights(ops.mean(x, (2, 3))).reshape((x.shape[0], x.shape[1], 1, 1))


class Classifier(nn.Cell):
    """Scores of classes from the mean of each channel of what `features` computes, or of the last of several.

    flatten: the means are images of one pixel first.
    """

    def __init__(self, features: nn.Cell, channels: int, classes: int = 1000, flatten: bool = True) -> None:
        super().__init__()
        self.features = features
        self.keep_dims = flatten
        self.flatten = nn.Flatten() if flatten else nn.Identity()
        self.classifier = nn.Dense(channels, classes)

    def construct(self, x: Tensor) -> Tensor:
        y = self.features(x)
        if isinstance(y, tuple):
            y = y[-1]
        return self.classifier(self.flatten(ops.mean(y, (2, 3), self.keep_dims)))


def pictures(rng: np.random.Generator, height: int, width: int = 0, channels: int = 3) -> dict[str, np.ndarray]:
    """One picture called x. width: as the height where it is not given."""
    return {"x": rng.standard_normal((1, channels, height, width or height), dtype=np.float32)}
