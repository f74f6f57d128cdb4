"""Primitives that arrange values: tuples, the order of effects, parameters."""

from __future__ import annotations

import numpy as np

from tests.conformance.generate.case import Array, Case, Draw, Generator

_DTYPES = ("float32", "float32", "float16", "int32", "int64", "bool")


def _tensors(d: Draw, count: int) -> dict[str, Array]:
    shape, dtype = d.shape(1, 3, empty=False), d.one_of(*_DTYPES)
    return {f"x{i}": d.array(shape, dtype, -90, 90) for i in range(count)}


def _nested(d: Draw, names: list[str]) -> str:
    """A tuple of them, of which some are in tuples of their own."""
    if len(names) == 1:
        return f"({names[0]},)"
    cut = d.integer(1, len(names) - 1)
    left, right = names[:cut], names[cut:]
    return f"({', '.join(left)}, {_nested(d, right)})" if d.chance(0.5) else f"({', '.join([*left, *right])},)"


def make_tuple(d: Draw) -> Case:
    """Results in tuples in tuples; the same one twice."""
    xs = _tensors(d, d.integer(1, 4))
    names = [f"ops.relu6({{{name}}})" if x.dtype == np.float32 else f"{{{name}}}" for name, x in xs.items()]
    return Case(_nested(d, [*names, d.one_of(*names)]), xs, exact=True)


def tuple_get_item(d: Draw) -> Case:
    """One of many results, counted from either end."""
    parts = d.integer(2, 5)
    shape = (*d.shape(0, 2, empty=False), parts * d.integer(1, 4))
    x = d.array(shape, d.one_of(*_DTYPES), -90, 90)
    item = d.integer(-parts, parts - 1)
    return Case(f"{{op}}({{x}})[{item}]", {"x": x}, f"ops.Split({len(shape) - 1}, {parts})", exact=True)


def make_list(d: Draw) -> Case:
    """A list of tensors, which an operator takes."""
    xs = _tensors(d, d.integer(2, 5))
    names = ", ".join(f"{{{name}}}" for name in xs)
    return Case(f"ops.stack([{names}], {d.integer(0, xs['x0'].ndim)})", xs, exact=True)


def _parameter(d: Draw) -> tuple[Array, str]:
    """A tensor, and a parameter of its shape."""
    shape, dtype = d.shape(1, 2, empty=False), d.one_of("float32", "float32", "float16", "int32")
    x, p = d.array(shape, dtype, -9, 9), d.array(shape, dtype, -9, 9)
    return x, f"ms.Parameter(ms.Tensor({p.tolist()}, ms.{dtype}))"


def load(d: Draw) -> Case:
    """A parameter that is read before and after something happens in place."""
    x, parameter = _parameter(d)
    return Case(f"(({{x}} * 1).add_({{op}}), {{op}} {d.one_of('+', '-', '*')} {{x}})", {"x": x}, parameter)


def depend(d: Draw) -> Case:
    """A result that waits for something that happens in place."""
    x, parameter = _parameter(d)
    return Case(f"ops.depend({{x}} {d.one_of('+', '-', '*')} 2, ({{x}} * 1).add_({{op}}))", {"x": x}, parameter)


GENERATORS: dict[str, Generator] = {
    "Depend": depend,
    "Load": load,
    "MakeTuple": make_tuple,
    "TupleGetItem": tuple_get_item,
    "UpdateState": load,
    "make_list": make_list,
}
