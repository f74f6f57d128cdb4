"""Binds Softmax and LogSoftmax."""
from __future__ import annotations

import math
from typing import Any

from lite.delegates.base import In, NativeClaim, NativeStep, Operation, Out
from lite.delegates.cpu.tile import Tile
from lite.delegates.cpu.work import split
from lite.types import DType

_ELEMENT = 1.0  # nanoseconds


def bind(operation: Operation, tile: Tile) -> NativeClaim | None:
    """float32."""
    x = operation.inputs[0]
    if x.dtype != DType.FLOAT32:
        return None
    attrs: Any = operation.attrs
    axis = (attrs.axis[0] if operation.op == "Softmax" else attrs.axis) % x.rank
    outer, n, inner = math.prod(x.shape[:axis]), x.shape[axis], math.prod(x.shape[axis + 1 :])
    units = split(outer, n * inner * _ELEMENT)
    step = NativeStep(
        "softmax_f32",
        {
            "x": In(0),
            "y": Out(0),
            "outer": outer,
            "n": n,
            "inner": inner,
            "logarithm": int(operation.op == "LogSoftmax"),
            "block": units.block,
        },
        units.count,
    )
    return NativeClaim((step,), in_place=0)
