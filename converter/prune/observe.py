"""The inputs of products, observed on samples.

A convolution or matrix product computes `features @ weights + bias` for every pixel or row; with groups, that of each
group. `Product` has the weights in this form, and `features` the rows.
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from converter.calibration import called
from converter.emit.graph import emit
from converter.errors import PruneError
from converter.ir.graph import Graph, Node, Value
from converter.prune.settings import Sample
from lite.errors import LiteError
from lite.ops.conv2d import Conv2DFusion, window
from lite.ops.enums import ActivationType
from lite.ops.matmul import MatMulFusion
from lite.session import Session
from lite.types import Array, DType

MOST_FEATURES = 6144  # of a product that is fitted: its normal equations are a square of them
_LARGEST_SQUARED = 1e15  # whose squares float32 can add up
_MOST_ELEMENTS = 1 << 24  # of all features of a product that are kept


@dataclass(frozen=True, slots=True)
class Product:
    """weights: [groups, features, outputs / groups]; bias: [groups, 1, outputs / groups], zeros where there is none."""

    node: Node
    weights: Array
    bias: Array

    @classmethod
    def of(cls, node: Node) -> Product | None:
        """The Product of a convolution or matrix product with constant weights; None for other nodes and empty ones."""
        attrs = node.attrs
        if not isinstance(attrs, (Conv2DFusion, MatMulFusion)):
            return None
        w = node.inputs[1].data
        if w is None:  # then the number of columns may be open
            return None
        b = node.inputs[2].data if len(node.inputs) > 2 else np.zeros(node.outputs[0].spec.shape[-1], np.float32)
        if b is None or node.inputs[0].spec.dtype != DType.FLOAT32 or node.inputs[0].data is not None:
            return None
        if 0 in (*w.shape, *node.outputs[0].spec.shape):
            return None
        if isinstance(attrs, Conv2DFusion):
            weights = w.reshape(attrs.group, w.shape[0] // attrs.group, -1).transpose(0, 2, 1)
        elif attrs.transpose_a or w.ndim != 2:
            return None
        else:
            weights = (w.T if attrs.transpose_b else w)[None]
        return cls(node, weights, b.reshape(weights.shape[0], 1, -1))

    @property
    def activation(self) -> ActivationType:
        """What follows the sum."""
        attrs: Any = self.node.attrs
        kind: ActivationType = attrs.activation_type
        return kind

    def stored(self, weights: Array) -> Array:
        """Weights of this form in the shape that the node has."""
        attrs, shape = self.node.attrs, self.node.inputs[1].spec.shape
        if isinstance(attrs, Conv2DFusion):
            return np.ascontiguousarray(weights.transpose(0, 2, 1), np.float32).reshape(shape)
        assert isinstance(attrs, MatMulFusion), "of has looked"
        return np.ascontiguousarray(weights[0].T if attrs.transpose_b else weights[0], np.float32)

    def features(self, x: Array) -> Array:
        """For every output pixel or row what the weights are multiplied with: [groups, rows, features].

        float64 where squares may leave float32.
        """
        attrs = self.node.attrs
        if np.abs(x).max(initial=0) > _LARGEST_SQUARED:
            x = x.astype(np.float64)
        if not isinstance(attrs, Conv2DFusion):
            return x.reshape(1, -1, x.shape[-1])
        w = self.node.inputs[1].spec.shape
        place = window(attrs, x.shape, w)
        top, bottom, left, right = place.pads
        padded = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))
        (stride_h, stride_w), (dilation_h, dilation_w) = attrs.stride, attrs.dilation
        rows = np.arange(place.output[0])[:, None] * stride_h + np.arange(w[1]) * dilation_h
        columns = np.arange(place.output[1])[:, None] * stride_w + np.arange(w[2]) * dilation_w
        taps = padded[:, rows[:, None, :, None], columns[None, :, None, :]]  # [N, OH, OW, kh, kw, C]
        grouped = taps.reshape(-1, w[1] * w[2], attrs.group, w[3])
        return grouped.transpose(2, 0, 1, 3).reshape(attrs.group, len(grouped), -1)


def part(graph: Graph, outputs: Sequence[Value]) -> Graph:
    """The part of the graph that computes these values. Its nodes are shared with the graph: do not edit them."""
    needed: dict[Node, None] = {}
    pending = [v.producer for v in outputs if v.producer is not None]
    while pending:
        node = pending.pop()
        if node not in needed:
            needed[node] = None
            pending += [v.producer for v in node.inputs if v.producer is not None]
    found = Graph(graph.name)
    found.inputs, found.outputs, found.functions = graph.inputs, list(outputs), graph.functions
    found.nodes = [node for node in graph.nodes if node in needed]
    return found


def observe(graph: Graph, values: Sequence[Value], samples: Sequence[Sample]) -> Iterator[list[Array]]:
    """The values of these tensors, for one sample after the other.

    Raises PruneError where a sample does not fit the network, or leaves nothing of what others read.
    """
    with Session(emit(part(graph, values))) as session:
        for count, sample in enumerate(samples):
            try:
                result = session.run(sample)
            except (LiteError, TypeError) as error:
                raise PruneError(f"{called(sample, count)} does not fit the network: {error}") from error
            arrays = list(result.values()) if isinstance(result, dict) else [result]
            if not all(np.isfinite(array).all() for array in arrays):
                raise PruneError(f"{called(sample, count)}: the network computes numbers that are not finite")
            for value, array in zip(values, arrays, strict=True):
                if value.users and not array.size:
                    place = called(sample, count)
                    raise PruneError(f"{place} is empty: {value.name} has no elements; leave the sample out")
            yield arrays


class Rows:
    """Which rows of a product's features are kept, the same of each sample: all, or as many as memory allows."""

    def __init__(self, seed: int, samples: int) -> None:
        self._seed, self._samples = seed, samples

    def of(self, features: Array, wide: int) -> Array:
        """The features' kept rows. wide: how many features a row has with all channels, so that rows are the same ones
        where some are gone."""
        rows = features.shape[1]
        most = max(_MOST_ELEMENTS // (wide * self._samples), 1)
        if rows <= most:
            return features
        return features[:, np.sort(np.random.default_rng(self._seed).permutation(rows)[:most])]
