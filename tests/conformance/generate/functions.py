"""Functions of each element that are less usual: angles, hyperbolas, bits, and arithmetic that goes together."""

from __future__ import annotations

import numpy as np

from tests.conformance.generate.case import Array, Case, Draw, Generator
from tests.conformance.generate.elementwise import FLOATS, binary, division, unary, with_specials

_WIDE = (*FLOATS, "float64")
_INTEGERS = ("int32", "int32", "int64", "int16", "int8", "uint8")


def _between(low: float, high: float) -> dict[str, float]:
    return {"low": low, "high": high}


def function(expression: str, dtypes: tuple[str, ...] = FLOATS, low: float = -4.0, high: float = 4.0) -> Generator:
    """Of one tensor; {n} is a number from 0.25 to 2."""

    def draw(d: Draw) -> Case:
        x = d.array(d.shape(), d.one_of(*dtypes), low, high)
        return Case(expression.replace("{n}", str(d.number(0.25, 2))), {"x": x})

    return draw


def special(expression: str, *names: str) -> Generator:
    """Of tensors that broadcast, with infinities and NaN among the elements."""

    def draw(d: Draw) -> Case:
        dtype = d.one_of("float32", "float32", "float16")
        shapes = d.broadcasting(len(names))
        operands = {name: with_specials(d, d.array(s, dtype)) for name, s in zip(names, shapes, strict=True)}
        return Case(expression.replace("{n}", str(d.number(-2, 2))), operands)

    return draw


def sign(d: Draw) -> Case:
    """Zeros among the numbers."""
    dtype = d.one_of(*FLOATS, "int32", "int64")
    x = d.array(d.shape(), dtype)
    return Case("ops.sign({x})", {"x": np.where(d.rng.random(x.shape) < 0.3, 0, x).astype(dtype)})


def divided(d: Draw) -> Case:
    """Rounded down, or towards zero; quotients are no integers, whose rounding would be by chance."""
    dtype = d.one_of(*FLOATS, "int32", "int64")
    shapes = d.broadcasting(2)
    x, y = (d.array(shape, dtype, -9, 9) for shape in shapes)
    y = np.where(np.abs(y) < 1, y.dtype.type(1), y).astype(dtype)
    return Case(f"ops.div({{x}}, {{y}}, rounding_mode={d.one_of('floor', 'trunc')!r})", {"x": x, "y": y})


def with_zeros(expression: str) -> Generator:
    """Of two tensors, of which the first is often 0 and the second positive."""

    def draw(d: Draw) -> Case:
        dtype = d.one_of(*FLOATS)
        shapes = d.broadcasting(2)
        x = d.array(shapes[0], dtype)
        x = np.where(d.rng.random(x.shape) < 0.3, x.dtype.type(0), x)
        return Case(expression, {"x": x, "y": d.array(shapes[1], dtype, 0.25, 4)})

    return draw


def shifted(expression: str) -> Generator:
    """By a constant number of bits."""

    def draw(d: Draw) -> Case:
        dtype = d.one_of(*_INTEGERS)
        x = d.array(d.shape(empty=False), dtype, -100, 100)
        y = d.array(d.one_of((), x.shape), dtype, 0, 6)
        return Case(expression, {"x": x, "y": np.asarray(y)}, constant=("y",))

    return draw


def is_close(d: Draw) -> Case:
    """Some far, some near, some equal, some not numbers."""
    dtype = d.one_of("float32", "float32", "float16")
    x = with_specials(d, d.array(d.shape(), dtype))
    y = np.where(d.rng.random(x.shape) < 0.4, x, x + d.one_of(0.1, 0.01) * d.array(x.shape, dtype)).astype(dtype)
    settings = f"{d.number(0, 0.1)}, {d.number(0, 0.1)}, {d.chance(0.5)}"
    return Case(f"ops.isclose({{x}}, {{y}}, {settings})", {"x": x, "y": y})


def lerp(d: Draw) -> Case:
    """The weight a number, or a tensor."""
    dtype = d.one_of(*FLOATS)
    shape = d.shape()
    operands = {"x": d.array(shape, dtype), "y": d.array(shape, dtype)}
    if d.chance(0.5):
        return Case(f"ops.lerp({{x}}, {{y}}, {d.number(-1, 2)})", operands)
    return Case("ops.lerp({x}, {y}, {w})", {**operands, "w": d.array(shape, dtype, 0, 1)})


def added(name: str) -> Generator:
    """x + value * a * b, or a / b."""

    def draw(d: Draw) -> Case:
        dtype = d.one_of(*FLOATS)
        shapes = d.broadcasting(3)
        operands = {n: d.array(s, dtype, 0.5, 4) for n, s in zip("xab", shapes, strict=True)}
        return Case(f"ops.{name}({{x}}, {{a}}, {{b}}, {d.number(-2, 2)})", operands)

    return draw


def clamp(d: Draw) -> Case:
    """Between two tensors, of which one may be missing."""
    dtype = d.one_of(*FLOATS, "int32", "int64")
    x, low, high = d.broadcasting(3)
    operands: dict[str, Array] = {"x": d.array(x, dtype), "low": d.array(low, dtype, -3, 0)}
    expression = d.one_of("{x}, {low}, {high}", "{x}, {low}, {high}", "{x}, {low}", "{x}, max={low}")
    if "{high}" in expression:
        operands["high"] = d.array(high, dtype, 0, 3)
    return Case(f"ops.clamp({expression})", operands)


def less_one(d: Draw) -> Case:
    """exp(x) - 1, of halves away from 0: MindSpore rounds in between, and loses digits there."""
    dtype = d.one_of(*_WIDE)
    return Case("ops.expm1({x})", {"x": d.array(d.shape(), dtype, 0.5 if dtype == "float16" else -4, 4)})


def cumulative_product(d: Draw) -> Case:
    """Along any axis, forward or backward, with or without the element itself."""
    shape = d.shape(1, empty=False)
    x = d.array(shape, d.one_of("float32", "float32", "float64", "int32"), 0.5, 1.5)
    settings = f"{d.chance(0.5)}, {d.chance(0.5)}"
    return Case(f"{{op}}({{x}}, {d.axis(len(shape))})", {"x": x}, f"ops.CumProd({settings})")


GENERATORS: dict[str, Generator] = {
    **{p: unary(p, _WIDE, function=f"ops.{p.lower()}") for p in ("Atan", "Sinh", "Cosh", "Asinh", "Erfc")},
    **{p: unary(p, _WIDE, **_between(-1, 1), function=f"ops.{p.lower()}") for p in ("ACos", "Asin", "Tan")},
    "Acosh": unary("Acosh", _WIDE, **_between(1, 9), function="ops.acosh"),
    "Atanh": unary("Atanh", _WIDE, **_between(-0.98, 0.98), function="ops.atanh"),
    "Expm1": less_one,
    "Trunc": unary("Trunc", (*_WIDE, "int32"), function="ops.trunc"),
    "Inv": unary("Inv", FLOATS, **_between(0.25, 9), function="ops.inv"),
    "Sinc": function("ops.sinc({x})"),
    "Logit": function("ops.logit({x}, 0.0625)", low=0.0, high=1.0),
    "HShrink": function("ops.hardshrink({x}, {n})"),
    "SoftShrink": function("ops.softshrink({x}, {n})"),
    "CeLU": function("ops.celu({x}, {n})"),
    "IsNan": special("ops.isnan({x})", "x"),
    "IsInf": special("ops.isinf({x})", "x"),
    "NanToNum": special("ops.nan_to_num({x}, {n}, 9.0, {n})", "x"),
    "Fmax": special("ops.fmax({x}, {y})", "x", "y"),
    "Sign": sign,
    "Atan2": binary("Atan2", _WIDE),
    "Hypot": binary("Hypot", ("float32", "float64")),
    "Heaviside": with_zeros("ops.heaviside({x}, {y})"),
    "Xlogy": with_zeros("ops.xlogy({x}, {y})"),
    "Xdivy": with_zeros("ops.xdivy({x}, {y})"),
    **{p: binary(p, (*_INTEGERS,), -99, 99) for p in ("BitwiseAnd", "BitwiseOr", "BitwiseXor")},
    "Invert": unary("Invert", ("int32", "int16", "int8", "uint8"), -99, 99, function="ops.invert"),
    "LeftShift": shifted("ops.bitwise_left_shift({x}, {y})"),
    "RightShift": shifted("ops.bitwise_right_shift({x}, {y})"),
    "DivMod": divided,
    "TruncateDiv": division("TruncateDiv", ("float32", "int32")),
    "TruncateMod": division("TruncateMod", ("float32", "int32")),
    "Mod": division("Mod", ("float32", "int32")),
    "IsClose": is_close,
    "Lerp": lerp,
    "Addcmul": added("addcmul"),
    "Addcdiv": added("addcdiv"),
    "ClampTensor": clamp,
    "CumProd": cumulative_product,
}
