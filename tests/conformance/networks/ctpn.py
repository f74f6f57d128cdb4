"""CTPN (Tian et al., 2016): slices of text, 16 pixels wide, found along the rows of VGG-16's features by an LSTM."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, dtype, nn, ops

from tests.conformance.networks.blocks.quiet import QuietDense
from tests.conformance.networks.blocks.vgg_text import vgg_stages

STRIDE, OVERLAP = 16, 0.7
HEIGHTS = (11, 16, 23, 33, 48, 68, 97, 139, 198, 283)  # of the slices around every place


def slices(rows: int, columns: int) -> np.ndarray:
    """(x0, y0, x1, y1) of the slices around all places, [rows * columns * HEIGHTS, 4]"""
    y, x = np.meshgrid(np.arange(rows) * STRIDE, np.arange(columns) * STRIDE, indexing="ij")
    heights = np.array(HEIGHTS)
    around = np.zeros((len(HEIGHTS), 4))
    around[:, 1], around[:, 2], around[:, 3] = (STRIDE - heights) / 2, STRIDE - 1, (STRIDE + heights) / 2 - 1
    return (np.stack([x, y, x, y], axis=-1).reshape(-1, 1, 4) + around).reshape(-1, 4).astype(np.float32)


class Proposals(nn.Cell):
    """The best slices (and scores) [boxes, 5] and a mask [boxes]."""

    def __init__(self, rows: int, columns: int, most: int, boxes: int) -> None:
        super().__init__()
        self.slices = Tensor(slices(rows, columns))
        self.most, self.boxes = most, boxes
        self.softmax, self.top, self.suppress = nn.Softmax(axis=-1), ops.TopK(sorted=True), ops.NMSWithMask(OVERLAP)
        self.sides, self.parts, self.columns = ops.Split(1, 4), ops.Split(1, 2), ops.Split(1, 5)
        self.exp, self.mul = ops.Exp(), ops.Mul()
        self.unlikely = Tensor(np.full(most, -1, np.float32))

    def decode(self, anchors: Tensor, changes: Tensor) -> Tensor:
        """Slices moved up or down, and made higher or lower."""
        x0, y0, x1, y1 = self.sides(anchors)
        shift, growth = self.parts(changes)
        height = y1 - y0 + 1.0
        center = (y0 + y1) * 0.5 + self.mul(height, shift)
        reach = self.mul(height, self.exp(growth)) * 0.5
        return ops.concat((x0, center - reach + 0.5, x1, center + reach - 0.5), axis=1)

    def construct(self, logits: Tensor, changes: Tensor) -> tuple[Tensor, Tensor]:
        scores = self.softmax(logits.reshape((-1, 2)))[:, 1]
        scores, index = self.top(scores, self.most)
        index = index.reshape((-1, 1))
        decoded = self.decode(ops.gather_nd(self.slices, index), ops.gather_nd(changes.reshape((-1, 2)), index))
        found, _, mask = self.suppress(ops.concat((decoded, scores.reshape((-1, 1))), axis=1))
        scores = ops.select(mask, self.columns(found)[4].squeeze(1), self.unlikely)
        _, index = self.top(scores, self.boxes)
        index = index.reshape((-1, 1))
        return ops.gather_nd(found, index), ops.gather_nd(mask, index)


class CTPN(nn.Cell):
    """share: of VGG-16's channels; hidden: units of the LSTM, in each direction."""

    def __init__(self, height: int, width: int, share: float, hidden: int, most: int, boxes: int) -> None:
        super().__init__()
        channels, count = int(512 * share), len(HEIGHTS)
        self.features = nn.SequentialCell(vgg_stages(share))
        self.conv = nn.Conv2d(channels, channels, 3, pad_mode="same")
        self.lstm = nn.LSTM(channels, hidden, bidirectional=True)
        self.dense, self.relu = nn.Dense(2 * hidden, channels), nn.ReLU()
        self.scores, self.changes = QuietDense(channels, 2 * count, 0.1), QuietDense(channels, 2 * count, 0.03)
        self.proposals = Proposals(height // STRIDE, width // STRIDE, most, boxes)

    def construct(self, img_data: Tensor) -> tuple[Tensor, Tensor]:
        x = self.conv(self.features(ops.cast(img_data, dtype.float32)))
        _, channels, _, columns = x.shape
        rows = x.transpose((3, 0, 2, 1)).reshape((columns, -1, channels))
        x = self.lstm(rows)[0].transpose((1, 0, 2))
        x = self.relu(self.dense(x.reshape((-1, x.shape[2]))))
        return self.proposals(self.scores(x), self.changes(x))


def network() -> nn.Cell:
    """The cell to export: for small pictures, narrow, with few slices."""
    return CTPN(64, 96, 1 / 16, hidden=12, most=60, boxes=40)


def inputs(rng: np.random.Generator, height: int = 64, width: int = 96) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return {"img_data": rng.standard_normal((1, 3, height, width)).astype(np.float16)}


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the model zoo has them."""
    return CTPN(576, 960, 1.0, hidden=128, most=1000, boxes=1000), inputs(rng, 576, 960)
