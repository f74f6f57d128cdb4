"""Binds L2NormalizeFusion and LpNormalization, as a reduction and what follows it, and LRN."""
from __future__ import annotations

from typing import Any

import numpy as np

from lite import ops
from lite.delegates.base import Argument, In, NativeClaim, NativeStep, Operation, Out, Temp
from lite.delegates.cpu import reduce
from lite.delegates.cpu.elementwise import binary_step, unary_step
from lite.delegates.cpu.tile import Tile
from lite.delegates.cpu.work import BYTE, split
from lite.ops.enums import ActivationType
from lite.ops.reduce import ReduceFusion, ReduceMode
from lite.types import DType, TensorSpec

_POWER = 2.0  # nanoseconds


def bind(operation: Operation, tile: Tile) -> NativeClaim | None:
    """float32 with at least one element."""
    x = operation.inputs[0]
    attrs: Any = operation.attrs
    if x.dtype != DType.FLOAT32:
        return None
    if operation.op == "LRN":
        return _lrn(attrs, x)
    if operation.op == "L2NormalizeFusion":
        steps, norm, place = _reduced(x, ReduceMode.ReduceSumSquare, attrs.axis, tile)
        steps.append(unary_step(norm.size, "clamp", attrs.epsilon, float("inf"), (place, place)))
        steps.append(unary_step(norm.size, "sqrt", 0.0, 0.0, (place, place)))
        activation = attrs.activation_type
    else:
        mode = ReduceMode.ReduceASum if attrs.p == 1 else ReduceMode.ReduceL2
        steps, norm, place = _reduced(x, mode, (attrs.axis,), tile)
        activation = ActivationType.NO_ACTIVATION
    steps.append(binary_step("div", (x.shape, norm.shape), x.shape, activation, (In(0), place)))
    return NativeClaim(tuple(steps), in_place=0 if x.value is None else -1)


def _reduced(
    x: TensorSpec, mode: ReduceMode, axes: tuple[int, ...], tile: Tile
) -> tuple[list[NativeStep], TensorSpec, Argument]:
    """The steps of a reduction of input 0 that keeps its dimensions, and what and where the result is."""
    attrs = ReduceFusion(keep_dims=True, mode=mode)
    inputs = (x, TensorSpec.of(np.array(axes, np.int64)))
    outputs = ops.infer(attrs, inputs)
    claim = reduce.bind(Operation("norm", attrs, inputs, outputs), tile)
    assert claim is not None, "a reduction of float32 has a kernel"
    place = Temp(0, outputs[0].nbytes)
    steps = [
        NativeStep(step.kernel, {**step.arguments, "y": place}, step.units, step.scratch) for step in claim.steps
    ]
    return steps, outputs[0], place


def _lrn(attrs: Any, x: TensorSpec) -> NativeClaim:
    n = x.shape[-1]
    radius = min(attrs.depth_radius, n - 1)
    rows = x.size // n
    units = split(rows, n * (_POWER + 4 * (2 * radius + 1) * BYTE))
    arguments: dict[str, Argument] = {
        "x": In(0),
        "y": Out(0),
        "rows": rows,
        "n": n,
        "radius": radius,
        "bias": attrs.bias,
        "alpha": attrs.alpha,
        "power": -attrs.beta,
        "row_block": units.block,
    }
    return NativeClaim((NativeStep("lrn_f32", arguments, units.count, scratch=4 * (2 * radius + n)),), in_place=0)
