"""Element-wise functions of one tensor without attributes: one row an operator."""
from __future__ import annotations

import math
from collections.abc import Callable, Collection
from typing import cast

import numpy as np

from lite.ops.checks import BOOLS, FLOATS, NUMBERS, check_dtype
from lite.ops.erf import erf
from lite.ops.numerics import in_float32, wide
from lite.ops.registry import NoAttributes, op
from lite.types import Array, DType, TensorSpec


def _define(
    name: str, doc: str, function: Callable[[Array], Array], dtypes: Collection[DType], result: DType | None = None
) -> type[NoAttributes]:
    cls = type(name, (NoAttributes,), {"__slots__": (), "__doc__": doc, "__module__": __name__})

    def infer(attrs: NoAttributes, x: TensorSpec) -> TensorSpec:
        check_dtype(name, x, dtypes)
        return x.like(dtype=result)

    def reference(attrs: NoAttributes, x: Array) -> Array:
        return function(wide(x)).astype(x.dtype if result is None else result)

    op(cls)(infer).reference(in_float32(reference))
    return cast("type[NoAttributes]", cls)


def _erfc(x: Array) -> Array:
    return np.array([math.erfc(value) for value in x.reshape(-1).tolist()], x.dtype).reshape(x.shape)


Abs = _define("Abs", "|x|", np.abs, NUMBERS)
Acos = _define("Acos", "the angle in [0, pi] whose cosine x is; NaN beyond 1", np.arccos, FLOATS)
Acosh = _define("Acosh", "the number >= 0 whose hyperbolic cosine x is; NaN below 1", np.arccosh, FLOATS)
Asin = _define("Asin", "the angle within pi / 2 whose sine x is; NaN beyond 1", np.arcsin, FLOATS)
Asinh = _define("Asinh", "the number whose hyperbolic sine x is", np.arcsinh, FLOATS)
Atan = _define("Atan", "the angle within pi / 2 whose tangent x is", np.arctan, FLOATS)
Atanh = _define("Atanh", "the number whose hyperbolic tangent x is; NaN beyond 1", np.arctanh, FLOATS)
Ceil = _define("Ceil", "the least integer >= x", np.ceil, FLOATS)
Cos = _define("Cos", "cos x, x in radians", np.cos, FLOATS)
Cosh = _define("Cosh", "(exp x + exp -x) / 2", np.cosh, FLOATS)
Erf = _define("Erf", "2 / sqrt(pi) * integral of exp(-t^2) from 0 to x", erf, FLOATS)
Erfc = _define("Erfc", "1 - erf x", _erfc, FLOATS)
Expm1 = _define("Expm1", "exp x - 1", np.expm1, FLOATS)
Floor = _define("Floor", "the greatest integer <= x", np.floor, FLOATS)
IsFinite = _define("IsFinite", "neither NaN nor infinite", np.isfinite, NUMBERS, DType.BOOL)
Log = _define("Log", "natural logarithm; NaN below 0", np.log, FLOATS)
Log1p = _define("Log1p", "log(1 + x)", np.log1p, FLOATS)
LogicalNot = _define("LogicalNot", "not x", np.logical_not, BOOLS)
Neg = _define("Neg", "-x, which wraps around as x does", np.negative, NUMBERS)
OnesLike = _define("OnesLike", "1 everywhere", np.ones_like, NUMBERS | BOOLS)
Reciprocal = _define("Reciprocal", "1 / x", lambda x: np.divide(1, x), FLOATS)
Round = _define("Round", "the nearest integer, halves to the even one", np.rint, FLOATS)
Rsqrt = _define("Rsqrt", "1 / sqrt x; NaN below 0", lambda x: np.divide(1, np.sqrt(x)), FLOATS)
Sin = _define("Sin", "sin x, x in radians", np.sin, FLOATS)
Sinh = _define("Sinh", "(exp x - exp -x) / 2", np.sinh, FLOATS)
Sqrt = _define("Sqrt", "square root; NaN below 0", np.sqrt, FLOATS)
Square = _define("Square", "x * x", np.square, NUMBERS)
Tan = _define("Tan", "tan x, x in radians", np.tan, FLOATS)
Trunc = _define("Trunc", "the integer part of x", np.trunc, FLOATS)
ZerosLike = _define("ZerosLike", "0 everywhere", np.zeros_like, NUMBERS | BOOLS)
