"""Train a small convolutional network on scikit-learn's handwritten digits with MindSpore, and export it.

Writes beside this file: digits.mindir (the inference graph, input `x` [1,1,8,8] float32), digits.ckpt (its weights)
and heldout.npz (the images it never saw: uint8 [N,8,8] with values 0..16, and labels uint8 [N]). Needs
mindspore==2.10.0 and scikit-learn; about a minute on two CPU cores. Seeds, split and order of the batches are fixed.
"""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import mindspore as ms
import numpy as np
from mindspore import nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

HERE = Path(__file__).resolve().parent
SEED = 7
EPOCHS = 60
BATCH = 64
PEAK_RATE = 4e-3
BRIGHTEST = 16.0  # pixel values of the data set run from 0 to 16


class ConvNormRelu(nn.Cell):
    """Convolution without bias, batch normalization, ReLU; the spatial size is kept."""

    def __init__(self, inputs: int, outputs: int, kernel: int, group: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, pad_mode="same", group=group, weight_init="HeNormal")
        self.norm = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU()

    def construct(self, x: ms.Tensor) -> ms.Tensor:
        return self.relu(self.norm(self.conv(x)))


class Digits(nn.Cell):
    """x [N,1,8,8] in 0..1 -> logits [N,10]: a stem, a depthwise separable residual block, a last convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = ConvNormRelu(1, 24, 3)
        self.depthwise = ConvNormRelu(24, 24, 3, group=24)
        self.pointwise = ConvNormRelu(24, 24, 1)
        self.pool = nn.MaxPool2d(2, 2)
        self.last = ConvNormRelu(24, 48, 3)
        self.flatten = nn.Flatten()
        self.classify = nn.Dense(48 * 2 * 2, 10, weight_init="HeNormal")

    def construct(self, x: ms.Tensor) -> ms.Tensor:
        x = self.stem(x)
        x = x + self.pointwise(self.depthwise(x))
        x = self.last(self.pool(x))
        return self.classify(self.flatten(self.pool(x)))


def batches(
    images: np.ndarray, labels: np.ndarray, rng: np.random.Generator
) -> Iterator[tuple[ms.Tensor, ms.Tensor]]:
    """One epoch in random order, each image moved by at most one pixel a direction. An incomplete batch is left out."""
    order = rng.permutation(len(images))
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
    for first in range(0, len(order) - BATCH + 1, BATCH):
        chosen = order[first : first + BATCH]
        top, left = rng.integers(0, 3, size=(2, BATCH))
        moved = np.stack([padded[i, :, y : y + 8, x : x + 8] for i, y, x in zip(chosen, top, left, strict=True)])
        yield ms.Tensor(moved), ms.Tensor(labels[chosen])


def train(network: Digits, images: np.ndarray, labels: np.ndarray) -> None:
    """Cross entropy with label smoothing, Adam with weight decay, the learning rate falling along a cosine."""
    steps = EPOCHS * (len(images) // BATCH)
    rates = 0.5 * PEAK_RATE * (1 + np.cos(np.linspace(0, np.pi, steps)))
    loss = nn.CrossEntropyLoss(label_smoothing=0.05)
    optimizer = nn.AdamWeightDecay(network.trainable_params(), learning_rate=rates.tolist(), weight_decay=1e-3)
    step = nn.TrainOneStepCell(nn.WithLossCell(network, loss), optimizer).set_train()
    rng = np.random.default_rng(SEED)
    for epoch in range(EPOCHS):
        losses = [float(step(*batch)) for batch in batches(images, labels, rng)]
        if epoch % 10 == 9:
            print(f"epoch {epoch + 1:3} of {EPOCHS}, loss {np.mean(losses):.4f}")
    network.set_train(False)


def accuracy(network: Digits, images: np.ndarray, labels: np.ndarray) -> float:
    """Share of images whose largest logit is that of the label."""
    return float(np.mean(network(ms.Tensor(images)).asnumpy().argmax(axis=1) == labels))


def main() -> None:
    ms.set_context(mode=ms.GRAPH_MODE)
    ms.set_seed(SEED)
    pixels, labels = load_digits(return_X_y=True)
    images = (pixels / BRIGHTEST).astype(np.float32).reshape(-1, 1, 8, 8)
    labels = labels.astype(np.int32)
    kept, held = train_test_split(np.arange(len(labels)), test_size=0.2, random_state=SEED, stratify=labels)

    network = Digits()
    train(network, images[kept], labels[kept])
    print(f"accuracy on {len(kept)} training images {accuracy(network, images[kept], labels[kept]):.4f}")
    print(f"accuracy on {len(held)} held-out images {accuracy(network, images[held], labels[held]):.4f}")

    ms.save_checkpoint(network, str(HERE / "digits.ckpt"))
    exported = Digits().set_train(False)  # a fresh one: operators of the trained one are named after the training step
    ms.load_param_into_net(exported, ms.load_checkpoint(str(HERE / "digits.ckpt")))
    ms.export(exported, ms.Tensor(images[:1]), file_name=str(HERE / "digits"), file_format="MINDIR")
    (HERE / "digits.mindir").chmod(0o644)  # MindSpore leaves it readable by its owner alone
    (HERE / "digits.ckpt").chmod(0o644)
    held_pixels = pixels[held].reshape(-1, 8, 8).astype(np.uint8)
    np.savez_compressed(HERE / "heldout.npz", images=held_pixels, labels=labels[held].astype(np.uint8))


if __name__ == "__main__":
    main()
