"""Sums, means and extremes over dimensions, and where extremes are."""

from __future__ import annotations

from tests.conformance.generate.case import Case, Draw, Generator

_FLOATS = ("float32", "float32", "float32", "float16", "float64")
_NUMBERS = (*_FLOATS, "int32", "int64", "int8", "uint8")


def reduce(primitive: str, dtypes: tuple[str, ...], low: float = -1.0, high: float = 3.0) -> Generator:
    """Over some axes, or all; the result with or without them. What MindSpore makes of no element is left to chance."""

    def draw(d: Draw) -> Case:
        x = d.array(d.shape(empty=False), d.one_of(*dtypes), low, high)
        axes = d.axes(x.ndim) if x.ndim and d.chance(0.85) else ()
        given = axes[0] if len(axes) == 1 and d.chance(0.5) else axes
        return Case(f"{{op}}({{x}}, {given})", {"x": x}, f"ops.{primitive}({d.one_of('', 'keep_dims=True')})")

    return draw


def reduce_ext(
    function: str, dtypes: tuple[str, ...], low: float = -1.0, high: float = 3.0, many: bool = True
) -> Generator:
    """The functions that take several axes, one or none. As above, of no element."""

    def draw(d: Draw) -> Case:
        x = d.array(d.shape(empty=False), d.one_of(*dtypes), low, high)
        if not x.ndim or d.chance(0.2):
            return Case(f"{function}({{x}})", {"x": x})
        axes = d.axes(x.ndim) if many and d.chance(0.6) else d.axis(x.ndim)
        return Case(f"{function}({{x}}, {axes}, {d.chance(0.5)})", {"x": x})

    return draw


def extreme(function: str) -> Generator:
    """Of all elements."""

    def draw(d: Draw) -> Case:
        return Case(f"{function}({{x}})", {"x": d.array(d.shape(empty=False), d.one_of(*_FLOATS, "int32"), -90, 90)})

    return draw


def arg_extreme(primitive: str) -> Generator:
    """The index of the first extreme along an axis; equal elements occur."""

    def draw(d: Draw) -> Case:
        shape = d.shape(1, empty=False)
        x = d.array(shape, d.one_of("float32", "float32", "float16", "float64"))
        x = x.round() if d.chance(0.4) else x
        kind = d.one_of(", ms.int32", ", ms.int64") if primitive == "Argmax" else ""
        return Case("{op}({x})", {"x": x}, f"ops.{primitive}({d.axis(len(shape))}{kind})")

    return draw


def extreme_with_index(primitive: str) -> Generator:
    """(index, value) of the first extreme; equal elements occur."""

    def draw(d: Draw) -> Case:
        shape = d.shape(1, empty=False)
        x = d.array(shape, d.one_of("float32", "float32", "float16", "int32"))
        x = x.round() if d.chance(0.4) else x
        return Case("{op}({x})", {"x": x}, f"ops.{primitive}({d.axis(len(shape))}, {d.chance(0.5)})")

    return draw


def top_k(d: Draw) -> Case:
    """The largest along the last axis. No two are equal: which of those comes first is not defined."""
    shape = d.shape(1, 3, empty=False)
    x = d.distinct(shape, d.one_of("float32", "float32", "float16", "int32"))
    return Case(f"{{op}}({{x}}, {d.integer(1, shape[-1])})", {"x": x}, "ops.TopK(True)", exact=True)


def running(function: str) -> Generator:
    """(the extreme so far, its index); equal elements occur."""

    def draw(d: Draw) -> Case:
        shape = d.shape(1, 3, empty=False)
        x = d.array(shape, d.one_of("float32", "float32", "float16", "int32"))
        x = x.round() if d.chance(0.4) else x
        return Case(f"ops.{function}({{x}}, {d.axis(len(shape))})", {"x": x}, exact=True)

    return draw


def renorm(d: Draw) -> Case:
    """Some slices are larger than the norm, and some are not."""
    x = d.array(d.shape(2, 4, empty=False), d.one_of("float32", "float32", "float16"))
    return Case(f"ops.renorm({{x}}, {d.integer(1, 3)}, {d.axis(x.ndim)}, {d.number(0.5, 9)})", {"x": x})


GENERATORS: dict[str, Generator] = {
    "ArgMaxWithValue": extreme_with_index("ArgMaxWithValue"),
    "ArgMinWithValue": extreme_with_index("ArgMinWithValue"),
    "Argmax": arg_extreme("Argmax"),
    "Argmin": arg_extreme("Argmin"),
    "Cummax": running("cummax"),
    "Cummin": running("cummin"),
    "Max": extreme("auto_generate.Max()"),
    "MeanExt": reduce_ext("ms.mint.mean", _FLOATS),
    "Min": extreme("auto_generate.Min()"),
    "ProdExt": reduce_ext("ops.prod", _FLOATS, 0.5, 1.5, many=False),
    "ReduceAll": reduce("ReduceAll", ("bool",)),
    "ReduceAny": reduce("ReduceAny", ("bool",)),
    "ReduceMax": reduce("ReduceMax", _NUMBERS, -90, 90),
    "ReduceMean": reduce("ReduceMean", _FLOATS),
    "ReduceMin": reduce("ReduceMin", _NUMBERS, -90, 90),
    "ReduceProd": reduce("ReduceProd", _FLOATS, 0.5, 1.5),
    "ReduceSum": reduce("ReduceSum", (*_FLOATS, "int32", "int64")),
    "Renorm": renorm,
    "SumExt": reduce_ext("ops.sum", (*_FLOATS, "int32", "bool")),
    "TopK": top_k,
}
