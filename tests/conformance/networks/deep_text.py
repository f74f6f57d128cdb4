"""DeepText (Zhong et al., 2016): text is proposed by filters of several sizes, and read off two levels of VGG-16."""
from __future__ import annotations

import numpy as np
from mindspore import Tensor, nn, ops

from tests.conformance.networks.blocks.quiet import QuietConv
from tests.conformance.networks.blocks.rcnn import BoxHead, Detections, Proposals, Size, anchors
from tests.conformance.networks.blocks.vgg_text import vgg_stages

STRIDE, POOLED = 16, 7
SIZES, RATIOS = (32.0, 48.0, 64.0, 80.0), (0.2, 0.5, 0.8, 1.0, 1.2, 1.5)
SMALL = Size(height=64, wide=96, width=32, most=40, boxes=24, hidden=24, classes=2)
FULL = Size(height=576, wide=960, width=512, most=1000, boxes=300, hidden=1024, classes=2)


class InceptionNetwork(nn.Cell):
    """Logits and changes of anchors from filters of 1x1, 3x3 and 5x5."""

    def __init__(self, width: int, count: int) -> None:
        super().__init__()
        filters = [nn.Conv2d(width, width // 2, kernel, pad_mode="same", has_bias=True) for kernel in (1, 3, 5)]
        self.filters = nn.CellList(filters)
        self.relu = nn.ReLU()
        self.scores = QuietConv(3 * (width // 2), count, 0.05)
        self.changes = QuietConv(3 * (width // 2), 4 * count, 0.01)

    def construct(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.relu(ops.concat([apply(x) for apply in self.filters], axis=1))
        return self.scores(x), self.changes(x)


class DeepText(nn.Cell):
    """Boxes with scores, labels and a mask. share: of VGG-16's channels."""

    def __init__(self, size: Size, share: float) -> None:
        super().__init__()
        self.front, self.back = nn.SequentialCell(vgg_stages(share)[:4]), vgg_stages(share)[4]
        self.network = InceptionNetwork(size.width, len(SIZES) * len(RATIOS))
        places = anchors(size.height // STRIDE, size.wide // STRIDE, STRIDE, SIZES, RATIOS)
        self.proposals = Proposals([places], size)
        self.first = Tensor(np.zeros((size.boxes, 1), np.float32))
        self.align4, self.align5 = (ops.ROIAlign(POOLED, POOLED, 1 / stride, 2) for stride in (STRIDE // 2, STRIDE))
        self.mix, self.relu = nn.Conv2d(2 * size.width, size.width, 1, has_bias=True), nn.ReLU()
        self.head = BoxHead(size.width * POOLED**2, size)
        self.detections = Detections(size)

    def construct(self, img_data: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        c4 = self.front(img_data)
        c5 = self.back(c4)
        logits, changes = self.network(c5)
        boxes, mask = self.proposals((logits,), (changes,))
        regions = ops.concat((self.first, boxes[:, 0:4]), axis=1)
        x = ops.concat((self.align4(c4, regions), self.align5(c5, regions)), axis=1)
        logits, changes = self.head(self.relu(self.mix(x)))
        return self.detections(logits, changes, boxes[:, 0:4], mask, None)


def network() -> nn.Cell:
    """The cell to export: for small pictures, narrow, with few boxes."""
    return DeepText(SMALL, share=1 / 16)


def inputs(rng: np.random.Generator, size: Size = SMALL) -> dict[str, np.ndarray]:
    """Example inputs by the names of construct's arguments."""
    return {"img_data": 0.1 * rng.standard_normal((1, 3, size.height, size.wide), dtype=np.float32)}


def benchmark(rng: np.random.Generator) -> tuple[nn.Cell, dict[str, np.ndarray]]:
    """The network and its inputs as the model zoo has them."""
    return DeepText(FULL, share=1.0), inputs(rng, FULL)
