"""Single-shot detectors (Liu et al., 2015) as MindSpore's model zoo writes them: heads on features of several sizes.

The channels of features are given with them; they are halved in size from one to the next.
"""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mindspore import Tensor, nn, ops

from tests.conformance.networks.blocks.layers import conv_bn

SCALE_CENTER, SCALE_SIZE = 0.1, 0.2
HEAD_LAYERS = 4


def halved(size: int, levels: int) -> list[int]:
    """A size and what is left of it, rounded up, each time it is halved."""
    return [-(-size // 2**level) for level in range(levels)]


def default_boxes(sizes: Sequence[int], anchors: Sequence[int]) -> np.ndarray:
    """(center y, center x, height, width) as shares of the picture [boxes, 4]. anchors: at every place of a level."""
    rows = []
    for level, (size, count) in enumerate(zip(sizes, anchors, strict=True)):
        scale = 0.2 + 0.7 * level / max(len(sizes) - 1, 1)
        ratios = np.sqrt(2.0) ** np.linspace(-1, 1, count)
        shapes = np.stack([scale / ratios, scale * ratios], axis=1)
        centers = np.stack(np.meshgrid(*[(np.arange(size) + 0.5) / size] * 2, indexing="ij"), axis=-1)
        places = np.broadcast_to(centers[:, :, np.newaxis], (size, size, count, 2))
        rows.append(np.concatenate([places, np.broadcast_to(shapes, places.shape)], axis=-1).reshape(-1, 4))
    return np.concatenate(rows).astype(np.float32)


class Join(nn.Cell):
    """Features [N, anchors * width, H, W] of all levels -> [N, boxes, width]"""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    def construct(self, features: tuple[Tensor, ...]) -> Tensor:
        rows = [x.transpose((0, 2, 3, 1)).reshape((x.shape[0], -1)) for x in features]
        return ops.concat(rows, axis=1).reshape((features[0].shape[0], -1, self.width))


def separable(inputs: int, outputs: int) -> nn.SequentialCell:
    """A depthwise convolution, batch norm, ReLU6, and a 1x1 convolution with bias."""
    depthwise = conv_bn(inputs, inputs, 3, activation=nn.ReLU6(), mode="same", group=inputs)
    return nn.SequentialCell(depthwise, nn.Conv2d(inputs, outputs, 1, has_bias=True))


class MultiBox(nn.Cell):
    """Heads of their own for each level: features -> places [N, boxes, 4], logits [N, boxes, classes]"""

    def __init__(self, channels: Sequence[int], anchors: Sequence[int], classes: int) -> None:
        super().__init__()
        pairs = list(zip(channels, anchors, strict=True))
        self.places = nn.CellList([separable(c, 4 * count) for c, count in pairs])
        self.classes = nn.CellList([separable(c, classes * count) for c, count in pairs])
        self.join_places, self.join_classes = Join(4), Join(classes)

    def construct(self, features: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        places, logits = (), ()
        for level in range(len(features)):
            places += (self.places[level](features[level]),)
            logits += (self.classes[level](features[level]),)
        return self.join_places(places), self.join_classes(logits)


class SharedHead(nn.Cell):
    """Convolutions that all levels share, with batch norms of each level's own."""

    def __init__(self, channels: int, outputs: int, levels: int) -> None:
        super().__init__()
        convs = [nn.Conv2d(channels, channels, 3, pad_mode="same", has_bias=True) for _ in range(HEAD_LAYERS)]
        self.convs = nn.CellList(convs)
        self.norms = nn.CellList([nn.BatchNorm2d(channels) for _ in range(HEAD_LAYERS * levels)])
        self.relu = nn.ReLU6()
        self.output = nn.Conv2d(channels, outputs, 3, pad_mode="same", has_bias=True)

    def construct(self, features: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        results = ()
        for level in range(len(features)):
            x = features[level]
            for index in range(HEAD_LAYERS):
                x = self.relu(self.norms[level * HEAD_LAYERS + index](self.convs[index](x)))
            results += (self.output(x),)
        return results


class SharedMultiBox(nn.Cell):
    """As MultiBox, with one head of each kind for all levels."""

    def __init__(self, channels: int, anchors: int, classes: int, levels: int) -> None:
        super().__init__()
        self.places = SharedHead(channels, 4 * anchors, levels)
        self.classes = SharedHead(channels, classes * anchors, levels)
        self.join_places, self.join_classes = Join(4), Join(classes)

    def construct(self, features: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        return self.join_places(self.places(features)), self.join_classes(self.classes(features))


class Pyramid(nn.Cell):
    """Three features become five of equal width (Lin et al., 2016): large ones get what small ones know; two more."""

    def __init__(self, features: nn.Cell, channels: Sequence[int], width: int) -> None:
        super().__init__()
        self.features = features
        self.lateral = nn.CellList([nn.Conv2d(c, width, 1, has_bias=True) for c in channels])
        self.smooth = nn.CellList([conv_bn(width, width, 3, activation=nn.ReLU6(), mode="same") for _ in channels])
        self.down = nn.CellList([conv_bn(width, width, 3, 2, nn.ReLU6(), mode="same") for _ in range(2)])
        self.resize = ops.ResizeBilinearV2()

    def construct(self, x: Tensor) -> tuple[Tensor, ...]:
        c3, c4, c5 = self.features(x)
        p5 = self.lateral[2](c5)
        p4 = self.lateral[1](c4)
        p4 = p4 + self.resize(p5, p4.shape[2:])
        p3 = self.lateral[0](c3)
        p3 = p3 + self.resize(p4, p3.shape[2:])
        p6 = self.down[0](self.smooth[2](p5))
        return self.smooth[0](p3), self.smooth[1](p4), self.smooth[2](p5), p6, self.down[1](p6)


class Last(nn.Cell):
    """The last of what a network computes in stages."""

    def __init__(self, count: int, stages: nn.Cell) -> None:
        super().__init__()
        self.count, self.stages = count, stages

    def construct(self, x: Tensor) -> tuple[Tensor, ...]:
        return self.stages(x)[-self.count :]


class Extended(nn.Cell):
    """Features, and what further layers make of the last, one after the other."""

    def __init__(self, features: nn.Cell, extras: Sequence[nn.Cell]) -> None:
        super().__init__()
        self.features = features
        self.extras = nn.CellList(extras)

    def construct(self, x: Tensor) -> tuple[Tensor, ...]:
        results = self.features(x)
        for extra in self.extras:
            results += (extra(results[-1]),)
        return results


class Detector(nn.Cell):
    """Boxes (y0, x0, y1, x1) as shares of the picture [N, boxes, 4] and scores [N, boxes, classes].

    defaults: boxes that the network's places are relative to; without them they are given as they are. scored: whether
    scores are made of the logits.
    """

    def __init__(self, features: nn.Cell, heads: nn.Cell, defaults: np.ndarray | None, scored: bool = True) -> None:
        super().__init__()
        self.features, self.heads = features, heads
        self.decoded, self.scored = defaults is not None, scored
        if defaults is not None:
            self.centers, self.sizes = Tensor(defaults[:, :2]), Tensor(defaults[:, 2:])
        self.sigmoid, self.exp = nn.Sigmoid(), ops.Exp()
        self.maximum, self.minimum = ops.Maximum(), ops.Minimum()

    def construct(self, x: Tensor) -> tuple[Tensor, Tensor]:
        places, logits = self.heads(self.features(x))
        scores = self.sigmoid(logits) if self.scored else logits
        if not self.decoded:
            return places, scores
        centers = places[..., :2] * SCALE_CENTER * self.sizes + self.centers
        sizes = self.exp(places[..., 2:] * SCALE_SIZE) * self.sizes
        boxes = ops.concat((centers - sizes / 2.0, centers + sizes / 2.0), axis=-1)
        return self.minimum(self.maximum(boxes, 0.0), 1.0), scores
