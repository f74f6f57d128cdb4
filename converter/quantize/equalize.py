"""Equalize the weights of two consecutive products, channel by channel.

    conv(relu(conv(x, w, b)), v)   ->   conv(relu(conv(x, w / s, b / s)), s v)        s = sqrt(largest w / largest v)

Then one scale suits all weights of a layer, and one scale all channels of a tensor. RELU, and no activation, pass a
positive factor on. RELU6 does so for channels that reach 6 on no sample, neither before nor after; other channels are
left alone. Pairs that share a product are gone through in turn until they fit. Nothing is changed where another
operator reads the tensor in between.
"""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

from converter.ir.graph import Graph, Node
from converter.quantize.calibrate import channel_peaks
from converter.quantize.channels import (
    divide_outputs,
    input_peaks,
    is_product,
    multiply_inputs,
    output_peaks,
    readers,
)
from converter.quantize.settings import Quantization
from lite.ops.enums import ActivationType
from lite.types import Array

_ROUNDS = 20
_CLOSE = 1.001  # factors nearer to 1 change nothing
_MOST = 1e4  # of a factor: channels that are next to nothing stay so
_BOUND = 5.9  # a little less than that of RELU6: samples are not all that there is
_PASSES_ON = (ActivationType.NO_ACTIVATION, ActivationType.RELU, ActivationType.RELU6)


def equalize(graph: Graph, settings: Quantization, progress: Callable[[str], None] | None = None) -> None:
    """Move factors between products, in place. Raises QuantizeError where samples are needed, and none or one fits."""
    passing = [node for node in graph.nodes if _activation(node) in _PASSES_ON]
    pairs = [(node, behind) for node in passing if (behind := readers(graph, node.outputs[0]))]
    bounded = [node for node, _ in pairs if _activation(node) == ActivationType.RELU6]
    seen = channel_peaks(graph, [node.outputs[0] for node in bounded], settings, progress) if bounded else {}
    peaks = {node: seen[node.outputs[0]].astype(np.float64) for node in bounded}
    for _ in range(_ROUNDS):
        largest = 1.0
        for node, behind in pairs:
            first = output_peaks(node).astype(np.float64)
            second = np.max([input_peaks(product, len(first)) for product in behind], axis=0).astype(np.float64)
            factors = _factors(first, second)
            if node in peaks:
                factors = _within_bound(factors, peaks[node])
                peaks[node] /= factors
            divide_outputs(node, factors)
            for product in behind:
                multiply_inputs(product, factors)
            largest = max(largest, float(np.exp(np.abs(np.log(factors)).max(initial=0))))
        if largest < _CLOSE:
            return


def _activation(node: Node) -> ActivationType | None:
    """The activation that a product ends with; None for another operator."""
    kind: ActivationType | None = getattr(node.attrs, "activation_type", None)
    return kind if is_product(node) else None


def _factors(first: Array, second: Array) -> Array:
    """The factor s of each channel; 1 where a channel has no weights on one side."""
    known = (first > 0) & (second > 0)
    ratio = np.sqrt(np.where(known, first, 1) / np.where(known, second, 1))
    factors: Array = np.clip(ratio, 1 / _MOST, _MOST)
    return factors


def _within_bound(factors: Array, peaks: Array) -> Array:
    """Factors that keep channels below the bound of RELU6, by what samples show; 1 for those that reach it."""
    limited: Array = np.where(peaks < _BOUND, np.maximum(factors, peaks / _BOUND), 1)
    return limited
