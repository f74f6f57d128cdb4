"""Runs a claim of the cpu delegate on arrays, without a session: all units in one call, or a call a unit, backwards."""
from __future__ import annotations

import ctypes
from collections.abc import Sequence

import numpy as np

from lite.delegates.base import Argument, Claim, In, NativeClaim, NativeStep, Operation, Out, Packed, Temp, ViewClaim
from lite.memory import address_of, allocate
from lite.native.pack import KernelPack
from lite.plan.table import BoundStep, build_table
from lite.types import Array

_GUARD = 64  # bytes around every buffer; a kernel must leave them as they are
_PATTERN = 0xA5


class Buffers:
    """Guarded memory for the inputs, outputs and temporaries of one claim."""

    def __init__(self, inputs: Sequence[Array], outputs: Sequence[tuple[tuple[int, ...], np.dtype]]) -> None:
        self._guarded: list[tuple[Array, int]] = []
        self._kept: list[Array] = []
        self._temporaries: dict[int, int] = {}
        self._inputs = []
        for x in inputs:
            buffer = self._new(x.nbytes)
            buffer[...] = np.frombuffer(np.ascontiguousarray(x).tobytes(), np.uint8)
            self._inputs.append(buffer)
        self._outputs = [self._new(int(np.prod(shape)) * dtype.itemsize) for shape, dtype in outputs]
        self._specs = outputs

    def _new(self, nbytes: int) -> Array:
        memory = allocate(nbytes + 2 * _GUARD)
        memory[...] = _PATTERN
        self._guarded.append((memory, nbytes))
        return memory[_GUARD : _GUARD + nbytes]

    def address(self, argument: Argument) -> int:
        """The address of an argument that is not a number."""
        match argument:
            case In(index):
                return address_of(self._inputs[index])
            case Out(index):
                return address_of(self._outputs[index])
            case Packed(data):
                copy = allocate(data.nbytes)
                copy[...] = np.frombuffer(data.tobytes(), np.uint8)
                self._kept.append(copy)
                return address_of(copy)
            case Temp(key, nbytes):
                if key not in self._temporaries:
                    self._temporaries[key] = address_of(self._new(nbytes))
                return self._temporaries[key]
        raise TypeError(argument)

    def scratch(self, nbytes: int) -> int:
        """The address of new scratch memory."""
        return address_of(self._new(nbytes))

    def alias(self, source: int) -> None:
        """Output 0 is written over an input."""
        self._outputs[0] = self._inputs[source]

    def results(self) -> tuple[Array, ...]:
        """The outputs, after a check that nothing around any buffer was written."""
        for memory, nbytes in self._guarded:
            around = np.concatenate([memory[:_GUARD], memory[_GUARD + nbytes :]])
            assert (around == _PATTERN).all(), "a kernel wrote outside its buffers"
        pairs = zip(self._outputs, self._specs, strict=True)
        return tuple(buffer.view(dtype).reshape(shape).copy() for buffer, (shape, dtype) in pairs)


def execute(
    pack: KernelPack,
    operation: Operation,
    claim: Claim,
    inputs: Sequence[Array],
    *,
    one_by_one: bool = False,
    in_place: bool = False,
) -> tuple[Array, ...]:
    """What the claim computes. one_by_one: a call a unit, in reverse order. in_place: output 0 over claim.in_place."""
    if isinstance(claim, ViewClaim):
        spec = operation.outputs[0]
        return (np.ascontiguousarray(inputs[claim.source]).reshape(spec.shape),)
    assert isinstance(claim, NativeClaim)
    replaced = [a.replaces for step in claim.calls for a in step.arguments.values() if isinstance(a, Packed)]
    assert all(operation.read[i].data is not None for i in replaced if i >= 0), "only constants are packed"
    buffers = Buffers(inputs, [(y.shape, y.dtype.dtype) for y in operation.last.outputs])
    if in_place:
        buffers.alias(claim.in_place)
    table = build_table(pack, [BoundStep(step, buffers.address) for step in claim.steps])
    for index, step in enumerate(claim.steps):
        scratch = buffers.scratch(step.scratch)
        if one_by_one:
            _call_units(step, table.rows[index], scratch)
        else:
            pack.run(table.address, index, index + 1, scratch)
    return buffers.results()


def _call_units(step: NativeStep, row: Array, scratch: int) -> None:
    function = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * 4)(int(row[0]))
    for unit in reversed(range(step.units)):
        function(int(row[1]), unit, unit + 1, scratch)
