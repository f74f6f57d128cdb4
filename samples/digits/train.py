"""Train a small CNN on scikit-learn's handwritten digits with MindSpore, and export it: python -m samples.digits.train

Writes beside this file: digits.mindir (the inference graph, input `x` [1,1,8,8] float32), digits.ckpt (its weights),
heldout.npz (the images it never saw: uint8 [N,8,8] with values 0..16, and labels uint8 [N]) and calibration.npz (some
that it saw). About eight minutes of a CPU core.
"""
from __future__ import annotations

from pathlib import Path

import mindspore as ms
import numpy as np
from mindspore import nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from samples import training

HERE = Path(__file__).resolve().parent
RECIPE = training.Recipe(epochs=30, steps=22, batch=64, peak_rate=4e-3, weight_decay=1e-3, smoothing=0.05)
BRIGHTEST = 16.0  # pixel values of the data set run from 0 to 16
CALIBRATION = 200  # images
SIZE = 8  # pixels of an image's side
CHANNELS, LAST = 56, 224


class ConvNormRelu(nn.Cell):
    """A convolution without bias, or what stands for one; batch normalization; ReLU."""

    def __init__(self, conv: nn.Cell, outputs: int) -> None:
        super().__init__()
        self.conv = conv
        self.norm = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU()

    def construct(self, x: ms.Tensor) -> ms.Tensor:
        return self.relu(self.norm(self.conv(x)))


def convolution(inputs: int, outputs: int, kernel: int, group: int = 1) -> nn.Cell:
    """As large as its input."""
    return nn.Conv2d(inputs, outputs, kernel, pad_mode="same", group=group, weight_init="HeNormal")


class Digits(nn.Cell):
    """x [N,1,8,8] in 0..1 -> logits [N,10]: a stem, a depthwise separable residual block, a last convolution."""

    def __init__(self, training_it: bool) -> None:
        super().__init__()
        if training_it:
            stem: nn.Cell = training.FromOneChannel(CHANNELS, (SIZE, SIZE), (3, 3), (1, 1))
            depthwise: nn.Cell = training.Depthwise(CHANNELS, (SIZE, SIZE), 1)
        else:
            stem = convolution(1, CHANNELS, 3)
            depthwise = convolution(CHANNELS, CHANNELS, 3, group=CHANNELS)
        self.stem = ConvNormRelu(stem, CHANNELS)
        self.depthwise = ConvNormRelu(depthwise, CHANNELS)
        self.pointwise = ConvNormRelu(convolution(CHANNELS, CHANNELS, 1), CHANNELS)
        self.pool = nn.MaxPool2d(2, 2)
        self.last = ConvNormRelu(convolution(CHANNELS, LAST, 3), LAST)
        self.flatten = nn.Flatten()
        self.classify = nn.Dense(LAST * 2 * 2, 10, weight_init="HeNormal")

    def construct(self, x: ms.Tensor) -> ms.Tensor:
        x = self.stem(x)
        x = x + self.pointwise(self.depthwise(x))
        x = self.last(self.pool(x))
        return self.classify(self.flatten(self.pool(x)))


def shuffled(images: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> training.Examples:
    """One epoch in random order, each image moved by at most one pixel a direction. An incomplete batch is left out."""
    order = rng.permutation(len(images))[: RECIPE.examples]
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
    moved = []
    for chosen in order.reshape(-1, RECIPE.batch):
        top, left = rng.integers(0, 3, size=(2, RECIPE.batch))
        moved += [padded[i, :, y : y + 8, x : x + 8] for i, y, x in zip(chosen, top, left, strict=True)]
    return np.stack(moved), labels[order]


def main() -> None:
    training.start()
    pixels, labels = load_digits(return_X_y=True)
    images = (pixels / BRIGHTEST).astype(np.float32).reshape(-1, 1, 8, 8)
    labels = labels.astype(np.int32)
    kept, held = train_test_split(np.arange(len(labels)), test_size=0.2, random_state=training.SEED, stratify=labels)

    network = Digits(training_it=True)
    rng = np.random.default_rng(training.SEED)
    training.train(network, RECIPE, lambda _: shuffled(images[kept], labels[kept], rng))
    print(f"{training.correct(network, images[kept], labels[kept])} of {len(kept)} training images are right")
    for name, part in (("calibration", kept[:CALIBRATION]), ("heldout", held)):
        stored = pixels[part].reshape(-1, 8, 8).astype(np.uint8)
        np.savez_compressed(HERE / f"{name}.npz", images=stored, labels=labels[part].astype(np.uint8))
        print(f"{name}: {training.correct(network, images[part], labels[part])} of {len(part)} are right")

    ms.save_checkpoint(network, str(HERE / "digits.ckpt"))
    (HERE / "digits.ckpt").chmod(0o644)  # MindSpore leaves it readable by its owner alone
    training.export(network, Digits(training_it=False), images[:1], HERE / "digits.mindir")


if __name__ == "__main__":
    main()
