"""What the test beds' train.py share: a training loop in MindSpore and the export of what comes of it.

Needs mindspore==2.10.0. Seeds and the order of the batches are fixed; another processor may round differently.
"""
from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import mindspore as ms
import numpy as np
from mindspore import nn, ops
from mindspore.common.initializer import HeNormal, initializer

SEED = 7
Examples = tuple[np.ndarray, np.ndarray]  # inputs [N, ...], labels [N]


@dataclass(frozen=True)
class Recipe:
    """epochs: of `steps` batches each; warm_up: share of all steps in which the learning rate rises to its peak."""

    epochs: int
    steps: int
    batch: int = 64
    peak_rate: float = 4e-3
    weight_decay: float = 1e-3
    smoothing: float = 0.05
    warm_up: float = 0.0

    @property
    def examples(self) -> int:
        """What an epoch takes."""
        return self.steps * self.batch

    def rates(self) -> list[float]:
        """The learning rate of every step: a line up to the peak, and from there down along a cosine."""
        steps = self.epochs * self.steps
        rising = round(self.warm_up * steps)
        up = np.linspace(0, self.peak_rate, rising, endpoint=False)
        down = 0.5 * self.peak_rate * (1 + np.cos(np.linspace(0, np.pi, steps - rising)))
        return [float(rate) for rate in np.concatenate([up, down])]


class Depthwise(nn.Cell):
    """nn.Conv2d(channels, channels, 3, stride, pad_mode="same", group=channels), as matrix products: where images are
    small, several times as fast to train on a CPU. The weights are the same, so that the convolution can be exported.

    size: height and width of the input.
    """

    def __init__(self, channels: int, size: tuple[int, int], stride: int) -> None:
        super().__init__()
        self.weight = ms.Parameter(initializer(HeNormal(), (channels, 1, 3, 3)), name="weight")
        self.output = (channels, -1, *(-(-n // stride) for n in size))
        self.taps = ms.Tensor(_taps(size, (3, 3), (stride, stride)).reshape(9, -1))
        self.matrix = (channels, size[0] * size[1], -1)

    def construct(self, x: ms.Tensor) -> ms.Tensor:
        channels, inputs, _ = self.matrix
        matrix = ops.matmul(self.weight.reshape((channels, 9)), self.taps).reshape(self.matrix)
        y = ops.matmul(x.reshape((-1, channels, inputs)).transpose((1, 0, 2)), matrix)
        return y.reshape(self.output).transpose((1, 0, 2, 3))


class FromOneChannel(nn.Cell):
    """nn.Conv2d(1, channels, kernel, stride, pad_mode="same"), as matrix products, for the same reasons.

    size: height and width of the input.
    """

    def __init__(self, channels: int, size: tuple[int, int], kernel: tuple[int, int], stride: tuple[int, int]) -> None:
        super().__init__()
        self.weight = ms.Parameter(initializer(HeNormal(), (channels, 1, *kernel)), name="weight")
        self.output = (-1, channels, *(-(-n // step) for n, step in zip(size, stride, strict=True)))
        taps, count = _taps(size, kernel, stride), kernel[0] * kernel[1]
        self.taps = ms.Tensor(np.ascontiguousarray(taps.transpose(2, 3, 0, 1, 4, 5)).reshape(size[0] * size[1], -1))
        self.patches, self.matrix = (-1, count, self.output[2] * self.output[3]), (channels, count)

    def construct(self, x: ms.Tensor) -> ms.Tensor:
        patches = ops.matmul(x.reshape((-1, self.taps.shape[0])), self.taps).reshape(self.patches)
        return ops.matmul(self.weight.reshape(self.matrix), patches).reshape(self.output)


def _taps(size: tuple[int, int], kernel: tuple[int, int], stride: tuple[int, int]) -> np.ndarray:
    """Where a tap of the filter takes an input for an output: 1 at its row and column, the input's and the output's."""
    rows, columns = (_taps_along(*of) for of in zip(size, kernel, stride, strict=True))
    return np.einsum("aij,bkl->abikjl", rows, columns)


def _taps_along(size: int, kernel: int, stride: int) -> np.ndarray:
    """float32 [kernel, size, outputs]."""
    outputs = -(-size // stride)
    before = max((outputs - 1) * stride + kernel - size, 0) // 2
    taps = np.zeros((kernel, size, outputs), np.float32)
    for tap in range(kernel):
        for out in range(outputs):
            if 0 <= (at := out * stride + tap - before) < size:
                taps[tap, at, out] = 1
    return taps


def train(network: nn.Cell, recipe: Recipe, epoch_of: Callable[[int], Examples]) -> None:
    """Cross entropy with label smoothing, Adam with weight decay. epoch_of(number): examples in the order to take."""
    loss = nn.CrossEntropyLoss(label_smoothing=recipe.smoothing)
    optimizer = nn.AdamWeightDecay(
        network.trainable_params(), learning_rate=recipe.rates(), weight_decay=recipe.weight_decay
    )
    step = nn.TrainOneStepCell(nn.WithLossCell(network, loss), optimizer).set_train()
    begin = time.perf_counter()
    for epoch in range(recipe.epochs):
        inputs, labels = epoch_of(epoch)
        losses = []
        for first in range(0, recipe.examples, recipe.batch):
            chosen = slice(first, first + recipe.batch)
            losses.append(float(step(ms.Tensor(inputs[chosen]), ms.Tensor(labels[chosen]))))
        seconds = time.perf_counter() - begin
        print(f"epoch {epoch + 1:3} of {recipe.epochs}, loss {np.mean(losses):.4f}, {seconds:.0f} s", flush=True)
    network.set_train(False)


def correct(network: nn.Cell, inputs: np.ndarray, labels: np.ndarray, batch: int = 100) -> int:
    """How many have their largest logit at the label."""
    parts = [network(ms.Tensor(inputs[first : first + batch])) for first in range(0, len(inputs), batch)]
    return int(np.sum(np.concatenate([part.asnumpy() for part in parts]).argmax(axis=1) == labels))


def export(trained: nn.Cell, fresh: nn.Cell, example: np.ndarray, path: Path) -> None:
    """Write path.mindir with the weights of `trained`; `fresh` because its operators are named as in no training."""
    ms.load_param_into_net(fresh.set_train(False), {x.name: x for x in trained.get_parameters()})
    ms.export(fresh, ms.Tensor(example), file_name=str(path.with_suffix("")), file_format="MINDIR")
    path.chmod(0o644)  # MindSpore leaves it readable by its owner alone


def start() -> None:
    """Graphs rather than one call after the other, on one thread; the same weights every time."""
    ms.set_context(mode=ms.GRAPH_MODE, runtime_num_threads=1)
    ms.set_seed(SEED)
