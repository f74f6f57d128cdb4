"""Binds element-wise operators: functions of one float32 tensor, and of two that broadcast."""
from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from lite.delegates.base import Argument, In, NativeClaim, NativeStep, Operation, Out, ViewClaim
from lite.delegates.cpu.strides import broadcast, merge
from lite.delegates.cpu.tile import Tile
from lite.delegates.cpu.work import BYTE, bounds, split, split_rows
from lite.kernels.codes import BINARY, LEFT_SCALAR, RIGHT_SCALAR, ROWS, UNARY
from lite.ops.activation import Activation
from lite.ops.enums import ActivationType
from lite.types import DType

_INF = float("inf")
_A = ActivationType

# A function of codes.UNARY with its parameters a and b.
Function = tuple[str, float, float]

_ACTIVATIONS: dict[ActivationType, Callable[[Activation], Function]] = {
    _A.RELU: lambda x: ("clamp", 0.0, _INF),
    _A.RELU6: lambda x: ("clamp", 0.0, 6.0),
    _A.RELU1: lambda x: ("clamp", -1.0, 1.0),
    _A.HARD_TANH: lambda x: ("clamp", x.min_val, x.max_val),
    _A.SIGMOID: lambda x: ("sigmoid", 0.0, 0.0),
    _A.ELU: lambda x: ("elu", x.alpha, 0.0),
    _A.LEAKY_RELU: lambda x: ("leaky_relu", x.alpha, 0.0),
    _A.ABS: lambda x: ("abs", 0.0, 0.0),
    _A.SOFTSIGN: lambda x: ("softsign", 0.0, 0.0),
    _A.SOFTPLUS: lambda x: ("softplus", 0.0, 0.0),
    _A.TANH: lambda x: ("tanh", 0.0, 0.0),
    _A.SELU: lambda x: ("selu", 0.0, 0.0),
    _A.HSWISH: lambda x: ("hswish", 0.0, 0.0),
    _A.HSIGMOID: lambda x: ("hsigmoid", 0.0, 0.0),
    _A.THRESHOLDRELU: lambda x: ("threshold_relu", x.alpha, 0.0),
    _A.SIGN: lambda x: ("sign", 0.0, 0.0),
    _A.SWISH: lambda x: ("swish", 1.0, 0.0),
    _A.FAST_GELU: lambda x: ("swish", 1.702, 0.0),
    _A.GELU: lambda x: ("gelu_tanh" if x.approximate else "gelu", 0.0, 0.0),
}


def _rate(exp: Any) -> float:
    """base^x = e^(rate x)."""
    return 1.0 if exp.base == -1 else math.log(exp.base)


_UNARY: dict[str, Callable[[Any], Function]] = {
    "Abs": lambda x: ("abs", 0.0, 0.0),
    "Acos": lambda x: ("acos", 0.0, 0.0),
    "Acosh": lambda x: ("acosh", 0.0, 0.0),
    "Asin": lambda x: ("asin", 0.0, 0.0),
    "Asinh": lambda x: ("asinh", 0.0, 0.0),
    "Atan": lambda x: ("atan", 0.0, 0.0),
    "Atanh": lambda x: ("atanh", 0.0, 0.0),
    "Ceil": lambda x: ("ceil", 0.0, 0.0),
    "Clip": lambda x: ("clamp", x.min, x.max),
    "Cosh": lambda x: ("cosh", 0.0, 0.0),
    "Elu": lambda x: ("elu", x.alpha, 0.0),
    "Erf": lambda x: ("erf", 0.0, 0.0),
    "ExpFusion": lambda x: ("exp", _rate(x) * x.scale, _rate(x) * x.shift),
    "Expm1": lambda x: ("expm1", 0.0, 0.0),
    "Floor": lambda x: ("floor", 0.0, 0.0),
    "LeakyRelu": lambda x: ("leaky_relu", x.negative_slope, 0.0),
    "Log": lambda x: ("log", 0.0, 0.0),
    "Log1p": lambda x: ("log1p", 0.0, 0.0),
    "Neg": lambda x: ("negate", 0.0, 0.0),
    "Reciprocal": lambda x: ("reciprocal", 0.0, 0.0),
    "Round": lambda x: ("round", 0.0, 0.0),
    "Rsqrt": lambda x: ("rsqrt", 0.0, 0.0),
    "Sinh": lambda x: ("sinh", 0.0, 0.0),
    "Sqrt": lambda x: ("sqrt", 0.0, 0.0),
    "Square": lambda x: ("square", 0.0, 0.0),
    "Trunc": lambda x: ("trunc", 0.0, 0.0),
}

_BINARY = {
    "AddFusion": "add",
    "Atan2": "atan2",
    "DivFusion": "div",
    "Maximum": "max",
    "Minimum": "min",
    "MulFusion": "mul",
    "PReLUFusion": "prelu",
    "RealDiv": "div",
    "SquaredDifference": "squared_difference",
    "SubFusion": "sub",
}

_ELTWISE = {"PROD": "mul", "SUM": "add", "MAXIMUM": "max"}

_NARY: dict[str, Callable[[Any], str]] = {
    "AddN": lambda x: "add",
    "Eltwise": lambda x: _ELTWISE[x.mode.name],
}

_X, _Y = In(0), Out(0)
_LIGHT = 8 * BYTE  # nanoseconds an element: read and written
_HEAVY = 2.0  # with a polynomial and a division


def bind(operation: Operation, tile: Tile) -> NativeClaim | ViewClaim | None:
    """Kernels for float32, those for any type where an operand has another; a view where nothing is to be done."""
    if any(x.dtype != DType.FLOAT32 for x in operation.inputs):
        from lite.delegates.cpu import typed

        return typed.bind(operation, tile)
    if operation.op == "PowFusion":
        return _bind_power(operation)
    if operation.op in _BINARY:
        return _bind_binary(operation, _BINARY[operation.op])
    attrs: Any = operation.attrs
    if operation.op in _NARY:
        return _bind_nary(operation, _NARY[operation.op](attrs))
    if operation.op in _UNARY:
        if len(operation.inputs) > 1:  # bounds of Clip that are not attributes
            return None
        return bind_unary(operation, *_UNARY[operation.op](attrs))
    if attrs.activation_type == ActivationType.NO_ACTIVATION:
        return ViewClaim()
    return bind_unary(operation, *activation_function(attrs))


def activation_function(attrs: Activation) -> Function:
    """The function of an activation other than NO_ACTIVATION."""
    return _ACTIVATIONS[attrs.activation_type](attrs)


def bind_unary(operation: Operation, function: str, a: float, b: float) -> NativeClaim:
    """y = function(x; a, b) for input and output 0; see codes.UNARY."""
    return NativeClaim((unary_step(operation.outputs[0].size, function, a, b),), in_place=0)


def unary_step(
    n: int, function: str, a: float, b: float, operands: tuple[Argument, Argument] = (_X, _Y)
) -> NativeStep:
    """operands[1] = function(operands[0]; a, b) for n elements; see codes.UNARY."""
    source, target = operands
    units = split(n, _LIGHT if function in ("clamp", "abs", "negate", "square") else _HEAVY)
    return NativeStep(
        "unary_f32",
        {"x": source, "y": target, "n": n, "function": UNARY.index(function), "a": a, "b": b, "block": units.block},
        units.count,
    )


def _bind_binary(operation: Operation, function: str) -> NativeClaim:
    x, y = operation.inputs
    shape = operation.outputs[0].shape
    step = binary_step(
        function, (x.shape, y.shape), shape, getattr(operation.attrs, "activation_type", _A.NO_ACTIVATION)
    )
    fits = [i for i, spec in enumerate((x, y)) if spec.shape == shape and spec.value is None]
    return NativeClaim((step,), in_place=fits[0] if fits else -1)


def _bind_power(operation: Operation) -> NativeClaim | None:
    """x^y; (shift + scale x)^y is left to others."""
    attrs: Any = operation.attrs
    x, y = operation.inputs
    if (attrs.scale, attrs.shift) != (1.0, 0.0):
        return None
    if y.value is not None and y.size == 1 and y.value.item() == 2.0 and x.shape == operation.outputs[0].shape:
        return bind_unary(operation, "square", 0.0, 0.0)
    return _bind_binary(operation, "power")


def _bind_nary(operation: Operation, function: str) -> NativeClaim | ViewClaim:
    """The first two into the result, then each other one."""
    shape = operation.outputs[0].shape
    if len(operation.inputs) == 1:
        return ViewClaim()
    steps = [binary_step(function, (shape, shape), shape, _A.NO_ACTIVATION)]
    others = range(2, len(operation.inputs))
    steps += [binary_step(function, (shape, shape), shape, _A.NO_ACTIVATION, (Out(0), In(i))) for i in others]
    return NativeClaim(tuple(steps))


def binary_step(
    function: str,
    shapes: tuple[tuple[int, ...], tuple[int, ...]],
    shape: tuple[int, ...],
    activation: ActivationType,
    operands: tuple[Argument, Argument] = (In(0), In(1)),
) -> NativeStep:
    """output 0 = act(function(operands)), which are seen as having the given shapes; see codes.BINARY."""
    walk = merge(shape, *(broadcast(operand, shape, 4) for operand in shapes))
    left, right = (strides[-1] for strides in walk.strides)
    rows, n = math.prod(walk.extents[:-1]), walk.extents[-1]
    blocks, units = split_rows(rows, n, 12 * BYTE)
    return NativeStep(
        "binary_f32",
        {
            "x": operands[0],
            "y": operands[1],
            "z": Out(0),
            "function": BINARY.index(function),
            "mode": LEFT_SCALAR if left == 0 else RIGHT_SCALAR if right == 0 else ROWS,
            "dims": walk.without(-1).table(),
            "rows": rows,
            "n": n,
            **blocks,
            **bounds(activation),
        },
        units,
    )
