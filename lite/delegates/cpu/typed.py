"""Binds element-wise operators for tensors of any type, and the choice between two by a condition."""
from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lite.delegates.base import Argument, In, NativeClaim, NativeStep, Operation, Out, Packed
from lite.delegates.cpu.strides import Walk, broadcast, merge
from lite.delegates.cpu.tile import Tile
from lite.delegates.cpu.work import split_rows
from lite.kernels.codes import BLOCK_BYTES, TYPED, TYPES
from lite.ops.enums import ActivationType
from lite.types import DType, TensorSpec

_ZERO = -0.0  # an operand that is not an input; negative, so that _ZERO - x has the right sign for x = 0

# The function of codes.TYPED, and its operands: inputs by index, or a number.
_FUNCTIONS: dict[str, tuple[str, tuple[int | float, ...]]] = {
    "Abs": ("abs", (0,)),
    "AddFusion": ("add", (0, 1)),
    "BitwiseAnd": ("bit_and", (0, 1)),
    "BitwiseOr": ("bit_or", (0, 1)),
    "BitwiseXor": ("bit_xor", (0, 1)),
    "Cos": ("cos", (0,)),
    "DivFusion": ("div", (0, 1)),
    "Equal": ("equal", (0, 1)),
    "FloorDiv": ("floor_div", (0, 1)),
    "FloorMod": ("floor_mod", (0, 1)),
    "Greater": ("greater", (0, 1)),
    "GreaterEqual": ("greater_equal", (0, 1)),
    "IsFinite": ("is_finite", (0,)),
    "Less": ("greater", (1, 0)),
    "LessEqual": ("greater_equal", (1, 0)),
    "LogicalAnd": ("min", (0, 1)),
    "LogicalNot": ("equal", (0, _ZERO)),
    "LogicalOr": ("max", (0, 1)),
    "Maximum": ("max", (0, 1)),
    "Minimum": ("min", (0, 1)),
    "Mod": ("mod", (0, 1)),
    "MulFusion": ("mul", (0, 1)),
    "Neg": ("sub", (_ZERO, 0)),
    "NotEqual": ("not_equal", (0, 1)),
    "RealDiv": ("div", (0, 1)),
    "Sin": ("sin", (0,)),
    "Square": ("mul", (0, 0)),
    "SquaredDifference": ("sub", (0, 1)),  # and then the square
    "SubFusion": ("sub", (0, 1)),
    "Tan": ("tan", (0,)),
}
_NOT_OF_FLOAT64 = ("floor_div", "floor_mod", "mod", "sin", "cos", "tan")  # made for the exponents of float32

_ELEMENT = 1.0  # nanoseconds

Operand = tuple[TensorSpec, Argument]


def bind(operation: Operation, tile: Tile) -> NativeClaim | None:
    """Any of codes.TYPES, which uint64 is not one of; without a fused activation."""
    if operation.op in ("Select", "Where"):
        return _choice(operation)
    if operation.op in ("Tril", "Triu"):
        return _triangle(operation)
    activation = getattr(operation.attrs, "activation_type", ActivationType.NO_ACTIVATION)
    source, y = operation.inputs[0].dtype, operation.outputs[0]
    if operation.op not in _FUNCTIONS or activation != ActivationType.NO_ACTIVATION or str(source) not in TYPES:
        return None
    function, places = _FUNCTIONS[operation.op]
    if source == DType.FLOAT64 and function in _NOT_OF_FLOAT64:
        return None
    if source == DType.FLOAT16 and operation.op == "SquaredDifference":  # the difference would be rounded too
        return None
    steps = [_typed_step(function, [_operand(operation, place) for place in places], y)]
    if operation.op == "SquaredDifference":
        steps.append(_typed_step("mul", [(y, Out(0))] * 2, y))
    fits = [i for i, x in enumerate(operation.inputs) if x.shape == y.shape and x.value is None]
    return NativeClaim(tuple(steps), in_place=fits[0] if fits and source.itemsize == y.dtype.itemsize else -1)


def _operand(operation: Operation, place: int | float) -> Operand:
    if isinstance(place, int):
        return operation.inputs[place], In(place)
    number = np.asarray(place).astype(operation.inputs[0].dtype.dtype)
    return TensorSpec.of(number), Packed(number)


def _typed_step(function: str, operands: Sequence[Operand], y: TensorSpec) -> NativeStep:
    (a, left), (b, right) = operands[0], operands[-1]
    size = a.dtype.itemsize
    walk = merge(y.shape, broadcast(a.shape, y.shape, size), broadcast(b.shape, y.shape, size))
    arguments: dict[str, Argument] = {
        "x": left,
        "y": right,
        "z": Out(0),
        "function": TYPED.index(function),
        "source": TYPES.index(str(a.dtype)),
        "result": TYPES.index(str(y.dtype)),
        "x_step": walk.strides[0][-1],
        "y_step": walk.strides[1][-1],
    }
    return _rows("typed", arguments, walk, 2 * BLOCK_BYTES)


def _rows(kernel: str, arguments: dict[str, Argument], walk: Walk, scratch: int) -> NativeStep:
    """A step of a kernel that walks rows: its arguments, and those that follow from the walk."""
    rows, n = math.prod(walk.extents[:-1]), walk.extents[-1]
    blocks, units = split_rows(rows, n, _ELEMENT)
    return NativeStep(
        kernel, {**arguments, "dims": walk.without(-1).table(), "rows": rows, "n": n, **blocks}, units, scratch
    )


def _choice(operation: Operation) -> NativeClaim | None:
    if len(operation.inputs) != 3 or operation.outputs[0].dtype == DType.STRING:
        return None
    condition, a, b = operation.inputs
    y = operation.outputs[0]
    step = _select_step((condition, In(0)), (a, In(1)), (b, In(2)), y)
    fits = [i for i, x in ((1, a), (2, b)) if x.shape == y.shape and x.value is None]
    return NativeClaim((step,), in_place=fits[0] if fits else -1)


def _triangle(operation: Operation) -> NativeClaim | None:
    """A choice between x and 0 by a constant condition."""
    x, *rest = operation.inputs
    if rest and rest[0].value is None:
        return None
    k = int(rest[0].value.item()) if rest and rest[0].value is not None else 0
    diagonals = np.arange(x.shape[-1]) - np.arange(x.shape[-2])[:, None]
    kept = diagonals <= k if operation.op == "Tril" else diagonals >= k
    zero = np.zeros((), x.dtype.dtype)
    condition, other = (TensorSpec.of(kept), Packed(kept)), (TensorSpec.of(zero), Packed(zero))
    step = _select_step(condition, (x, In(0)), other, operation.outputs[0])
    return NativeClaim((step,), in_place=0 if x.value is None else -1)


def _select_step(condition: Operand, a: Operand, b: Operand, y: TensorSpec) -> NativeStep:
    operands = (condition, a, b)
    walk = merge(y.shape, *(broadcast(x.shape, y.shape, x.dtype.itemsize) for x, _ in operands))
    arguments: dict[str, Argument] = {"condition": condition[1], "a": a[1], "b": b[1], "y": Out(0)}
    arguments |= {f"{name}_step": strides[-1] for name, strides in zip("cab", walk.strides, strict=True)}
    return _rows("select", {**arguments, "size": y.dtype.itemsize}, walk, 3 * BLOCK_BYTES)
