"""How one primitive becomes operators of the `.ms` schema: the binding of its arguments and the small builder it gets.

A lowering is a function whose parameters are named and typed as the primitive's:

    def matmul(op: Lowering, x: Value, y: Value, transpose_a: bool = False, transpose_b: bool = False) -> Operand:
        return op.emit("MatMulFusion", x, y, transpose_a=transpose_a, transpose_b=transpose_b)

Inputs bind to parameters in order. A parameter without an input is looked up among the attributes by its name, which is
how older files store it (and every file, for parameters after `*`); then its default applies.
"""
from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from functools import cache
from typing import Any, TypeGuard

import numpy as np

from converter.errors import ParseError
from converter.ir.graph import Graph, Value
from converter.mindir.operands import Missing, Monad, Operand, describe, flatten
from lite import ops
from lite.types import Array, DType

Lower = Callable[..., Operand]
Ints = tuple[int, ...]
Floats = tuple[float, ...]
Dims = tuple[int | Value, ...]  # a Value is a dimension that is known when the network runs: an integer tensor []
Scalar = bool | int | float

TO_NHWC = (0, 2, 3, 1)


class Unsupported(Exception):
    """Raised by a lowering: the primitive is used in a way that has no equivalent. The message is the way out."""


class _Mistyped(Exception):
    """An argument is of another type than the parameter's annotation; the message says which type was expected."""


@dataclass(slots=True)
class Lowering:
    """One application of a primitive.

    graph: what is emitted into; name: of the node, for messages and node names; remarks: on the network, each said once
    to whoever converts it.
    """

    graph: Graph
    name: str
    attributes: Mapping[str, Operand]
    remarks: dict[str, None]

    def emit(self, op: str, *inputs: Value | None, label: str = "", **fields: Any) -> Value:
        """Add a node with one output and return it. label: added to the name of an auxiliary node."""
        return self.emit_all(op, *inputs, label=label, **fields)[0]

    def emit_all(self, op: str, *inputs: Value | None, label: str = "", **fields: Any) -> tuple[Value, ...]:
        """Add a node and return its outputs. Inputs that are None are left out."""
        attributes = ops.attributes(op, fields)
        known = {f.name.rstrip("_") for f in dataclass_fields(attributes)}  # type: ignore[arg-type]  # always one
        assert known.union(attributes.ignored).issuperset(fields), f"{op} does not have all of {sorted(fields)}"
        present = [value for value in inputs if value is not None]
        name = f"{self.name}/{label}" if label else self.name
        return self.graph.add(attributes, present, name, self.name)

    def constant(self, data: Array, label: str) -> Value:
        """A constant of this node."""
        return Value.constant(data, f"{self.name}/{label}")

    def ints(self, values: Sequence[int], label: str) -> Value:
        """A constant int32 vector, as the schema's shape-like inputs are. Raises ParseError for values beyond int32."""
        try:
            return self.constant(np.array(values, np.int32), label)
        except OverflowError as error:
            raise ParseError(f"{self.name}: {label} {tuple(values)} is beyond 32 bits") from error

    def dims(self, values: Dims, label: str) -> Value:
        """As ints, where some are known only when the network runs: the plan computes them."""
        numbers = [d for d in values if not isinstance(d, Value)]
        if len(numbers) == len(values):
            return self.ints(numbers, label)
        parts = [self.cast(d, DType.INT32) if isinstance(d, Value) else self._dimension(d, label) for d in values]
        return self.emit("Stack", *parts, label=label)

    def _dimension(self, d: int, label: str) -> Value:
        whole = self.ints((d,), label)
        assert whole.data is not None, "ints makes constants"
        return self.constant(whole.data.reshape(()), label)

    def transpose(self, x: Value, perm: Sequence[int], label: str) -> Value:
        """x with its dimensions permuted; a constant is permuted here."""
        if x.spec.rank != len(perm):
            raise ParseError(f"{self.name}: expected {len(perm)} dimensions, got {x.spec}")
        if x.data is not None:
            return Value.constant(np.ascontiguousarray(x.data.transpose(perm)), x.name)
        return self.emit("Transpose", x, self.ints(perm, f"{label}/perm"), label=label)

    def to_last(self, x: Value) -> Value:
        """x with its channels, dimension 1, moved to the end. A matrix has them there already."""
        return x if x.spec.rank <= 2 else self.transpose(x, (0, *range(2, x.spec.rank), 1), "to_nhwc")

    def to_first(self, y: Value, label: str = "") -> Value:
        """The inverse of to_last; the result is called as the primitive where no label is given."""
        if y.spec.rank <= 2:
            return y
        perm = (0, y.spec.rank - 1, *range(1, y.spec.rank - 1))
        return self.emit("Transpose", y, self.ints(perm, "to_nchw/perm"), label=label)

    def cast(self, x: Value, dtype: DType, label: str = "cast") -> Value:
        """x with elements of another type."""
        if x.spec.dtype == dtype:
            return x
        return self.emit("Cast", x, self.constant(np.array(dtype, np.int32), f"{label}/dtype"), label=label)

    def operands(self, x: Value | Scalar, y: Value | Scalar) -> tuple[Value, Value]:
        """Two operands as tensors of one dtype, which is the wider one, floats before integers.

        A Python number takes the tensor's; a float makes integers float32.
        """
        tensors = [v.spec.dtype for v in (x, y) if isinstance(v, Value)]
        if not tensors:
            raise Unsupported("computes with Python numbers only: do that outside construct")
        dtype = max(tensors, key=lambda t: (t.dtype.kind == "f", t.dtype.kind != "b", t.dtype.itemsize))
        if dtype.dtype.kind != "f" and any(isinstance(v, float) for v in (x, y)):
            dtype = DType.FLOAT32
        left, right = (
            self.cast(v, dtype) if isinstance(v, Value) else self.constant(np.array(v, dtype.dtype), "scalar")
            for v in (x, y)
        )
        return left, right


def lower(function: Lower, op: Lowering, inputs: Sequence[Operand]) -> Operand:
    """Bind the arguments of a primitive and run its lowering.

    Raises Unsupported where an argument has no equivalent or is not known here, ParseError where one is missing or of
    the wrong kind.
    """
    given = [operand for operand in inputs if not isinstance(operand, Monad)]
    parameters = parameters_of(function)
    known = sum(parameter.kind is not inspect.Parameter.KEYWORD_ONLY for parameter in parameters)
    if len(given) > known:
        first = describe(given[known])
        raise Unsupported(f"has {len(given)} inputs, of which only {known} are known here: the next is {first}")
    arguments: dict[str, Any] = {}
    for index, parameter in enumerate(parameters):
        operand: Operand
        if index < len(given) and parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
            operand = given[index]
        elif parameter.name in op.attributes:
            operand = op.attributes[parameter.name]
        elif parameter.default is not inspect.Parameter.empty:
            continue
        else:
            raise ParseError(f"{op.name}: has neither an input nor an attribute for {parameter.name!r}")
        leaves = list(flatten(operand))
        if missing := [leaf for leaf in leaves if isinstance(leaf, Missing)]:
            raise Unsupported(missing[0].reason)
        try:
            arguments[parameter.name] = CONVERTERS[parameter.annotation](operand)
        except _Mistyped as error:
            if any(isinstance(leaf, Value) and leaf.data is None for leaf in leaves):
                raise Unsupported(f"{parameter.name} is computed by the network: make it a constant") from error
            raise ParseError(f"{op.name}: {parameter.name} should be {error}, not {describe(operand)}") from error
    return function(op, **arguments)


@cache
def parameters_of(function: Lower) -> tuple[inspect.Parameter, ...]:
    """The parameters after the first one, the Lowering."""
    return tuple(inspect.signature(function).parameters.values())[1:]


def _tensor(operand: Operand) -> Value:
    if isinstance(operand, Value):
        return operand
    if isinstance(operand, bool | int | float):
        return Value.constant(np.array(operand, SCALAR_DTYPES[type(operand)].dtype), "scalar")
    numbers = _numbers(operand, (bool, int, float), "a tensor")
    kinds = {type(number) for number in numbers}
    dtype = SCALAR_DTYPES[float if float in kinds else int if int in kinds else bool]
    try:
        return Value.constant(np.array(numbers, dtype.dtype), "tuple")
    except OverflowError as error:
        raise _Mistyped("a tensor of 64-bit numbers") from error


SCALAR_DTYPES = {bool: DType.BOOL, int: DType.INT64, float: DType.FLOAT32}


def _tensors(operand: Operand) -> tuple[Value, ...]:
    if isinstance(operand, Value):
        return (operand,)
    if not isinstance(operand, tuple) or not operand:
        raise _Mistyped("a tuple of tensors")
    return tuple(_tensor(item) for item in operand)


def _number(operand: Operand, types: tuple[type, ...], expected: str) -> Any:
    """A Python number; a constant of one element counts as one."""
    if isinstance(operand, Value) and operand.data is not None and operand.data.size == 1:
        operand = operand.data.item()
    if isinstance(operand, tuple) and len(operand) == 1:
        operand = operand[0]
    if not isinstance(operand, types) or (isinstance(operand, bool) and bool not in types):
        raise _Mistyped(expected)
    return operand


def _numbers(operand: Operand, types: tuple[type, ...], expected: str) -> tuple[Any, ...]:
    """A flat tuple of Python numbers; a constant vector counts as one, and a lone number as a tuple of one."""
    if isinstance(operand, Value):
        if operand.data is None or operand.data.ndim > 1:
            raise _Mistyped(expected)
        operand = tuple(np.atleast_1d(operand.data).tolist())
    items = operand if isinstance(operand, tuple) else (operand,)
    return tuple(_number(item, types, expected) for item in items)


def _float(operand: Operand) -> float:
    number = float(_number(operand, (float, int), "a number"))
    if math.isnan(number):
        raise _Mistyped("a number")
    return number


def _scalar_or_tensor(operand: Operand) -> Value | Scalar:
    return operand if isinstance(operand, bool | int | float) else _tensor(operand)


def _scalar(operand: Operand) -> Scalar:
    number: Scalar = _number(operand, (bool, int, float), "a number")
    return number


def _text(operand: Operand) -> str:
    if not isinstance(operand, str):
        raise _Mistyped("a string")
    return operand


def _optional(convert: Callable[[Operand], Any]) -> Callable[[Operand], Any]:
    return lambda operand: None if operand is None else convert(operand)


def _int(operand: Operand) -> int:
    return int(_number(operand, (int,), "an integer"))


def _bool(operand: Operand) -> bool:
    return bool(_number(operand, (bool, int), "true or false"))


def _ints(operand: Operand) -> Ints:
    return _numbers(operand, (int,), "a tuple of integers")


def _floats(operand: Operand) -> Floats:
    return tuple(float(n) for n in _numbers(operand, (int, float), "a tuple of numbers"))


def _dims(operand: Operand) -> Dims:
    if not isinstance(operand, tuple):
        return _ints(operand)
    return tuple(d if _is_dimension(d) else int(_number(d, (int,), "a tuple of integers")) for d in operand)


def _is_dimension(operand: Operand) -> TypeGuard[Value]:
    return (
        isinstance(operand, Value)
        and operand.data is None
        and operand.spec.rank == 0
        and operand.spec.dtype in (DType.INT32, DType.INT64)
    )


def _int_or_text(operand: Operand) -> int | str:
    return operand if isinstance(operand, str) else _int(operand)


def _rows(operand: Operand) -> tuple[Ints, ...]:
    if isinstance(operand, Value):
        if operand.data is None or operand.data.ndim != 2 or operand.data.dtype.kind not in "iu":
            raise _Mistyped("a tuple of tuples of integers")
        return tuple(tuple(row) for row in operand.data.tolist())
    if not isinstance(operand, tuple):
        raise _Mistyped("a tuple of tuples of integers")
    return tuple(_ints(row) for row in operand)


# Parameter annotation -> how an operand becomes an argument of that type.
CONVERTERS: dict[str, Callable[[Operand], Any]] = {
    "Value": _tensor,
    "Value | None": _optional(_tensor),
    "Value | Scalar": _scalar_or_tensor,
    "Scalar": _scalar,
    "Scalar | None": _optional(_scalar),
    "tuple[Value, ...]": _tensors,
    "int": _int,
    "int | None": _optional(_int),
    "bool": _bool,
    "float": _float,
    "float | None": _optional(_float),
    "str": _text,
    "int | str": _int_or_text,
    "int | str | None": _optional(_int_or_text),
    "Ints": _ints,
    "Ints | None": _optional(_ints),
    "Floats": _floats,
    "Floats | None": _optional(_floats),
    "Dims": _dims,
    "tuple[Ints, ...]": _rows,
}
