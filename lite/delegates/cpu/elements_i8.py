"""Binds element-wise operators on codes, and functions of one code by a table of all 256."""
from __future__ import annotations

import math

import numpy as np

from lite import ops
from lite.delegates.base import Argument, In, NativeClaim, NativeStep, Operation, Out, Packed
from lite.delegates.cpu.strides import broadcast, merge
from lite.delegates.cpu.tile import Tile
from lite.delegates.cpu.work import BYTE, split, split_rows
from lite.kernels.codes import BINARY, LEFT_SCALAR, RIGHT_SCALAR, ROWS
from lite.ops.quantized import Affine, QuantDTypeCast, Quantized, bounds, multiplier, shares
from lite.types import Array, DType

_TABLE_COST = 2 * BYTE


def bind(operation: Operation, tile: Tile) -> NativeClaim | None:
    """int8 codes with one zero point."""
    attrs = operation.attrs
    assert isinstance(attrs, Quantized), "the index names this module for quantized operators"
    if isinstance(attrs.inner, QuantDTypeCast):
        return _bind_cast(operation, attrs)
    stored = [*attrs.inputs, *attrs.outputs]
    if any(a is None or a.dtype != DType.INT8 for a in stored):
        return None
    if len(operation.inputs) == 1:
        return _bind_table(operation, attrs)
    return _bind_binary(operation, attrs) if len(operation.inputs) == 2 else None


def _bind_cast(operation: Operation, attrs: Quantized) -> NativeClaim | None:
    (x,), (y,) = attrs.inputs, attrs.outputs
    stored = x or y
    if stored is None or stored.dtype != DType.INT8 or len(stored.scale) > 1:
        return None
    n = operation.outputs[0].size
    units = split(n, 5 * BYTE)
    zero = stored.zero_point[0]
    arguments: dict[str, Argument] = {"x": In(0), "y": Out(0), "n": n, "zero": zero, "block": units.block}
    if x is not None:
        scale = float(np.float32(x.scale[0]))
        return NativeClaim((NativeStep("dequantize_i8", {**arguments, "scale": scale}, units.count),))
    factor = float((1 / np.array(stored.scale)).astype(np.float32)[0])
    clamp = {"low": float(stored.low - zero), "high": float(stored.high - zero)}
    return NativeClaim((NativeStep("quantize_i8", {**arguments, "factor": factor, **clamp}, units.count),))


def _bind_table(operation: Operation, attrs: Quantized) -> NativeClaim:
    codes = np.arange(256, dtype=np.uint8).view(np.int8)
    (table,) = ops.evaluate(attrs, (codes,))
    n = operation.outputs[0].size
    units = split(n, _TABLE_COST)
    arguments: dict[str, Argument] = {"x": In(0), "y": Out(0), "table": Packed(table), "n": n, "block": units.block}
    return NativeClaim((NativeStep("table_i8", arguments, units.count),), in_place=0)


def _bind_binary(operation: Operation, attrs: Quantized) -> NativeClaim:
    shape = operation.outputs[0].shape
    walk = merge(shape, *(broadcast(x.shape, shape, 1) for x in operation.inputs))
    left, right = (strides[-1] for strides in walk.strides)
    rows, n = math.prod(walk.extents[:-1]), walk.extents[-1]
    blocks, units = split_rows(rows, n, 6 * BYTE)
    # Vectors are read whole: a constant is copied to where there is something behind it.
    x, y = (In(i) if spec.value is None else Packed(spec.value.copy()) for i, spec in enumerate(operation.inputs))
    step = NativeStep(
        "binary_i8",
        {
            "x": x,
            "y": y,
            "z": Out(0),
            "function": BINARY.index("add" if attrs.op == "AddFusion" else "mul"),
            "mode": LEFT_SCALAR if left == 0 else RIGHT_SCALAR if right == 0 else ROWS,
            "dims": walk.without(-1).table(),
            "rows": rows,
            "n": n,
            "ends": Packed(_ends(attrs)),
            **blocks,
        },
        units,
    )
    fits = [i for i, spec in enumerate(operation.inputs) if spec.shape == shape and not spec.is_known]
    return NativeClaim((step,), in_place=fits[0] if fits else -1)


def _ends(attrs: Quantized) -> Array:
    """The numbers that binary_span_i8 makes codes with."""
    x, y, z = (_stored(a) for a in (*attrs.inputs, *attrs.outputs))
    low, high = bounds(z, attrs.inner.activation_type)  # type: ignore[attr-defined]
    factors = shares(attrs) if attrs.op == "AddFusion" else (multiplier(attrs)[0], np.float32(0))
    ends = np.zeros(8, np.float32)
    ends.view(np.int32)[:3] = x.zero_point[0], y.zero_point[0], z.zero_point[0]
    ends[3:7] = *factors, low - z.zero_point[0], high - z.zero_point[0]
    return ends


def _stored(a: Affine | None) -> Affine:
    assert a is not None, "bind has looked"
    return a
