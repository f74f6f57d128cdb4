"""Runs operators on float16 by their kernels for float32: operands are widened before, results rounded after.

That is how the references of most operators define them. Constants are widened once, here.
"""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lite.delegates.base import Argument, Claim, In, NativeClaim, NativeStep, Operation, Out, Packed, Temp
from lite.delegates.cpu.cast import cast_step
from lite.delegates.cpu.tile import Tile
from lite.ops.numerics import is_in_float32
from lite.ops.registry import definition
from lite.records import replace
from lite.types import DType, TensorSpec

_INPUT_KEY, _OUTPUT_KEY = 1000, 2000  # of temporaries; those of the claims are smaller


def bind(operation: Operation, tile: Tile, claimed: Callable[[Operation, Tile], Claim | None]) -> Claim | None:
    """What `claimed` says of the operation in float32, between conversions."""
    if not is_in_float32(definition(operation.op).evaluate):
        return None
    inputs, outputs = (tuple(map(_widened, part)) for part in (operation.inputs, operation.outputs))
    claim = claimed(replace(operation, inputs=inputs, outputs=outputs), tile)
    if not isinstance(claim, NativeClaim):
        return claim
    results = {}
    for i, y in enumerate(operation.outputs):
        if y.dtype == DType.FLOAT16:
            key = _INPUT_KEY + claim.in_place if i == 0 and claim.in_place >= 0 else _OUTPUT_KEY + i
            results[i] = Temp(key, 4 * y.size)
    before: dict[int, NativeStep] = {}

    def elsewhere(argument: Argument) -> Argument:
        """The float32 in place of an operand."""
        match argument:
            case Out(i) if i in results:
                return results[i]
            case In(i) if operation.inputs[i].dtype == DType.FLOAT16:
                value = inputs[i].value
                if value is not None:
                    return Packed(value, replaces=i)
                wide = Temp(_INPUT_KEY + i, 4 * inputs[i].size)
                before[i] = cast_step(In(i), wide, inputs[i].size, DType.FLOAT16, DType.FLOAT32)
                return wide
        return argument

    steps = [
        replace(step, arguments={name: elsewhere(argument) for name, argument in step.arguments.items()})
        for step in claim.steps
    ]
    after = [
        cast_step(wide, Out(i), operation.outputs[i].size, DType.FLOAT32, DType.FLOAT16) for i, wide in results.items()
    ]
    return NativeClaim((*before.values(), *steps, *after), claim.in_place)


def _widened(spec: TensorSpec) -> TensorSpec:
    if spec.dtype != DType.FLOAT16:
        return spec
    value = spec.value
    return TensorSpec(DType.FLOAT32, spec.shape, spec.name, None if value is None else value.astype(np.float32))
