"""Two-stage detectors (Ren et al., 2015; He et al., 2017) as MindSpore's model zoo writes them for a batch of one.

All sizes are fixed: boxes that do not count stay, with a mask that says so. Boxes are (x0, y0, x1, y1) in pixels.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from mindspore import Tensor, dtype, nn, ops

from tests.conformance.networks.blocks.quiet import QuietConv, QuietDense

STRIDES = (4, 8, 16, 32, 64)
RATIOS = (0.5, 1.0, 2.0)
POOLED, MASK_POOLED = 7, 14
FINEST = 56  # regions up to twice this size are pooled from the finest level


@dataclass(frozen=True)
class Size:
    """width: of all features; most: boxes a level keeps before suppression; boxes: that are left; hidden: units of the
    layers that look at a box; classes: with the background's.
    """

    height: int
    wide: int
    width: int
    most: int
    boxes: int
    hidden: int
    classes: int


def anchors(height: int, width: int, stride: int, sizes: Sequence[float], ratios: Sequence[float]) -> np.ndarray:
    """Boxes around every place of a level, [height * width * sizes * ratios, 4]."""
    shapes = [(size / np.sqrt(ratio), size * np.sqrt(ratio)) for ratio in ratios for size in sizes]
    around = np.array([(-w / 2, -h / 2, w / 2 - 1, h / 2 - 1) for w, h in shapes]) + stride / 2
    y, x = np.meshgrid(np.arange(height) * stride, np.arange(width) * stride, indexing="ij")
    corners = np.stack([x, y, x, y], axis=-1).reshape(-1, 1, 4)
    return (corners + around).reshape(-1, 4).astype(np.float32)


class Pyramid(nn.Cell):
    """Four features become five of equal width (Lin et al., 2016)."""

    def __init__(self, channels: Sequence[int], size: Size, bilinear: bool) -> None:
        super().__init__()
        self.lateral = nn.CellList([nn.Conv2d(c, size.width, 1, has_bias=True) for c in channels])
        smooth = [nn.Conv2d(size.width, size.width, 3, pad_mode="same", has_bias=True) for _ in channels]
        self.smooth = nn.CellList(smooth)
        self.pool = nn.MaxPool2d(1, 2, "same")
        self.bilinear, self.by_lines = bilinear, ops.ResizeBilinearV2()
        shapes = [(-(-size.height // stride), -(-size.wide // stride)) for stride in STRIDES[:3]]
        self.to = [ops.ResizeNearestNeighbor(shape) for shape in shapes]

    def enlarged(self, x: Tensor, level: int, like: Tensor) -> Tensor:
        return self.by_lines(x, like.shape[2:]) if self.bilinear else self.to[level](x)

    def construct(self, features: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        top = self.lateral[3](features[3])
        levels = (top,)
        for level in (2, 1, 0):
            x = self.lateral[level](features[level])
            top = x + self.enlarged(top, level, x)
            levels = (top, *levels)
        results = ()
        for level in range(4):
            results += (self.smooth[level](levels[level]),)
        return (*results, self.pool(results[3]))


class Proposals(nn.Cell):
    """The best boxes (and scores) [boxes, 5] of all levels, and a mask [boxes].

    levels: anchors of each; construct gets logits [1, A, H, W] and changes [1, 4 A, H, W] for each.
    """

    def __init__(self, levels: Sequence[np.ndarray], size: Size, overlap: float = 0.7) -> None:
        super().__init__()
        self.anchors = tuple(Tensor(level) for level in levels)
        self.most = [min(size.most, len(level)) for level in levels]
        self.boxes = size.boxes
        self.unlikely = Tensor(np.full(sum(self.most), -1, np.float32))
        self.top = ops.TopK(sorted=True)
        self.decode = ops.BoundingBoxDecode(max_shape=(size.height, size.wide))
        self.suppress = ops.NMSWithMask(overlap)
        self.sigmoid, self.split = nn.Sigmoid(), ops.Split(1, 5)

    def construct(self, logits: tuple[Tensor, ...], changes: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        boxes, masks = (), ()
        for level in range(len(logits)):
            scores = self.sigmoid(logits[level].squeeze(0).transpose((1, 2, 0)).reshape((-1,)))
            change = changes[level].squeeze(0).transpose((1, 2, 0)).reshape((-1, 4))
            scores, index = self.top(scores, self.most[level])
            index = index.reshape((-1, 1))
            decoded = self.decode(ops.gather_nd(self.anchors[level], index), ops.gather_nd(change, index))
            found, _, mask = self.suppress(ops.concat((decoded, scores.reshape((-1, 1))), axis=1))
            boxes += (found,)
            masks += (mask,)
        boxes, mask = ops.concat(boxes), ops.concat(masks)
        scores = ops.select(mask, self.split(boxes)[4].squeeze(1), self.unlikely)
        _, index = self.top(scores, self.boxes)
        index = index.reshape((-1, 1))
        return ops.gather_nd(boxes, index), ops.gather_nd(mask, index)


class RegionNetwork(nn.Cell):
    """Logits and changes of anchors, by the same layers for all levels."""

    def __init__(self, width: int, count: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, pad_mode="same", has_bias=True)
        self.relu = nn.ReLU()
        self.scores, self.changes = QuietConv(width, count, 0.05), QuietConv(width, 4 * count, 0.01)

    def construct(self, features: tuple[Tensor, ...]) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        scores, changes = (), ()
        for x in features:
            y = self.relu(self.conv(x))
            scores += (self.scores(y),)
            changes += (self.changes(y),)
        return scores, changes


class Regions(nn.Cell):
    """Features of regions [R, 5], (picture, box), each from the level that fits its size: [R, C, pooled, pooled]"""

    def __init__(self, size: Size, pooled: int) -> None:
        super().__init__()
        self.shape = (1, size.width, pooled, pooled)
        self.nothing = Tensor(np.zeros((size.boxes, *self.shape[1:]), np.float32))
        self.align = [ops.ROIAlign(pooled, pooled, 1 / stride, 2, 0) for stride in STRIDES[:4]]
        self.sqrt, self.log, self.floor, self.div = ops.Sqrt(), ops.Log(), ops.Floor(), ops.Div()
        self.maximum, self.minimum, self.mul, self.tile = ops.Maximum(), ops.Minimum(), ops.Mul(), ops.Tile()

    def levels(self, regions: Tensor) -> Tensor:
        """[R, 1], int32"""
        wide = self.sqrt(regions[:, 3:4] - regions[:, 1:2] + 1.0)
        high = self.sqrt(regions[:, 4:5] - regions[:, 2:3] + 1.0)
        levels = self.div(self.log(self.div(self.mul(wide, high), float(FINEST)) + 1e-6), float(np.log(2)))
        return self.minimum(self.maximum(ops.cast(self.floor(levels), dtype.int32), 0), 3)

    def construct(self, regions: Tensor, features: tuple[Tensor, ...]) -> Tensor:
        levels = self.levels(regions)
        result = self.nothing
        for level in range(4):
            here = ops.cast(ops.equal(levels, level).reshape((-1, 1, 1, 1)), dtype.int32)
            here = ops.cast(self.tile(here, self.shape), dtype.bool_)
            result = ops.select(here, self.align[level](features[level], regions), result)
        return result


class BoxHead(nn.Cell):
    """Logits [R, classes] and changes [R, 4 classes] from what is inside of a region."""

    def __init__(self, inputs: int, size: Size) -> None:
        super().__init__()
        self.flatten, self.relu = ops.Flatten(), nn.ReLU()
        self.layer1, self.layer2 = nn.Dense(inputs, size.hidden), nn.Dense(size.hidden, size.hidden)
        self.scores = QuietDense(size.hidden, size.classes, 0.1)
        self.changes = QuietDense(size.hidden, 4 * size.classes, 0.05)

    def construct(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.relu(self.layer2(self.relu(self.layer1(self.flatten(x)))))
        return self.scores(x), self.changes(x)


class Detections(nn.Cell):
    """For every class but the background: boxes with scores [K, 5], labels [K, 1], a mask [K, 1]; K = classes * boxes.

    metas [1, 4], a picture's height and width and by what they were scaled; without them boxes stay as they are.
    """

    def __init__(self, size: Size, least: float = 0.05, overlap: float = 0.5) -> None:
        super().__init__()
        self.classes, self.boxes, self.least = size.classes, size.boxes, least
        self.decode = ops.BoundingBoxDecode(max_shape=(size.height, size.wide), stds=(0.1, 0.1, 0.2, 0.2))
        self.suppress = ops.NMSWithMask(overlap)
        self.softmax, self.top = nn.Softmax(axis=1), ops.TopK(sorted=True)
        self.slice, self.tile = ops.Slice(), ops.Tile()
        self.div, self.greater, self.both = ops.Div(), ops.Greater(), ops.LogicalAnd()
        self.nothing = Tensor(np.zeros((size.boxes, 4), np.float32))
        self.unlikely = Tensor(np.zeros((size.boxes, 1), np.float32))
        self.of_width = Tensor(np.tile([True, False, True, False], (size.boxes, 1)))
        self.parts = ops.Split(0, 4)

    def original(self, boxes: Tensor, metas: Tensor) -> Tensor:
        """Boxes in the picture as it was before it was scaled."""
        _, _, of_height, of_width = self.parts(metas.squeeze(0))
        return ops.select(self.of_width, self.div(boxes, of_width), self.div(boxes, of_height))

    def construct(
        self, logits: Tensor, changes: Tensor, regions: Tensor, mask: Tensor, metas: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        scores = self.softmax(logits)
        results, labels, masks = (), (), ()
        for label in range(1, self.classes):
            boxes = self.decode(regions, changes[:, 4 * label : 4 * label + 4])
            if metas is not None:
                boxes = self.original(boxes, metas)
            score = scores[:, label : label + 1]
            likely = self.both(mask.reshape((-1, 1)), self.greater(score, self.least))
            wide = ops.cast(self.tile(ops.cast(likely, dtype.int32), (1, 4)), dtype.bool_)
            boxes, score = ops.select(wide, boxes, self.nothing), ops.select(likely, score, self.unlikely)
            score, index = self.top(score.squeeze(1), self.boxes)
            index = index.reshape((-1, 1))
            score = self.tile(score.reshape((-1, 1)), (1, 4))
            found = self.slice(ops.concat((ops.gather_nd(boxes, index), score), axis=1), (0, 0), (self.boxes, 5))
            found, order, kept = self.suppress(found)
            order, kept = order.reshape((-1, 1)), kept.reshape((-1, 1))
            results += (found,)
            labels += (ops.ones_like(order) * (label - 1),)
            masks += (self.both(ops.gather_nd(ops.gather_nd(likely, index), order), kept),)
        return ops.concat(results), ops.concat(labels), ops.concat(masks)


class FasterRcnn(nn.Cell):
    """Boxes with scores, labels and a mask. features: gives four, of 1/4 to 1/32 of the picture's size."""

    def __init__(self, features: nn.Cell, channels: Sequence[int], size: Size, bilinear: bool = False) -> None:
        super().__init__()
        self.features = features
        self.pyramid = Pyramid(channels, size, bilinear)
        self.network = RegionNetwork(size.width, len(RATIOS))
        shapes = [(-(-size.height // stride), -(-size.wide // stride), stride) for stride in STRIDES]
        levels = [anchors(height, width, stride, (8.0 * stride,), RATIOS) for height, width, stride in shapes]
        self.proposals = Proposals(levels, size)
        self.first = Tensor(np.zeros((size.boxes, 1), np.float32))
        self.regions = Regions(size, POOLED)
        self.head = BoxHead(size.width * POOLED**2, size)
        self.detections = Detections(size)

    def looked_at(self, img_data: Tensor) -> tuple[tuple[Tensor, ...], Tensor, Tensor, Tensor, Tensor]:
        """Features, proposed boxes with their mask, logits and changes of the boxes."""
        features = self.pyramid(self.features(img_data))
        boxes, mask = self.proposals(*self.network(features))
        boxes = boxes[:, 0:4]
        logits, changes = self.head(self.regions(ops.concat((self.first, boxes), axis=1), features))
        return features, boxes, mask, logits, changes

    def construct(self, img_data: Tensor, img_metas: Tensor) -> tuple[Tensor, ...]:
        _, boxes, mask, logits, changes = self.looked_at(img_data)
        return self.detections(logits, changes, boxes, mask, img_metas)


def examples(rng: np.random.Generator, size: Size) -> dict[str, np.ndarray]:
    """A dim picture, which was once larger."""
    picture = 0.1 * rng.standard_normal((1, 3, size.height, size.wide), dtype=np.float32)
    metas = np.array([[1.25 * size.height, 1.5 * size.wide, 0.8, 2 / 3]], np.float32)
    return {"img_data": picture, "img_metas": metas}
