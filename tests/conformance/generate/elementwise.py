"""Functions of each element: of one tensor, of two that broadcast, of a tensor and a number."""

from __future__ import annotations

import numpy as np

from tests.conformance.generate.case import Array, Case, Draw, Generator

FLOATS = ("float32", "float32", "float32", "float16")
NUMBERS = (*FLOATS, "int32", "int64", "int8", "uint8", "int16", "float64")
ALL = (*NUMBERS, "bool")


def unary(
    primitive: str, dtypes: tuple[str, ...] = FLOATS, low: float = -4.0, high: float = 4.0, function: str = ""
) -> Generator:
    """Of one tensor, with elements between low and high."""

    def draw(d: Draw) -> Case:
        x = d.array(d.shape(), d.one_of(*dtypes), low, high)
        return (
            Case(f"{function}({{x}})", {"x": x}) if function else Case("{op}({x})", {"x": x}, f"{_home(primitive)}()")
        )

    return draw


def _home(primitive: str) -> str:
    """Where MindSpore keeps a primitive's class."""
    return f"ops.{primitive}" if primitive in _CLASSES else f"auto_generate.{primitive}"


_CLASSES = (
    "BitwiseAnd", "BitwiseOr", "BitwiseXor", "Heaviside", "Hypot", "Mod", "SeLU", "Softplus", "Softsign",
    "SquaredDifference", "TruncateDiv", "TruncateMod",
)  # fmt: skip


def binary(primitive: str, dtypes: tuple[str, ...] = NUMBERS, low: float = -4.0, high: float = 4.0) -> Generator:
    """Of two tensors that broadcast, of which one may be a constant."""

    def draw(d: Draw) -> Case:
        dtype = d.one_of(*dtypes)
        shapes = d.broadcasting(2)
        operands = {name: d.array(shape, dtype, low, high) for name, shape in zip("xy", shapes, strict=True)}
        return Case("{op}({x}, {y})", operands, f"{_home(primitive)}()", constant=_one_constant(d, operands))

    return draw


def division(primitive: str, dtypes: tuple[str, ...] = NUMBERS, low: float = -9.0, high: float = 9.0) -> Generator:
    """Of two tensors of which the second is nowhere 0."""

    def draw(d: Draw) -> Case:
        dtype = d.one_of(*dtypes)
        shapes = d.broadcasting(2)
        operands = {"x": d.array(shapes[0], dtype, low, high), "y": _without_zero(d.array(shapes[1], dtype, low, high))}
        return Case("{op}({x}, {y})", operands, f"{_home(primitive)}()", constant=_one_constant(d, operands))

    return draw


def _without_zero(x: Array) -> Array:
    """The same, but at least a quarter, or 1, from 0."""
    least = 0.25 if x.dtype.kind == "f" else 1
    return np.where(np.abs(x) < least, x.dtype.type(least), x).astype(x.dtype)


def _one_constant(d: Draw, operands: dict[str, Array]) -> tuple[str, ...]:
    """None, or one of them; MindSpore computes nothing of a constant without elements."""
    chosen: tuple[str, ...] = d.one_of((), (), (), ("x",), ("y",))
    return chosen if all(operand.size for operand in operands.values()) else ()


def comparison(primitive: str) -> Generator:
    """Of two tensors with few different elements, so that many are equal."""

    def draw(d: Draw) -> Case:
        dtype = d.one_of(*ALL)
        operands = {name: np.round(d.array(s, dtype)) for name, s in zip("xy", d.broadcasting(2), strict=True)}
        operands = {name: value.astype(dtype) for name, value in operands.items()}
        return Case("{op}({x}, {y})", operands, f"{_home(primitive)}()", constant=_one_constant(d, operands))

    return draw


def with_number(expression: str, low: float = -4.0, high: float = 4.0) -> Generator:
    """Of a tensor and a Python number, {n} in the expression: a float or an int, never 0."""

    def draw(d: Draw) -> Case:
        x = np.round(d.array(d.shape(), d.one_of(*FLOATS, "int32", "int64")) * 2) / 2
        n = d.one_of(d.number(0.25, high), d.number(low, -0.25), d.integer(2, 5), -d.integer(1, 5))
        return Case(expression.replace("{n}", f"({n})"), {"x": x.astype(d.one_of(*FLOATS, "int32", "int64"))})

    return draw


def scaled(primitive: str, expression: str) -> Generator:
    """x + alpha * y; the result of what happens in place has the shape of x."""

    def draw(d: Draw) -> Case:
        dtype = d.one_of(*FLOATS, "int32", "int64")
        alpha = d.integer(-3, 3) if dtype.startswith("int") else d.one_of(1, 2, d.number(-2, 2))
        shapes = d.broadcasting(2)
        if primitive == "InplaceAddExt":
            shapes[0] = np.broadcast_shapes(*shapes)
        operands = {name: d.array(shape, dtype) for name, shape in zip("xy", shapes, strict=True)}
        return Case(expression.replace("{alpha}", str(alpha)), operands)

    return draw


def power(d: Draw) -> Case:
    """Positive numbers to any power, or any to a whole one."""
    dtype = d.one_of(*FLOATS)
    shapes = d.broadcasting(2)
    if d.chance(0.5):
        operands = {"x": d.array(shapes[0], dtype, 0.1, 3), "y": d.array(shapes[1], dtype, -2, 2)}
    else:
        operands = {"x": _without_zero(d.array(shapes[0], dtype)), "y": np.round(d.array(shapes[1], dtype))}
    return Case("{op}({x}, {y})", operands, "ops.Pow()", constant=_one_constant(d, operands))


def add_n(d: Draw) -> Case:
    """The sum of two to five tensors."""
    shape, dtype = d.shape(), d.one_of(*FLOATS, "int32")
    operands = {f"x{i}": d.array(shape, dtype) for i in range(d.integer(2, 5))}
    return Case("{op}((" + ", ".join(f"{{{name}}}" for name in operands) + "))", operands, "ops.AddN()")


def select(d: Draw) -> Case:
    """Elements of one tensor or the other."""
    dtype, shape = d.one_of(*ALL), d.shape()
    operands = {"c": d.array(shape, "bool"), "x": d.array(shape, dtype), "y": d.array(shape, dtype)}
    if d.chance(0.4):
        operands = {n: d.array(s, v.dtype.name) for (n, v), s in zip(operands.items(), d.broadcasting(3), strict=True)}
    return Case(
        "{op}({c}, {x}, {y})", operands, "ops.Select()", constant=d.one_of((), (), ("c",), ("x",), ("y",)), exact=True
    )


def masked_fill(d: Draw) -> Case:
    """A number where a mask holds."""
    dtype = d.one_of(*FLOATS, "int32", "int64", "bool")
    shape, mask = d.broadcasting(2)
    value = d.one_of("-1e4", "0.5", "3") if dtype.startswith("float") else d.one_of("0", "7")
    value = "True" if dtype == "bool" else value
    operands = {"x": d.array(shape, dtype), "m": d.array(mask, "bool")}
    return Case(f"ops.masked_fill({{x}}, {{m}}, {value})", operands, exact=True)


def clamp(d: Draw) -> Case:
    """Between two numbers, of which one may be missing."""
    dtype = d.one_of(*FLOATS, "int32", "int64")
    low, high = sorted(d.integer(-3, 3) if dtype.startswith("int") else d.number(-2, 2) for _ in range(2))
    bounds: tuple[float | None, float | None] = d.one_of((low, high), (low, high), (low, None), (None, high))
    return Case(f"ops.clamp({{x}}, {bounds[0]}, {bounds[1]})", {"x": d.array(d.shape(), dtype)})


def cast(d: Draw) -> Case:
    """From any type to any other: numbers that both have."""
    source = d.one_of(*ALL)
    target = d.one_of(*(dtype for dtype in ALL if dtype != source))
    x = d.array(d.shape(), source, 0 if target.startswith("u") else -100, 100)
    target = "bool_" if target == "bool" else target
    return Case(f"{{op}}({{x}}, ms.{target})", {"x": x}, "ops.Cast()", exact=True)


def prelu(d: Draw) -> Case:
    """A slope for each channel, or one for all."""
    shape = d.shape(2, 4, empty=False)
    slopes = d.one_of(1, shape[1])
    dtype = d.one_of(*FLOATS)
    return Case(
        "{op}({x}, {w})",
        {"x": d.array(shape, dtype), "w": d.array((slopes,), dtype, 0, 1)},
        "ops.PReLU()",
        constant=d.constants("w"),
    )


def cumulative_sum(d: Draw) -> Case:
    """Along any axis, forward or backward, with or without the element itself."""
    shape = d.shape(1)
    dtype = d.one_of(*FLOATS, "int32", "int64", "int8", "uint8")
    x = d.array(shape, dtype, 0, 3)
    return Case(f"{{op}}({{x}}, {d.axis(len(shape))})", {"x": x}, f"ops.CumSum({d.chance(0.5)}, {d.chance(0.5)})")


def elu(d: Draw) -> Case:
    """MindSpore has alpha 1 only."""
    return Case("{op}({x})", {"x": d.array(d.shape(), d.one_of(*FLOATS))}, "ops.Elu()")


def round_(d: Draw) -> Case:
    """Halves among them."""
    x = np.round(d.array(d.shape(), d.one_of(*FLOATS, "int32", "int64")) * 4) / 4
    return Case("ops.round({x})", {"x": x.astype(d.one_of(*FLOATS, "int32"))})


def is_finite(d: Draw) -> Case:
    """Infinities and NaN among the elements."""
    x = with_specials(d, d.array(d.shape(), d.one_of(*FLOATS, "float64")))
    return Case("{op}({x})", {"x": x}, "ops.IsFinite()")


def with_specials(d: Draw, x: Array) -> Array:
    """The same with infinities and NaN in the place of some elements."""
    for value in (np.inf, -np.inf, np.nan):
        x = np.where(d.rng.random(x.shape) < 0.2, x.dtype.type(value), x)
    return x


_POSITIVE = {"low": 0.05, "high": 9.0}

def squared_difference(d: Draw) -> Case:
    """Not of two scalars, which MindSpore alone here makes float64."""
    draw = binary("SquaredDifference")
    case = draw(d)
    while not any(x.ndim for x in case.operands.values()):
        case = draw(d)
    return case


GENERATORS: dict[str, Generator] = {
    **{p: unary(p, NUMBERS) for p in ("Abs", "Neg", "Square")},
    **{p: unary(p, (*FLOATS, "float64")) for p in ("Floor", "Ceil", "Sin", "Cos", "Erf", "Exp")},
    **{p: unary(p, (*FLOATS, "float64"), **_POSITIVE) for p in ("Log", "Log1p", "Sqrt", "Rsqrt", "Reciprocal")},
    **{p: unary(p, low=-8, high=8) for p in ("ReLU6", "Sigmoid", "Tanh", "SiLU", "Softplus", "Softsign")},
    **{p: unary(p, low=-8, high=8) for p in ("HSwish", "HSigmoid", "SeLU", "FastGeLU")},
    "GeLU": unary("GeLU", low=-2.5, high=8),  # 1 + tanh has few digits below
    "Mish": unary("Mish", low=-8, high=8, function="ops.mish"),
    "ReLU": unary("ReLU", NUMBERS),
    "LogicalNot": unary("LogicalNot", ("bool",)),
    "Elu": elu,
    "Round": round_,
    "IsFinite": is_finite,
    **{p: binary(p) for p in ("Add", "Sub", "Mul", "Maximum", "Minimum")},
    "SquaredDifference": squared_difference,
    **{p: division(p) for p in ("Div", "RealDiv", "FloorDiv", "FloorMod")},
    "RemainderTensorTensor": division("RemainderTensorTensor"),
    **{p: comparison(p) for p in ("Greater", "GreaterEqual", "Less", "LessEqual", "Equal", "NotEqual")},
    **{p: binary(p, ("bool",)) for p in ("LogicalAnd", "LogicalOr", "LogicalXor")},
    "Muls": with_number("{x} * {n}"),
    "Divs": with_number("{x} / {n}"),
    "EqScalar": with_number("{x} == {n}"),
    "LessScalar": with_number("{x} < {n}"),
    "RemainderTensorScalar": with_number("{x} % {n}"),
    "AddExt": scaled("AddExt", "ms.mint.add({x}, {y}, alpha={alpha})"),
    "SubExt": scaled("SubExt", "ms.mint.sub({x}, {y}, alpha={alpha})"),
    "InplaceAddExt": scaled("InplaceAddExt", "({x} * 1).add_({y}, alpha={alpha})"),
    "Pow": power,
    "AddN": add_n,
    "Select": select,
    "MaskedFill": masked_fill,
    "ClampScalar": clamp,
    "Cast": cast,
    "PReLU": prelu,
    "CumSum": cumulative_sum,
}
