"""Element-wise functions of one tensor without attributes: one row an operator."""
from __future__ import annotations

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


Abs = _define("Abs", "|x|", np.abs, NUMBERS)
Ceil = _define("Ceil", "the least integer >= x", np.ceil, FLOATS)
Cos = _define("Cos", "cos x, x in radians", np.cos, FLOATS)
Erf = _define("Erf", "2 / sqrt(pi) * integral of exp(-t^2) from 0 to x", erf, FLOATS)
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
Sqrt = _define("Sqrt", "square root; NaN below 0", np.sqrt, FLOATS)
Square = _define("Square", "x * x", np.square, NUMBERS)
ZerosLike = _define("ZerosLike", "0 everywhere", np.zeros_like, NUMBERS | BOOLS)
