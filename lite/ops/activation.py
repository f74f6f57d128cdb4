"""Element-wise activation functions, alone (Activation) or fused into another operator.

    RELU       max(x, 0)                       SOFTPLUS       log(1 + exp x)
    RELU6      min(max(x, 0), 6)               TANH           tanh x
    RELU1      min(max(x, -1), 1)              SELU           1.0507... * (x > 0 ? x : 1.6732... * (exp x - 1))
    SIGMOID    1 / (1 + exp -x)                HSIGMOID       min(max(x + 3, 0), 6) / 6
    ELU        x > 0 ? x : alpha (exp x - 1)   HSWISH         x * HSIGMOID(x)
    LEAKY_RELU x > 0 ? x : alpha x             THRESHOLDRELU  x > alpha ? x : 0
    ABS        |x|                             HARD_TANH      min(max(x, min_val), max_val)
    SIGN       -1, 0 or 1                      SWISH          x * SIGMOID(x)
    SOFTSIGN   x / (1 + |x|)                   FAST_GELU      x * SIGMOID(1.702 x)
    GELU       x/2 (1 + erf(x / sqrt 2)), or where approximate x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
"""
from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from lite.ops.checks import FLOATS, check_dtype
from lite.ops.enums import ActivationType
from lite.ops.erf import erf
from lite.ops.numerics import in_float32
from lite.ops.registry import Attributes, op
from lite.records import dataclass
from lite.types import Array, TensorSpec

_SELU_SCALE = 1.0507009873554805
_SELU_ALPHA = 1.6732632423543772


@dataclass(frozen=True, slots=True)
class Activation(Attributes):
    """activation_type: the function. alpha: slope or threshold of ELU, LEAKY_RELU and THRESHOLDRELU.

    min_val, max_val: bounds of HARD_TANH. approximate: GELU by tanh instead of erf.
    """

    activation_type: ActivationType = ActivationType.NO_ACTIVATION
    alpha: float = 0.0
    min_val: float = 0.0
    max_val: float = 0.0
    approximate: bool = False

    def __post_init__(self) -> None:
        if self.activation_type not in _FUNCTIONS:
            raise ValueError(f"Activation.activation_type is {self.activation_type.name}: it has no formula")
        if self.activation_type == ActivationType.HARD_TANH and not self.min_val <= self.max_val:
            raise ValueError(f"Activation.min_val is {self.min_val}: expected at most max_val = {self.max_val}")


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp -x), without overflow for any x."""
    e = np.exp(-np.abs(x))
    y: Array = np.where(x >= 0, 1, e) / (1 + e)
    return y.astype(x.dtype, copy=False)


def _elu(x: Array, alpha: float) -> Array:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _hsigmoid(x: Array) -> Array:
    y: Array = np.clip(x + 3, 0, 6) / 6
    return y


def _gelu(x: Array, approximate: bool) -> Array:
    bell = np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)) if approximate else erf(x / math.sqrt(2))
    y: Array = 0.5 * x * (1 + bell)
    return y


_A = ActivationType
_FUNCTIONS: dict[ActivationType, Callable[[Array, Activation], Array]] = {
    _A.NO_ACTIVATION: lambda x, a: x,
    _A.RELU: lambda x, a: np.maximum(x, 0),
    _A.SIGMOID: lambda x, a: sigmoid(x),
    _A.RELU6: lambda x, a: np.clip(x, 0, 6),
    _A.ELU: lambda x, a: _elu(x, a.alpha),
    _A.LEAKY_RELU: lambda x, a: np.where(x > 0, x, a.alpha * x),
    _A.ABS: lambda x, a: np.abs(x),
    _A.RELU1: lambda x, a: np.clip(x, -1, 1),
    _A.SOFTSIGN: lambda x, a: x / (1 + np.abs(x)),
    _A.SOFTPLUS: lambda x, a: np.logaddexp(x, 0),
    _A.TANH: lambda x, a: np.tanh(x),
    _A.SELU: lambda x, a: _SELU_SCALE * _elu(x, _SELU_ALPHA),
    _A.HSWISH: lambda x, a: x * _hsigmoid(x),
    _A.HSIGMOID: lambda x, a: _hsigmoid(x),
    _A.THRESHOLDRELU: lambda x, a: np.where(x > a.alpha, x, 0),
    _A.HARD_TANH: lambda x, a: np.clip(x, a.min_val, a.max_val),
    _A.SIGN: lambda x, a: np.sign(x),
    _A.SWISH: lambda x, a: x * sigmoid(x),
    _A.GELU: lambda x, a: _gelu(x, a.approximate),
    _A.FAST_GELU: lambda x, a: x * sigmoid(1.702 * x),
}


@op(Activation)
def infer(attrs: Activation, x: TensorSpec) -> TensorSpec:
    """Same shape and floating-point dtype as x."""
    check_dtype("Activation", x, FLOATS)
    return x.like()


@infer.reference
@in_float32
def reference(attrs: Activation, x: Array) -> Array:
    return _FUNCTIONS[attrs.activation_type](x.astype(np.float64), attrs).astype(x.dtype)


def apply(kind: ActivationType, x: Array) -> Array:
    """An activation fused into another operator: RELU, RELU6 or none. Same dtype as x."""
    if kind == ActivationType.RELU:
        return np.maximum(x, 0)
    if kind == ActivationType.RELU6:
        return np.clip(x, 0, 6)
    return x
