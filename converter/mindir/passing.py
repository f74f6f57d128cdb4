"""Arguments and results of functions that become graphs of their own. Graphs share no values, so these are copied.

Arguments that are computed become inputs of the function's graph; known ones are copied into it. A result has a
Structure, which says where its tensors stand among tuples, monads and None.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from converter.ir.graph import Value
from converter.mindir.lowering import SCALAR_DTYPES, Unsupported
from converter.mindir.operands import Choice, Closure, Function, Monad, Operand, Reference, describe, flatten
from converter.mindir.states import BEGINNING
from lite.types import TensorSpec

# What a function returns: a tensor of some type and shape, a monad, None, or a tuple of these.
Structure: TypeAlias = "TensorSpec | Monad | tuple[Structure, ...] | None"


def as_value(operand: Operand) -> Value:
    """A tensor or number as a value of a graph. Raises Unsupported for anything else."""
    if isinstance(operand, Value):
        return operand
    if isinstance(operand, bool | int | float):
        return Value.constant(np.array(operand, SCALAR_DTYPES[type(operand)].dtype), "number")
    raise Unsupported(f"a branch or loop passes on {describe(operand)}: make it of tensors, numbers and tuples of them")


def fed_values(argument: Operand) -> list[Value]:
    """The values of an argument that its function takes as inputs."""
    leaves = (leaf for leaf in flatten(argument) if not isinstance(leaf, Monad | Reference))
    return [as_value(leaf) for leaf in leaves if leaf is not None]


def copied(operand: Operand) -> Operand:
    """A known argument for another graph. Raises Unsupported for a function that depends on computed values."""
    if isinstance(operand, tuple):
        return tuple(copied(item) for item in operand)
    if isinstance(operand, Value):
        assert operand.data is not None, "what is computed is an input"
        return Value.constant(operand.data, operand.name)
    if isinstance(operand, Closure):
        return Closure(operand.function, tuple(_copied_constant(argument) for argument in operand.arguments))
    if isinstance(operand, Monad):
        return BEGINNING
    if isinstance(operand, Reference):
        return Reference(operand.name)
    if isinstance(operand, Choice):
        raise Unsupported("a function that is chosen while the network runs is passed on: choose where it is called")
    return operand


def _copied_constant(operand: Operand) -> Operand:
    if any(isinstance(leaf, Value) and leaf.data is None for leaf in flatten(operand)):
        raise Unsupported("a function with computed arguments is passed on: call it where it is made")
    return copied(operand)


def are_equal(a: Operand, b: Operand) -> bool:
    """Whether two known arguments are equal."""
    if isinstance(a, Value) and isinstance(b, Value):
        x, y = a.data, b.data
        if x is None or y is None or (x.dtype, x.shape) != (y.dtype, y.shape):
            return x is y is None and a is b
        return x.__array_interface__["data"] == y.__array_interface__["data"] or x.tobytes() == y.tobytes()
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(are_equal, a, b))
    if isinstance(a, Function) and isinstance(b, Function):
        return a.body is b.body
    if isinstance(a, Closure) and isinstance(b, Closure):
        return are_equal(a.function, b.function) and are_equal(a.arguments, b.arguments)
    return type(a) is type(b) and (isinstance(a, Monad) or a == b)


def structure_of(result: Operand, values: list[Value]) -> Structure:
    """The structure of a function's result, whose values are appended to `values`."""
    if isinstance(result, tuple):
        return tuple(structure_of(item, values) for item in result)
    if result is None or isinstance(result, Monad):
        return result
    value = as_value(result)
    values.append(value)
    return value.spec.like()


def specs_of(structure: Structure) -> tuple[TensorSpec, ...]:
    """The tensors of a structure, depth-first."""
    if isinstance(structure, tuple):
        return tuple(spec for item in structure for spec in specs_of(item))
    return (structure,) if isinstance(structure, TensorSpec) else ()


def arranged(structure: Structure, values: Iterator[Value]) -> Operand:
    """These values in the places of the structure's tensors."""
    if isinstance(structure, tuple):
        return tuple(arranged(item, values) for item in structure)
    return next(values) if isinstance(structure, TensorSpec) else structure


def join(a: Structure, b: Structure) -> Structure:
    """The structure of which both are cases: dimensions that differ are unknown. Raises Unsupported where none is."""
    if isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b):
        return tuple(map(join, a, b))
    if isinstance(a, TensorSpec) and isinstance(b, TensorSpec) and (a.dtype, a.rank) == (b.dtype, b.rank):
        return replace(a, shape=tuple(d if d == e else -1 for d, e in zip(a.shape, b.shape, strict=True)))
    if type(a) is type(b) and not isinstance(a, tuple | TensorSpec):
        return a
    raise Unsupported(f"branches or rounds of a loop give {_described(a)} and {_described(b)}: make them of one type")


def _described(structure: Structure) -> str:
    return f"a tuple of {len(structure)}" if isinstance(structure, tuple) else str(structure)
