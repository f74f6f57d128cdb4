"""Correct biases for the shift of each channel's mean that rounding the weights causes.

    y = x * w + b   ->   y = x * w' + b - E[x] * (w' - w)        w': what the codes of w stand for

E[x] is the mean of each weight's input over samples and positions, the padding of convolutions included.
Samples with elements that are not finite do not count. Transposed convolutions stay as they are.
"""
from __future__ import annotations

from dataclasses import replace

import numpy as np

from converter.ir.graph import Graph, Node, Value
from converter.passes._linear import bias_name
from converter.quantize.affine import weight_affine, weight_codes
from converter.quantize.full import channel_axis, on_codes
from converter.quantize.settings import Quantization
from lite.ops.conv2d import Conv2DFusion, window
from lite.ops.full_connection import FullConnection
from lite.ops.matmul import MatMulFusion
from lite.types import Array


class InputMean:
    """The mean input of each weight of a product: [kh, kw, channels] for a convolution, else [depth]."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._sum: Array | float = 0.0
        self._count = 0

    def see(self, x: Array) -> None:
        """Take the product's input on one sample into account, unless it has elements that are not finite."""
        attrs = self._node.attrs
        if not x.size or not np.isfinite(x).all():
            return
        if not isinstance(attrs, Conv2DFusion):
            w = self._node.inputs[1].spec
            rows = x.reshape(-1, w.shape[1 - channel_axis(self._node, w.rank)])
            self._sum, self._count = self._sum + rows.sum(axis=0, dtype=np.float64), self._count + len(rows)
            return
        place = window(attrs, x.shape, self._node.inputs[1].spec.shape)
        top, bottom, left, right = place.pads
        padded = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))
        _, kernel_h, kernel_w, _ = self._node.inputs[1].spec.shape
        rows = np.empty((kernel_h, kernel_w, x.shape[3]))
        for i in range(kernel_h):
            down = slice(i * attrs.dilation[0], None, attrs.stride[0])
            tall = padded[:, down][:, : place.output[0]].sum(axis=(0, 1), dtype=np.float64)
            for j in range(kernel_w):
                across = slice(j * attrs.dilation[1], None, attrs.stride[1])
                rows[i, j] = tall[across][: place.output[1]].sum(axis=0)
        self._sum = self._sum + rows
        self._count += x.shape[0] * place.output[0] * place.output[1]

    def shift(self) -> Array | None:
        """By how much quantized weights shift the mean of each output channel; None where no sample was seen."""
        if not self._count:
            return None
        w = self._node.inputs[1].data
        assert w is not None, "it is a product that becomes codes"
        affine = weight_affine(w, channel_axis(self._node, w.ndim))
        error = weight_codes(w, affine) * affine.spread(w.ndim)[0] - w
        mean = np.asarray(self._sum) / self._count
        attrs = self._node.attrs
        if isinstance(attrs, Conv2DFusion):
            groups = error.reshape(attrs.group, -1, *error.shape[1:])
            by_group = mean.reshape(*mean.shape[:2], attrs.group, -1)
            shift: Array = np.einsum("gohwc,hwgc->go", groups, by_group).reshape(-1)
            return shift
        return error @ mean if channel_axis(self._node, w.ndim) == 0 else mean @ error


def input_means(graph: Graph, settings: Quantization) -> dict[Node, InputMean]:
    """An InputMean for each product that is quantized and whose bias can be corrected."""
    kinds = (Conv2DFusion, FullConnection, MatMulFusion)
    return {node: InputMean(node) for node in on_codes(graph, settings) if isinstance(node.attrs, kinds)}


def correct_biases(means: dict[Node, InputMean]) -> None:
    """Correct the biases of the products, and give one to those that have none."""
    for node, mean in means.items():
        shift = mean.shift()
        if shift is None:
            continue
        before = node.inputs[2] if len(node.inputs) > 2 else None
        total = -shift if before is None or before.data is None else before.data - shift
        bias = Value.constant(total.astype(np.float32), bias_name(node) if before is None else before.name)
        if before is not None:
            before.users.remove(node)
        elif isinstance(node.attrs, FullConnection):
            node.attrs = replace(node.attrs, has_bias=True)
        node.inputs[2:] = [bias]
        bias.users.append(node)
