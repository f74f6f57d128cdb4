"""Train a DS-CNN to spot keywords in synthetic speech with MindSpore, and export it: python -m samples.keywords.train

Writes beside this file keywords.mindir (input `x` float32 [1,1,49,10]), heldout.npz and calibration.npz. Needs
espeak-ng.
"""
from __future__ import annotations

from pathlib import Path

import mindspore as ms
import numpy as np
from mindspore import nn, ops

from samples import training
from samples.keywords.data import COEFFICIENTS, FRAMES, HELD_OUT_VOICES, LABELS, SCALE, VOICES, features, speak

HERE = Path(__file__).resolve().parent
RECIPE = training.Recipe(epochs=6, steps=200, batch=32, peak_rate=4e-3, weight_decay=0.01, warm_up=0.05)
CHANNELS, BLOCKS = 276, 5
KERNEL, STRIDE = (10, 4), (2, 2)  # of the first convolution
EXAMPLES = 16_000  # to train with, of which an epoch takes some
LATER = 3  # frames that an example is moved by at most, another time in every epoch


class ConvNormRelu(nn.Cell):
    """A convolution without bias, or what stands for one; batch normalization; ReLU."""

    def __init__(self, conv: nn.Cell) -> None:
        super().__init__()
        self.conv = conv
        self.norm = nn.BatchNorm2d(CHANNELS)
        self.relu = nn.ReLU()

    def construct(self, x: ms.Tensor) -> ms.Tensor:
        return self.relu(self.norm(self.conv(x)))


def convolution(
    inputs: int, kernel: int | tuple[int, int], stride: int | tuple[int, int] = 1, group: int = 1
) -> nn.Cell:
    """As large as its input, divided by the stride."""
    return nn.Conv2d(inputs, CHANNELS, kernel, stride, pad_mode="same", group=group, weight_init="HeNormal")


class Keywords(nn.Cell):
    """x [N,1,49,10] -> logits [N,12]: a convolution, depthwise separable blocks, the mean over time and frequency."""

    def __init__(self, training_it: bool) -> None:
        super().__init__()
        if training_it:
            first: nn.Cell = training.FromOneChannel(CHANNELS, (FRAMES, COEFFICIENTS), KERNEL, STRIDE)
        else:
            first = convolution(1, KERNEL, STRIDE)
        layers = [ConvNormRelu(first)]
        size = (-(-FRAMES // STRIDE[0]), -(-COEFFICIENTS // STRIDE[1]))
        for stride in (2, *[1] * (BLOCKS - 1)):
            if training_it:
                layers.append(ConvNormRelu(training.Depthwise(CHANNELS, size, stride)))
            else:
                layers.append(ConvNormRelu(convolution(CHANNELS, 3, stride, group=CHANNELS)))
            layers.append(ConvNormRelu(convolution(CHANNELS, 1)))
            size = (-(-size[0] // stride), -(-size[1] // stride))
        self.features = nn.SequentialCell(layers)
        self.classify = nn.Dense(CHANNELS, len(LABELS))

    def construct(self, x: ms.Tensor) -> ms.Tensor:
        return self.classify(ops.mean(self.features(x), (2, 3)))


def as_input(coefficients: np.ndarray) -> np.ndarray:
    """float32 [N,1,49,10]."""
    return np.float32(coefficients / np.float32(SCALE)).reshape(-1, 1, FRAMES, COEFFICIENTS)


def main() -> None:
    training.start()
    heard = speak(VOICES, times=240, seed=1)
    heldout = features(speak(HELD_OUT_VOICES, times=40, seed=2), 2000, seed=2)
    calibration = features(heard, 200, seed=3)
    inputs, labels = features(heard, EXAMPLES, seed=4)
    print(f"{len(heard.sounds)} words were spoken for training", flush=True)

    def epoch_of(number: int) -> training.Examples:
        rng = np.random.default_rng(100 + number)
        order = rng.permutation(EXAMPLES)[: RECIPE.examples]
        frames = rng.integers(-LATER, LATER + 1, len(order))
        moved = [np.roll(inputs[i], by, axis=0) for i, by in zip(order, frames, strict=True)]
        return as_input(np.stack(moved)), labels[order]

    network = Keywords(training_it=True)
    training.train(network, RECIPE, epoch_of)
    for name, (coefficients, right) in (("calibration", calibration), ("heldout", heldout)):
        np.savez_compressed(HERE / f"{name}.npz", features=coefficients, labels=right.astype(np.uint8))
        print(f"{name}: {training.correct(network, as_input(coefficients), right)} of {len(right)} are right")
    training.export(network, Keywords(training_it=False), as_input(heldout[0][:1]), HERE / "keywords.mindir")


if __name__ == "__main__":
    main()
