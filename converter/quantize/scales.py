"""Scales of channels as convolutions of single pixels, a group for each channel: those have an operator on codes.

    scale(x, s, o)   ->   conv(x, w, o)        w [channels, 1, 1, 1] = s

Where a normalization could not be folded, behind a concatenation for one, a network would leave codes for it and come
back. Declines where x is no image, or s and o are not constants along its channels.
"""
from __future__ import annotations

import numpy as np

from converter.ir.graph import Graph, Node, Value
from converter.quantize.settings import Quantization
from lite.ops.conv2d import Conv2DFusion
from lite.ops.per_channel import ScaleFusion
from lite.types import DType


def scales_as_convolutions(graph: Graph, settings: Quantization) -> None:
    """Change the nodes that can be, in place."""
    for node in graph.nodes:
        attrs = node.attrs
        if not isinstance(attrs, ScaleFusion) or node.name in settings.skip_nodes or not _is_able(node):
            continue
        old = node.inputs[1]
        assert old.data is not None, "_is_able has looked"
        new = Value.constant(old.data.reshape(-1, 1, 1, 1), old.name)
        old.users.remove(node)
        new.users.append(node)
        node.inputs[1] = new
        channels = len(old.data)
        node.attrs = Conv2DFusion(
            kernel_size=(1, 1), stride=(1, 1), dilation=(1, 1), group=channels, in_channel=channels,
            out_channel=channels, pad_list=(0, 0, 0, 0), activation_type=attrs.activation_type,
        )  # fmt: skip


def _is_able(node: Node) -> bool:
    x, *factors = node.inputs
    if x.spec.dtype != DType.FLOAT32 or x.spec.rank != 4 or x.spec.is_known:
        return False
    data = [value.data for value in factors]
    return all(d is not None and d.shape == x.spec.shape[-1:] and bool(np.isfinite(d).all()) for d in data)
