"""Binds products whose rows become int8 codes while they run: one step makes codes, one multiplies."""
from __future__ import annotations

import math

import numpy as np

from lite.delegates.base import AS_IS, Argument, In, NativeClaim, NativeStep, Operation, Out, Packed, Temp
from lite.delegates.cpu.finish import finish, residual
from lite.delegates.cpu.packed_i8 import CODE_OP, by_panel, packed_weights
from lite.delegates.cpu.tile import Tile
from lite.delegates.cpu.work import BYTE, split
from lite.memory import ALIGNMENT
from lite.ops.matmul import MatMulFusion
from lite.ops.quantized import Quantized
from lite.records import replace
from lite.types import Array, DType

_ROW_BLOCK = 96  # rows that pass while a panel of weights is in cache
_ALIAS = 1024  # bytes between rows at whose multiples many compete for the same few cache lines
_STAGED, _ENDS = range(2)  # keys of temporaries


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
    columns, depth = weights.shape
    rows = operation.outputs[0].size // columns
    stride = -(-depth * tile.int8_staged // ALIGNMENT) * ALIGNMENT
    stride += ALIGNMENT * (stride % _ALIAS == 0)
    staged, ends = Temp(_STAGED, rows * stride), Temp(_ENDS, rows * 8)
    quantize = split(rows, 2 * depth * 4 * BYTE)
    row_block = -(-rows // max(1, round(rows / _ROW_BLOCK)))
    row_blocks, panels = -(-rows // row_block), -(-columns // tile.lanes)
    cost = 2 * row_block * depth * tile.lanes * CODE_OP  # of a panel
    panel_block = panels if row_blocks >= 8 else split(panels, cost).block
    units = split(row_blocks * -(-panels // panel_block), cost * panel_block)
    bias = rest[0].value if rest else None
    arguments: dict[str, Argument] = {
        "x": staged,
        "ends": ends,
        "w": Packed(packed_weights(weights.reshape(1, columns, 1, depth), tile), replaces=1),
        "totals": Packed(by_panel(weights.sum(axis=1, dtype=np.int32), 1, tile)),
        "scale": Packed(by_panel(np.broadcast_to(np.array(stored.scale, np.float32), (columns,)), 1, tile)),
        "bias": Packed(by_panel(np.zeros(columns, np.float32) if bias is None else bias, 1, tile)),
        "y": Out(0),
        "rows": rows,
        "columns": columns,
        "depth": depth,
        "x_stride": stride,
        "row_block": row_block,
        "panel_block": panel_block,
        "parts": units.block,
        "residual": residual(operation),
        **finish(replace(operation, attrs=attrs.inner)),
    }
    codes = {"x": In(0), "y": staged, "ends": ends, "rows": rows, "depth": depth, "y_stride": stride}
    steps = (
        NativeStep("rows_i8", {**codes, "row_block": quantize.block}, quantize.count),
        NativeStep("matmul_rows_i8", arguments, units.count, scratch=8 * row_block),
    )
    return NativeClaim(steps, operation.epilogue.residual)


def _rows_of(attrs: Quantized, w: Array) -> Array | None:
    """Weights as [columns, depth]; None where there are several matrices."""
    if isinstance(attrs.inner, MatMulFusion):
        if math.prod(w.shape[:-2]) != 1:
            return None
        rows = w if attrs.inner.transpose_b else w.swapaxes(-1, -2)
        return rows.reshape(rows.shape[-2:])
    return w.reshape(w.shape[0], -1)
