"""A kernel pack in Python and a delegate that binds it: what a compiled pack does with an op table, at any address."""
from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from lite.delegates.base import NO_EPILOGUE, Claim, In, NativeClaim, NativeStep, Operation, Out, Packed, Temp, ViewClaim
from lite.ops.activation import Activation
from lite.ops.enums import ActivationType
from lite.types import Array


class Parameter(NamedTuple):
    name: str
    kind: str


def floats(address: int, count: int) -> Array:
    """The float32 elements at an address."""
    return np.ctypeslib.as_array((ctypes.c_float * count).from_address(address))


def add(a: int, b: int, y: int, n: int) -> None:
    floats(y, n)[:] = floats(a, n) + floats(b, n)


def relu(x: int, y: int, n: int) -> None:
    floats(y, n)[:] = np.maximum(floats(x, n), 0)


def scale(x: int, y: int, n: int, factor: float) -> None:
    floats(y, n)[:] = floats(x, n) * np.float32(factor)


def add_packed(x: int, packed: int, y: int, n: int) -> None:
    assert packed % 64 == 0
    floats(y, n)[:] = floats(x, n) + floats(packed, n)


_KERNELS: dict[str, tuple[Callable[..., None], str]] = {
    "add": (add, "pppi"),
    "relu": (relu, "ppi"),
    "scale": (scale, "ppif"),
    "add_packed": (add_packed, "pppi"),
}
_KINDS = {"p": "pointer", "i": "int", "f": "float"}


class PythonPack:
    """Walks op tables as the native driver does, one thread, and poisons its scratch area."""

    threads = 1

    def __init__(self) -> None:
        self.rows_run = 0

    def address(self, kernel: str) -> int:
        return 1 + list(_KERNELS).index(kernel)

    def parameters(self, kernel: str) -> tuple[Parameter, ...]:
        function, kinds = _KERNELS[kernel]
        names = function.__code__.co_varnames
        return tuple(Parameter(name, _KINDS[kind]) for name, kind in zip(names, kinds, strict=False))

    def run(self, table: int, first: int, end: int, scratch: int, scratch_stride: int) -> None:
        ctypes.memset(scratch, 0xFF, scratch_stride)
        for row in range(first, end):
            kernel, block, units, reserved = (ctypes.c_int64 * 4).from_address(table + 32 * row)
            assert (units, reserved) == (1, 0)
            function, kinds = list(_KERNELS.values())[kernel - 1]
            words = (ctypes.c_int64 * len(kinds)).from_address(block)
            function(*(_argument(kind, word) for kind, word in zip(kinds, words, strict=True)))
            self.rows_run += 1

    def stretch(self, *arguments: int) -> Callable[[], None]:
        return partial(self.run, *arguments)


def _argument(kind: str, word: int) -> int | float:
    return float(struct.unpack("=d", struct.pack("=q", word))[0]) if kind == "f" else word


class PythonDelegate:
    """Takes additions of equal shapes and RELU, in place where it can, scaling with an epilogue, and views."""

    name = "python"

    def claim(self, operation: Operation) -> Claim | None:
        x, y = operation.inputs[0], operation.outputs[0]
        if operation.epilogue != NO_EPILOGUE and operation.op != "MulFusion":
            return None
        match operation.op:
            case "Reshape":
                return ViewClaim(0)
            case "AddFusion" if operation.inputs[1].value is not None and operation.inputs[1].shape == x.shape:
                packed = Packed(np.array(operation.inputs[1].value), replaces=1)
                return _native("add_packed", {"x": In(0), "packed": packed, "y": Out(0), "n": x.size})
            case "AddFusion" if operation.inputs[1].shape == x.shape:
                return _native("add", {"a": In(0), "b": In(1), "y": Out(0), "n": x.size})
            case "Activation" if operation.attrs == Activation(ActivationType.RELU):
                return _native("relu", {"x": In(0), "y": Out(0), "n": x.size})
            case "MulFusion" if operation.inputs[1].value is not None and operation.inputs[1].size == 1:
                factor = float(operation.inputs[1].value.reshape(-1)[0])
                temp = Temp(0, 4 * y.size)
                steps = [
                    NativeStep("scale", {"x": In(0), "y": temp, "n": x.size, "factor": factor}, scratch=100),
                    NativeStep("scale", {"x": temp, "y": Out(0), "n": x.size, "factor": 1}),
                ]
                residual, activation = operation.epilogue.residual, operation.epilogue.activation
                if residual >= 0:
                    steps[1] = NativeStep("add", {"a": temp, "b": In(residual), "y": Out(0), "n": x.size})
                if activation == Activation(ActivationType.RELU):
                    steps.append(NativeStep("relu", {"x": Out(0), "y": Out(0), "n": x.size}))
                elif activation != Activation():
                    return None
                return NativeClaim(tuple(steps), residual)
        return None


def _native(kernel: str, arguments: dict[str, In | Out | Packed | Temp | int | float]) -> NativeClaim:
    return NativeClaim((NativeStep(kernel, arguments),), in_place=0)
