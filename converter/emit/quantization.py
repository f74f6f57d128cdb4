"""What the format says of quantization: a node's quantType, and a scale and zero point for each channel of a tensor."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from converter.errors import EmitError
from converter.ir.graph import Graph, Node, Value
from lite.coded import Coded
from lite.ops.quantized import Affine, Quantized, is_by_row
from lite.types import DType

WEIGHT, FULL, DYNAMIC = 4, 5, 6  # QuantType


def quant_type(node: Node) -> int:
    """What of a node is quantized, as the format numbers it: nothing, weights, all, or rows while the network runs."""
    if isinstance(node.attrs, Quantized):
        return DYNAMIC if is_by_row(node.attrs) else FULL
    return WEIGHT if any(isinstance(value.spec.data, Coded) for value in node.inputs) else 0


class Scales:
    """How quantized nodes say that the values they read and write are stored."""

    def __init__(self, graphs: Sequence[Graph]) -> None:
        """Raises EmitError where two nodes say different things of a value."""
        self._stored: dict[int, Affine] = {}  # by id of the Value
        for node in (node for graph in graphs for node in graph.nodes):
            attrs = node.attrs
            if not isinstance(attrs, Quantized):
                continue
            pairs = zip((*node.inputs, *node.outputs), (*attrs.inputs, *attrs.outputs), strict=True)
            for value, affine in pairs:
                if affine is not None and self._stored.setdefault(id(value), affine) != affine:
                    raise EmitError(f"node {node.name!r} ({node.op}): {value.spec} is stored in two ways")

    def coded(self, value: Value) -> Coded | None:
        """A constant of codes, also one that a quantized node reads as codes; None for another."""
        spec, data, affine = value.spec, value.spec.data, self._stored.get(id(value))
        if isinstance(data, Coded):
            return data
        if affine is None or spec.dtype != DType.INT8 or not isinstance(data, np.ndarray):
            return None
        one = np.ones(1, np.float32)
        zero_point = np.array(affine.zero_point, np.int32)
        return Coded(data.reshape(-1), affine.bits, spec.shape, (1, 1, spec.size), one, zero_point, one, 0 * one)

    def parameters(self, value: Value) -> list[dict[str, Any]] | None:
        """The fields of a tensor's quantParams, as quantized nodes say.

        None where it has none: it is not quantized, or it is a bias, whose scales follow from those of its node's
        other inputs.
        """
        stored = self._stored.get(id(value))
        if stored is None or value.spec.dtype == DType.INT32:
            return None
        zero_points = stored.zero_point * (len(stored.scale) if len(stored.zero_point) == 1 else 1)
        return [
            {"scale": scale, "zeroPoint": zero_point, "numBits": stored.bits, "inited": True}
            for scale, zero_point in zip(stored.scale, zero_points, strict=True)
        ]


def parameters_of_codes(data: Coded) -> list[dict[str, Any]]:
    """The fields of the quantParams of a constant that is stored as codes."""
    columns = {
        "scale": data.scale, "zeroPoint": data.zero_point, "varCorr": data.var_corr, "meanCorr": data.mean_corr,
    }  # fmt: skip
    common = {"numBits": data.bits, "inited": True}
    numbers = zip(*(column.tolist() for column in columns.values()), strict=True)
    return [dict(zip(columns, row, strict=True)) | common for row in numbers]
