"""Mask R-CNN (He et al., 2017): Faster R-CNN, and for each box's likeliest class a mask of what is inside."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mindspore import Tensor, dtype, nn, ops

from tests.conformance.networks.blocks.rcnn import FasterRcnn, Regions, Size

POOLED, LAYERS = 14, 4


class MaskHead(nn.Cell):
    """Probabilities of pixels for each class: [R, C, 14, 14] -> [R, classes, 28, 28]"""

    def __init__(self, size: Size) -> None:
        super().__init__()
        layers = []
        for _ in range(LAYERS):
            layers += [nn.Conv2d(size.width, size.width, 3, pad_mode="same", has_bias=True), nn.ReLU()]
        enlarge = nn.Conv2dTranspose(size.width, size.width, 2, 2, pad_mode="valid", has_bias=True)
        pixels = nn.Conv2d(size.width, size.classes, 1, has_bias=True)
        self.layers = nn.SequentialCell(*layers, enlarge, nn.ReLU(), pixels, nn.Sigmoid())

    def construct(self, x: Tensor) -> Tensor:
        return self.layers(x)


class MaskRcnn(FasterRcnn):
    """FasterRcnn's results, and masks of all proposed boxes [boxes, classes, 28, 28]."""

    def __init__(self, features: nn.Cell, channels: Sequence[int], size: Size) -> None:
        super().__init__(features, channels, size, bilinear=True)
        self.classes = size.classes
        self.likeliest, self.one_hot = ops.ArgMaxWithValue(axis=1), ops.OneHot()
        self.on, self.off = Tensor(np.float32(1)), Tensor(np.float32(0))
        self.mul, self.sum = ops.Mul(), ops.ReduceSum()
        self.decode = ops.BoundingBoxDecode(max_shape=(size.height, size.wide), stds=(0.1, 0.1, 0.2, 0.2))
        self.mask_regions, self.mask_head = Regions(size, POOLED), MaskHead(size)

    def construct(self, img_data: Tensor, img_metas: Tensor) -> tuple[Tensor, ...]:
        features, boxes, mask, logits, changes = self.looked_at(img_data)
        found = self.detections(logits, changes, boxes, mask, img_metas)
        label = ops.cast(self.likeliest(logits)[0], dtype.int32)
        chosen = self.one_hot(label, self.classes, self.on, self.off).expand_dims(2)
        change = self.sum(self.mul(changes.reshape((-1, self.classes, 4)), chosen), 1)
        regions = ops.concat((self.first, self.decode(boxes, change)), axis=1)
        return (*found, self.mask_head(self.mask_regions(regions, features)))
