"""The least work of an operation, from shapes alone: the floor with which `mlite bench` compares its time.

flops: multiplications and additions of the products (convolutions, matrix products, recurrence), as defined; an
algorithm with fewer, such as Winograd's, can go below the floor. Arithmetic of other operators does not count, since
bytes bound their time. nbytes: every operand once; of an input that elements are picked from, only these.
"""
from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from lite.ops.quantized import Quantized
from lite.ops.registry import Attributes
from lite.records import dataclass
from lite.types import TensorSpec

_Specs = Sequence[TensorSpec]


@dataclass(frozen=True, slots=True)
class Cost:
    """flops and nbytes, see above."""

    flops: int
    nbytes: int


def cost(attrs: Attributes, inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec]) -> Cost:
    """The cost of one operation whose shapes are known."""
    if isinstance(attrs, Quantized):
        attrs = attrs.inner
    count = _FLOPS.get(attrs.op)
    read = [x.nbytes for x in inputs]
    written = sum(y.nbytes for y in outputs)
    if attrs.op in _PICKS:
        read[0] = min(read[0], written)
    return Cost(count(attrs, inputs, outputs) if count else 0, sum(read) + written)


def _conv2d(attrs: Any, inputs: _Specs, outputs: _Specs) -> int:
    return 2 * outputs[0].size * math.prod(inputs[1].shape[1:])


def _conv2d_transpose(attrs: Any, inputs: _Specs, outputs: _Specs) -> int:
    return 2 * inputs[0].size * math.prod(inputs[1].shape[1:])


def _matmul(attrs: Any, inputs: _Specs, outputs: _Specs) -> int:
    depth = inputs[0].shape[-2 if attrs.transpose_a else -1]
    return 2 * outputs[0].size * depth


def _full_connection(attrs: Any, inputs: _Specs, outputs: _Specs) -> int:
    return 2 * outputs[0].size * inputs[1].shape[-1]


def _lstm(attrs: Any, inputs: _Specs, outputs: _Specs) -> int:
    gates = 4 * outputs[0].size  # of all steps and sequences
    width: int = attrs.input_size + attrs.hidden_size
    return 2 * gates * width


def _recurrent(attrs: Any, inputs: _Specs, outputs: _Specs) -> int:
    rows, channels = inputs[2].shape  # the gates of one step and sequence
    hidden = outputs[0].shape[2]
    return 2 * math.prod(outputs[0].shape[:2]) * rows * (channels + hidden)


_FLOPS: dict[str, Callable[[Any, _Specs, _Specs], int]] = {
    "Conv2DFusion": _conv2d,
    "Conv2dTransposeFusion": _conv2d_transpose,
    "FullConnection": _full_connection,
    "GRULayer": _recurrent,
    "LSTM": _lstm,
    "MatMulFusion": _matmul,
    "RNNLayer": _recurrent,
}

# Operators that read only a part of their first input.
_PICKS = frozenset({"Crop", "Gather", "GatherD", "GatherNd", "SliceFusion", "StridedSlice"})
