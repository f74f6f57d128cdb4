"""Functions of each element."""
from __future__ import annotations

import math
from typing import Any

from converter.exporters.mindir.builder import Op, Row
from converter.exporters.refusals import Unsupported
from lite.ops.enums import ActivationType

_A = ActivationType


def plain(primitive: str) -> Row:
    """The primitive of the same inputs."""
    return lambda op: op.call(primitive, *op.names)


def fused(primitive: str) -> Row:
    """The same, and its activation."""
    return lambda op: activated(op, op.call(primitive, *op.names))


def divide(op: Op) -> str:
    """Integers are divided in another way."""
    if op.inputs[0].dtype.dtype.kind != "f":
        raise Unsupported("it divides integers towards zero")
    y = op.call("RealDiv", *op.names)
    return activated(op, y) if hasattr(op.attrs, "activation_type") else y


def activated(op: Op, y: str) -> str:
    """An activation that is fused into an operator: RELU, RELU6 or none."""
    kind = op.attrs.activation_type
    return op.call({_A.RELU: "ReLU", _A.RELU6: "ReLU6"}[kind], y) if kind in (_A.RELU, _A.RELU6) else y


def activation(op: Op) -> str:
    """One function of the family."""
    kind, a, x = op.attrs.activation_type, op.attrs, op.x()
    if kind == _A.NO_ACTIVATION:
        return x
    if kind in _FUNCTIONS:
        return op.call(_FUNCTIONS[kind], x)
    if kind in _CLASSES:
        names: dict[str, Any] = {"input_names": ["input_x" if kind == _A.SELU else "x"], "output_names": ["output"]}
        return op.apply(_CLASSES[kind], x, **names)
    if kind == _A.ELU and a.alpha == 1:
        return op.call("Elu", x, 1.0)
    if kind == _A.LEAKY_RELU and 0 <= a.alpha <= 1:
        return op.call("Maximum", x, op.call("Mul", x, op.number(a.alpha)))
    if kind in (_A.RELU1, _A.HARD_TANH):
        low, high = (-1, 1) if kind == _A.RELU1 else (a.min_val, a.max_val)
        return bounded(op, low, high)
    if kind == _A.GELU and a.approximate:
        return op.call("GeLU", x)
    if kind == _A.GELU:
        bell = op.call("Erf", op.call("Mul", x, op.number(math.sqrt(0.5))))
        return op.call("Mul", op.call("Mul", x, op.number(0.5)), op.call("Add", bell, op.number(1)))
    raise Unsupported(f"{kind.name} with alpha {a.alpha} has no primitive")


_FUNCTIONS = {
    _A.RELU: "ReLU", _A.RELU6: "ReLU6", _A.SIGMOID: "Sigmoid", _A.ABS: "Abs", _A.TANH: "Tanh", _A.HSWISH: "HSwish",
    _A.HSIGMOID: "HSigmoid", _A.SWISH: "SiLU", _A.FAST_GELU: "FastGeLU",
}  # fmt: skip
_CLASSES = {_A.SELU: "SeLU", _A.SOFTPLUS: "Softplus", _A.SOFTSIGN: "Softsign"}


def bounded(op: Op, low: float, high: float) -> str:
    """min(max(x, low), high)"""
    return op.call("Minimum", op.call("Maximum", op.x(), op.number(low)), op.number(high))


def clip(op: Op) -> str:
    """Bounds as inputs or attributes."""
    if len(op.inputs) == 3:
        return op.call("Minimum", op.call("Maximum", op.x(), op.reshaped(1, ())), op.reshaped(2, ()))
    return bounded(op, op.attrs.min, op.attrs.max)


def leaky_relu(op: Op) -> str:
    """max(x, slope x)"""
    if not 0 <= op.attrs.negative_slope <= 1:
        raise Unsupported(f"its slope is {op.attrs.negative_slope}")
    return op.call("Maximum", op.x(), op.call("Mul", op.x(), op.number(op.attrs.negative_slope)))


def exponential(op: Op) -> str:
    """base ^ (shift + scale x)"""
    a = op.attrs
    rate = 1.0 if a.base == -1 else math.log(a.base)
    return op.call("Exp", _linear(op, rate * a.scale, rate * a.shift))


def power(op: Op) -> str:
    """(shift + scale x) ^ exponent"""
    return op.call("Pow", _linear(op, op.attrs.scale, op.attrs.shift), op.x(1))


def _linear(op: Op, scale: float, shift: float) -> str:
    y = op.x() if scale == 1 else op.call("Mul", op.x(), op.number(scale), out=op.inputs[0])
    return y if shift == 0 else op.call("Add", y, op.number(shift), out=op.inputs[0])


def squared_difference(op: Op) -> str:
    """(x - y)^2"""
    return op.call("Square", op.call("Sub", *op.names))


def cast(op: Op) -> str:
    """To the output's type, by its number."""
    return op.call("Cast", op.x(), int(op.out.dtype))


def rounded(op: Op) -> str:
    """To no decimals."""
    return op.call("Round", op.x(), 0)


def add_n(op: Op) -> str:
    """A tuple of tensors."""
    return op.apply("AddN", op.together(op.names, op.inputs), input_names=["inputs"], output_names=["sum"])


def select(op: Op) -> str:
    """Operands of one shape."""
    if len(op.inputs) != 3:
        raise Unsupported("its size is computed while the network runs")
    op.static()
    operands = [
        name if spec.shape == op.out.shape else op.call("BroadcastTo", name, op.out.shape, out=spec.like(op.out.shape))
        for name, spec in zip(op.names, op.inputs, strict=True)
    ]
    return op.call("Select", *operands)


def bitwise(primitive: str) -> Row:
    """On the bits of both operands."""
    return lambda op: op.apply(primitive, *op.names, input_names=["x1", "x2"], output_names=["y"])
