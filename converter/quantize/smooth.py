"""Equalize the channels of a layer norm, so that one scale suits them all; the products after it compensate.

    products(layer_norm(x, gamma, beta), w)   ->   products(layer_norm(x, gamma / s, beta / s), s w)
    s = (the largest of a channel) ^ alpha / (the largest weight that it meets) ^ (1 - alpha)

In transformers few channels are often far larger than all others, and those keep few codes. alpha says how much of that
the weights take over: with 0.5 channels and weights end up equally wide, with 1 all channels as wide as each other.
Nothing is changed where anything but products with constant weights reads what the norm computes.
"""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

from converter.ir.graph import Graph, Node, Value
from converter.quantize.calibrate import channel_peaks
from converter.quantize.channels import divide_outputs, input_peaks, multiply_inputs, readers
from converter.quantize.settings import Quantization
from lite.ops.layer_norm import LayerNormFusion
from lite.types import Array

_LEAST = 1e-5  # of a channel's size; one that is never seen stays finite


def smooth(
    graph: Graph, settings: Quantization, alpha: float, progress: Callable[[str], None] | None = None
) -> None:
    """Move factors of channels from layer norms into products, in place.

    Raises QuantizeError where there are no samples, or one that does not fit.
    """
    norms = [node for node in graph.nodes if _is_able(node) and readers(graph, node.outputs[0])]
    if not norms:
        return
    peaks = channel_peaks(graph, [node.outputs[0] for node in norms], settings, progress)
    for node in norms:
        value = node.outputs[0]
        behind = readers(graph, value)
        factors = _factors(peaks[value], np.max([input_peaks(p, len(peaks[value])) for p in behind], axis=0), alpha)
        divide_outputs(node, factors)
        for product in behind:
            multiply_inputs(product, factors)


def _is_able(node: Node) -> bool:
    """Whether the norm has a constant gamma and beta of its own, with an element for each channel."""
    if not isinstance(node.attrs, LayerNormFusion) or len(node.inputs) != 3:
        return False
    channels = node.outputs[0].spec.shape[-1:]
    return all(_is_vector(value, channels) for value in node.inputs[1:])


def _is_vector(value: Value, shape: tuple[int, ...]) -> bool:
    data = value.data
    return data is not None and data.shape == shape and data.dtype == np.float32 and bool(np.isfinite(data).all())


def _factors(channels: Array, weights: Array, alpha: float) -> Array:
    channels, weights = (np.maximum(x.astype(np.float64), _LEAST) for x in (channels, weights))
    factors: Array = channels**alpha / weights ** (1 - alpha)
    return factors
