"""Binds products whose rows become int8 codes while they run: one step makes codes, one multiplies.

Recurrent layers have what they need of it from here.
"""
from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from lite.delegates.base import AS_IS, Argument, In, NativeClaim, NativeStep, Operation, Out, Packed, Temp
from lite.delegates.cpu.finish import finish, residual
from lite.delegates.cpu.packed_i8 import CODE_OP, by_panel, packed_weights, shared_panels
from lite.delegates.cpu.tile import Tile
from lite.delegates.cpu.work import BYTE, split
from lite.memory import ALIGNMENT
from lite.ops.dynamic import weight_codes_of
from lite.ops.matmul import MatMulFusion
from lite.ops.quantized import Quantized
from lite.records import replace
from lite.types import Array, DType

_ROW_BLOCK = 96  # rows that pass while a panel of weights is in cache
_ALIAS = 1024  # bytes between rows at whose multiples many compete for the same few cache lines
_STAGED, _ENDS = range(2)  # keys of temporaries
_PLAIN: Mapping[str, Argument] = {
    "residual": 0, "function": -1, "alpha": 0.0, "beta": 0.0, "low": float("-inf"), "high": float("inf"),
}  # fmt: skip


def bind(operation: Operation, attrs: Quantized, tile: Tile) -> NativeClaim | None:
    """float32 x, constant int8 weights whose zero points are 0, constant float32 bias."""
    x, w, *rest = operation.operands
    stored = attrs.inputs[1]
    if stored is None or stored.dtype != DType.INT8 or any(stored.zero_point) or x.is_known or w.value is None:
        return None
    if x.dtype != DType.FLOAT32 or any(spec.value is None for spec in rest) or not x.size or not w.size:
        return None
    if operation.orders != AS_IS or operation.adds_broadcast:
        return None
    weights = _rows_of(attrs, w.value)
    if weights is None or weights.shape[1] * 255 * 128 >= 1 << 31:
        return None
    scale = np.broadcast_to(np.array(stored.scale, np.float32), weights.shape[:1])
    bias = rest[0].value if rest else None
    rows = operation.outputs[0].size // len(weights)
    ends = {"residual": residual(operation), **finish(replace(operation, attrs=attrs.inner))}
    return NativeClaim(row_steps(In(0), rows, weights, scale, bias, Out(0), tile, ends), operation.epilogue.residual)


def row_steps(
    x: Argument,
    rows: int,
    weights: Array,
    weight_scale: Array,
    bias: Array | None,
    y: Argument,
    tile: Tile,
    finishing: Mapping[str, Argument] = _PLAIN,
    replaces: int = 1,
) -> tuple[NativeStep, ...]:
    """y [rows, columns] = x [rows, depth] by row, times codes [columns, depth].T, plus bias.

    finishing: how rows are written. replaces: the input that the weights are, see Packed.
    """
    columns, depth = weights.shape
    stride = row_stride(depth, tile)
    staged, ends = Temp(_STAGED, rows * stride), Temp(_ENDS, rows * 8)
    quantize = split(rows, 2 * depth * 4 * BYTE)
    row_block = -(-rows // max(1, round(rows / _ROW_BLOCK)))
    row_blocks, panels = -(-rows // row_block), -(-columns // tile.lanes)
    cost = 2 * row_block * depth * tile.lanes * CODE_OP  # of a panel
    panel_block = shared_panels(panels, cost, row_blocks)
    units = split(row_blocks * -(-panels // panel_block), cost * panel_block)
    w, totals, scale = packed_rows(weights, weight_scale, tile, replaces)
    arguments: dict[str, Argument] = {
        "x": staged,
        "ends": ends,
        "w": w,
        "totals": totals,
        "scale": scale,
        "bias": Packed(by_panel(np.zeros(columns, np.float32) if bias is None else bias, 1, tile)),
        "y": y,
        "rows": rows,
        "columns": columns,
        "depth": depth,
        "x_stride": stride,
        "row_block": row_block,
        "panel_block": panel_block,
        "parts": units.block,
        **finishing,
    }
    codes: dict[str, Argument] = {"x": x, "y": staged, "ends": ends, "rows": rows, "depth": depth, "y_stride": stride}
    return (
        NativeStep("rows_i8", {**codes, "row_block": quantize.block}, quantize.count),
        NativeStep("matmul_rows_i8", arguments, units.count, scratch=8 * row_block),
    )


class StateWeights(NamedTuple):
    """The kernel arguments of what a recurrent layer's state is multiplied with; scratch: bytes that they take more."""

    arguments: Mapping[str, Argument]
    scratch: int


def state_weights(w: Array, batch: int, tile: Tile, *, by_row: bool) -> StateWeights:
    """For w [columns, hidden], input 3 of the layer, as float32 or as codes."""
    if not by_row:
        packed = Packed(tile.pack_weights(w), replaces=3)
        return StateWeights({"weights": packed, "codes": 0, "totals": 0, "scale": 0, "stride": 0}, 0)
    stride = row_stride(w.shape[1], tile)
    codes, totals, scale = packed_rows(*weight_codes_of(w), tile, replaces=3)
    arguments: dict[str, Argument] = {"weights": 0, "codes": codes, "totals": totals, "scale": scale, "stride": stride}
    return StateWeights(arguments, batch * (stride + 8))


def row_stride(depth: int, tile: Tile) -> int:
    """Bytes from a staged row to the next."""
    stride = -(-depth * tile.int8_staged // ALIGNMENT) * ALIGNMENT
    return stride + ALIGNMENT * (stride % _ALIAS == 0)


def packed_rows(weights: Array, scale: Array, tile: Tile, replaces: int = -1) -> tuple[Packed, Packed, Packed]:
    """Codes [columns, depth], their sums and their scales, as the kernels take them."""
    return (
        Packed(packed_weights(weights.reshape(1, len(weights), 1, -1), tile), replaces=replaces),
        Packed(by_panel(weights.sum(axis=1, dtype=np.int32), 1, tile)),
        Packed(by_panel(np.ascontiguousarray(scale, np.float32), 1, tile)),
    )


def _rows_of(attrs: Quantized, w: Array) -> Array | None:
    """Weights as [columns, depth]; None where there are several matrices."""
    if isinstance(attrs.inner, MatMulFusion):
        if math.prod(w.shape[:-2]) != 1:
            return None
        rows = w if attrs.inner.transpose_b else w.swapaxes(-1, -2)
        return rows.reshape(rows.shape[-2:])
    return w.reshape(w.shape[0], -1)
