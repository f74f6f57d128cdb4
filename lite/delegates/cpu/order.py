"""Binds TopKFusion, ArgMaxFusion, ArgMinFusion, CumProd and CumSum: what goes through an axis element by element."""
from __future__ import annotations

import math
from typing import Any

from lite.delegates.base import Argument, In, NativeClaim, NativeStep, Operation, Out
from lite.delegates.cpu.tile import Tile
from lite.delegates.cpu.work import split
from lite.kernels.codes import TYPES
from lite.ops.shapes import integers
from lite.types import TensorSpec

_ELEMENT = 3.0  # nanoseconds


def bind(operation: Operation, tile: Tile) -> NativeClaim | None:
    """Any of codes.TYPES for sums and products, those of up to 32 bits for an order."""
    x = operation.inputs[0]
    attrs: Any = operation.attrs
    if str(x.dtype) not in TYPES:
        return None
    if operation.op in ("CumProd", "CumSum"):
        return _accumulated(operation)
    if operation.op == "TopKFusion":
        k = operation.outputs[0].shape[attrs.axis % x.rank]
        return _best(x, attrs.axis, k, attrs.largest != 0, Out(0), Out(1))
    values, indices = (Out(0), 0) if attrs.out_max_value else (0, Out(0))
    return _best(x, attrs.axis, max(attrs.top_k, 1), operation.op == "ArgMaxFusion", values, indices)


def _best(
    x: TensorSpec, axis: int, k: int, largest: bool, values: Argument, indices: Argument
) -> NativeClaim | None:
    n, inner = x.shape[axis], math.prod(x.shape[axis % x.rank + 1 :])
    if x.dtype.itemsize > 4 or n >= 2**31:
        return None
    rows = x.size // n
    units = split(rows, n * _ELEMENT)
    arguments: dict[str, Argument] = {
        "x": In(0),
        "values": values,
        "indices": indices,
        "kind": TYPES.index(str(x.dtype)),
        "rows": rows,
        "n": n,
        "inner": inner,
        "k": k,
        "largest": int(largest),
        "block": units.block,
    }
    return NativeClaim((NativeStep("best", arguments, units.count, scratch=8 * (k + 1)),))


def _accumulated(operation: Operation) -> NativeClaim | None:
    attrs: Any = operation.attrs
    x, where = operation.inputs
    if where.value is None:
        return None
    axis = integers(where.value)[0] % x.rank
    n = x.shape[axis]
    units = split(x.size // n, n * _ELEMENT)
    arguments: dict[str, Argument] = {
        "x": In(0),
        "y": Out(0),
        "kind": TYPES.index(str(x.dtype)),
        "product": int(operation.op == "CumProd"),
        "rows": x.size // n,
        "n": n,
        "inner": math.prod(x.shape[axis + 1 :]),
        "exclusive": int(attrs.exclusive),
        "backwards": int(attrs.reverse),
        "block": units.block,
    }
    in_place = 0 if x.value is None else -1
    return NativeClaim((NativeStep("accumulate", arguments, units.count, scratch=8),), in_place=in_place)
