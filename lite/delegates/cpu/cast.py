"""Binds Cast."""
from __future__ import annotations

from lite.delegates.base import Argument, In, NativeClaim, NativeStep, Operation, Out, ViewClaim
from lite.delegates.cpu.tile import Tile
from lite.delegates.cpu.work import BYTE, split
from lite.kernels.codes import BLOCK_BYTES, TYPES
from lite.types import DType

_FLOATS = (DType.FLOAT16, DType.FLOAT32)
_ELEMENT = 1.0  # nanoseconds, but for those two


def bind(operation: Operation, tile: Tile) -> NativeClaim | ViewClaim | None:
    """From any of codes.TYPES to any."""
    x, y = operation.inputs[0], operation.outputs[0]
    if x.dtype == y.dtype:
        return ViewClaim()
    if str(x.dtype) not in TYPES or str(y.dtype) not in TYPES:
        return None
    return NativeClaim((cast_step(In(0), Out(0), y.size, x.dtype, y.dtype),))


def cast_step(x: Argument, y: Argument, n: int, source: DType, result: DType) -> NativeStep:
    """y = x, n elements of type `result` from as many of type `source`."""
    units = split(n, 6 * BYTE if source in _FLOATS and result in _FLOATS else _ELEMENT)
    arguments: dict[str, Argument] = {
        "x": x,
        "y": y,
        "n": n,
        "source": TYPES.index(str(source)),
        "result": TYPES.index(str(result)),
        "block": units.block,
    }
    return NativeStep("cast", arguments, units.count, scratch=BLOCK_BYTES)
