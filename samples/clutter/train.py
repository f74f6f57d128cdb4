"""Train a small MobileNetV2 on cluttered digits with MindSpore, and export it: python -m samples.clutter.train

Writes beside this file clutter.mindir (input `x` float32 [1,1,24,24] in 0..1), heldout.npz and calibration.npz.
"""
from __future__ import annotations

from pathlib import Path

import mindspore as ms
import numpy as np
from mindspore import nn, ops

from samples import training
from samples.clutter.data import LEVELS, SIZE, compose, digits

HERE = Path(__file__).resolve().parent
RECIPE = training.Recipe(epochs=24, steps=100, batch=64, peak_rate=8e-3, weight_decay=0.02, warm_up=0.05)
STEM, LAST = 32, 320
STAGES = ((1, 32, 1, 2), (4, 64, 1, 1), (2, 256, 2, 2))  # expansion, channels, blocks, first stride
SPREAD = 0.8  # of the logarithms of what a depthwise channel is scaled by at the start


class ConvNorm(nn.Cell):
    """A convolution without bias, or what stands for one; batch normalization; ReLU6 where `active`."""

    def __init__(self, conv: nn.Cell, outputs: int, active: bool = True) -> None:
        super().__init__()
        self.conv = conv
        self.norm = nn.BatchNorm2d(outputs)
        self.activation = nn.ReLU6() if active else None

    def construct(self, x: ms.Tensor) -> ms.Tensor:
        x = self.norm(self.conv(x))
        return x if self.activation is None else self.activation(x)


def convolution(inputs: int, outputs: int, kernel: int, stride: int = 1, group: int = 1) -> nn.Cell:
    """As large as its input, divided by the stride."""
    return nn.Conv2d(inputs, outputs, kernel, stride, pad_mode="same", group=group, weight_init="HeNormal")


class InvertedResidual(nn.Cell):
    """1x1 to more channels, depthwise 3x3, 1x1 to fewer; the input is added where it fits. size: of its images."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int, size: int, training_it: bool) -> None:
        super().__init__()
        hidden = inputs * expansion
        if training_it:
            depthwise = training.Depthwise(hidden, (size, size), stride)
        else:
            depthwise = convolution(hidden, hidden, 3, stride, group=hidden)
        self.expand = ConvNorm(convolution(inputs, hidden, 1), hidden) if expansion > 1 else None
        self.depthwise = ConvNorm(depthwise, hidden)
        self.project = ConvNorm(convolution(hidden, outputs, 1), outputs, active=False)
        self.residual = stride == 1 and inputs == outputs

    def construct(self, x: ms.Tensor) -> ms.Tensor:
        y = x if self.expand is None else self.expand(x)
        y = self.project(self.depthwise(y))
        return x + y if self.residual else y


class Clutter(nn.Cell):
    """x [N,1,24,24] in 0..1 -> logits [N,10]."""

    def __init__(self, training_it: bool) -> None:
        super().__init__()
        if training_it:
            stem: nn.Cell = training.FromOneChannel(STEM, (SIZE, SIZE), (3, 3), (2, 2))
        else:
            stem = convolution(1, STEM, 3, stride=2)
        blocks = [ConvNorm(stem, STEM)]
        channels, size = STEM, SIZE // 2
        for expansion, outputs, count, stride in STAGES:
            for step in (stride, *[1] * (count - 1)):
                blocks.append(InvertedResidual(channels, outputs, step, expansion, size, training_it))
                channels, size = outputs, size // step
        self.features = nn.SequentialCell([*blocks, ConvNorm(convolution(channels, LAST, 1), LAST)])
        self.classify = nn.Dense(LAST, 10)

    def construct(self, x: ms.Tensor) -> ms.Tensor:
        return self.classify(ops.mean(self.features(x), (2, 3)))


def spread_channels(network: Clutter) -> None:
    """Let depthwise channels start as far apart as those of networks that were trained for long."""
    rng = np.random.default_rng(training.SEED)
    for name, cell in network.cells_and_names():
        if name.endswith("depthwise"):
            gamma = cell.norm.gamma
            gamma.set_data(ms.Tensor(np.exp(rng.normal(0, SPREAD, gamma.shape)).astype(np.float32)))


def as_input(images: np.ndarray) -> np.ndarray:
    """float32 [N,1,24,24] in 0..1."""
    return np.float32(images / np.float32(LEVELS)).reshape(-1, 1, SIZE, SIZE)


def main() -> None:
    training.start()
    kept, held = digits(held_out=False), digits(held_out=True)

    def epoch_of(number: int) -> training.Examples:
        images, labels = compose(RECIPE.examples, *kept, seed=100 + number)
        return as_input(images), labels

    network = Clutter(training_it=True)
    spread_channels(network)
    training.train(network, RECIPE, epoch_of)
    for name, count, source, seed in (("calibration", 200, kept, 1), ("heldout", 2000, held, 2)):
        images, labels = compose(count, *source, seed=seed)
        np.savez_compressed(HERE / f"{name}.npz", images=images, labels=labels.astype(np.uint8))
        print(f"{name}: {training.correct(network, as_input(images), labels)} of {count} are right")
    training.export(network, Clutter(training_it=False), as_input(images[:1]), HERE / "clutter.mindir")


if __name__ == "__main__":
    main()
