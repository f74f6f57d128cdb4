"""Binds the operators whose result is one number repeated, or known beforehand."""
from __future__ import annotations

from typing import Any

import numpy as np

from lite import ops
from lite.delegates.base import Argument, In, NativeClaim, NativeStep, Operation, Out, Packed
from lite.delegates.cpu.strides import Walk
from lite.delegates.cpu.tile import Tile
from lite.delegates.cpu.work import BYTE, split
from lite.types import Array, TensorSpec

# Which input is repeated.
_VALUE = {"Fill": 0, "FillV2": 1}
_NUMBER = {"OnesLike": 1, "ZerosLike": 0}


def bind(operation: Operation, tile: Tile) -> NativeClaim | None:
    """Any type."""
    y = operation.outputs[0]
    if operation.op in _VALUE:
        return NativeClaim((fill_step(y, In(_VALUE[operation.op])),))
    if operation.op in _NUMBER:
        return NativeClaim((fill_step(y, Packed(np.full(1, _NUMBER[operation.op], y.dtype.dtype))),))
    attrs: Any = operation.attrs
    if operation.op == "ConstantOfShape":
        value = np.asarray(attrs.value or (0.0,)).astype(y.dtype.dtype)
        return NativeClaim((fill_step(y, Packed(value)),))
    known = [x.value for x in operation.inputs if x.value is not None]
    if len(known) < len(operation.inputs):
        return None
    return NativeClaim((_constant_step(*ops.evaluate(attrs, known)),))


def fill_step(y: TensorSpec, value: Argument) -> NativeStep:
    """Output 0, described by y, all equal to the element at `value`."""
    size = y.dtype.itemsize
    units = split(y.size, size * BYTE)
    arguments = {"y": Out(0), "value": value, "n": y.size, "size": size, "block": units.block}
    return NativeStep("fill", arguments, units.count)


def _constant_step(values: Array) -> NativeStep:
    size = values.itemsize
    arguments: dict[str, Argument] = {
        "x": Packed(values),
        "y": Out(0),
        "x_offset": 0,
        "y_offset": 0,
        "dims": Walk((), ((), ())).table(),
        "rows": 1,
        "n": values.size,
        "x_step": size,
        "y_step": size,
        "size": size,
        "row_block": 1,
    }
    return NativeStep("copy_rows", arguments)
