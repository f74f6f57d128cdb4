"""The table of operators and the three questions one can ask of it: attributes, output specs, output values.

An operator's module defines a frozen dataclass named as in the `.ms` schema, its fields named as the schema's, and
registers shape inference and the numpy reference:

    @op(Softmax)
    def infer(attrs: Softmax, x: TensorSpec) -> TensorSpec: ...

    @infer.reference
    def reference(attrs: Softmax, x: Array) -> Array: ...
"""
from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from inspect import CO_VARARGS
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np

from lite.errors import ShapeError
from lite.ops.index import MODULES
from lite.records import dataclass, defaults
from lite.types import Array, DType, TensorSpec

if TYPE_CHECKING:
    from types import FunctionType

Infer = Callable[..., "TensorSpec | tuple[TensorSpec, ...]"]
Reference = Callable[..., "Array | tuple[Array, ...]"]

# Results of inputs of up to this many elements are computed in inference: that is how shapes flow. Floats are few: they
# are what dimensions are multiplied by.
_KNOWN_VALUE_LIMIT = 256
_KNOWN_FLOATS_LIMIT = 8

_ANY_NUMBER = 1 << 30  # of inputs

MAX_ELEMENTS = 2**40  # of one tensor
MAX_RANK = 8  # as other readers of the format allow


class Attributes:
    """Base of every operator's attributes; the operator's name is the class name.

    ignored: schema fields of the operator that never change its result; a test checks that every other one is a field.
    is_quantized: whether they are a lite.ops.quantized.Quantized, a module that float32 networks do without.
    """

    __slots__ = ()
    ignored: ClassVar[tuple[str, ...]] = ()
    is_quantized: ClassVar[bool] = False

    @property
    def op(self) -> str:
        """The operator's schema name."""
        return type(self).__name__

    def definition(self) -> Op:
        """Its shape inference and reference."""
        return definition(self.op)


@dataclass(frozen=True, slots=True)
class NoAttributes(Attributes):
    """Base of the operators without attributes. Subclasses are plain classes: making a dataclass of each takes time."""


class Op:
    """One operator: the attributes class and its defaults, shape inference, and the numpy reference."""

    def __init__(self, attrs: type[Attributes], infer: Infer) -> None:
        self.attrs = attrs
        self.defaults = defaults(attrs)
        self.infer = infer
        self.evaluate: Reference | None = None
        function = cast("FunctionType", infer)  # read directly: to make an inspect.Signature takes longer than the rest
        inputs = function.__code__.co_argcount - 1
        self.least_inputs = inputs - len(function.__defaults__ or ())
        self.most_inputs = _ANY_NUMBER if function.__code__.co_flags & CO_VARARGS else inputs

    def reference(self, function: Reference) -> Reference:
        """Decorator: registers the numpy reference."""
        self.evaluate = function
        return function


_OPS: dict[str, Op] = {}


def op(attrs: type[Attributes]) -> Callable[[Infer], Op]:
    """Decorator: registers shape inference for the operator that `attrs` describes."""

    def register(function: Infer) -> Op:
        _OPS[attrs.__name__] = Op(attrs, function)
        return _OPS[attrs.__name__]

    return register


def known_ops() -> tuple[str, ...]:
    """Schema names of all operators that have a meaning here, sorted."""
    return tuple(sorted(MODULES))


def is_known(name: str) -> bool:
    """True where the operator has a meaning here."""
    return name in MODULES


def definition(name: str) -> Op:
    """The operator of that schema name. Raises KeyError for one that is not known."""
    if name not in _OPS:
        importlib.import_module(f"lite.ops.{MODULES[name]}")
    return _OPS[name]


def attributes(operator: str, values: Mapping[str, Any]) -> Attributes:
    """The attributes of an operator from schema field values.

    Numbers become the dataclass's enums, lists become tuples, an absent (None) field keeps the dataclass's default.
    Raises KeyError for an unknown operator, ValueError for a value that is out of range.
    """
    found = definition(operator)
    known: dict[str, Any] = {}
    for name, default in found.defaults.items():
        value = values.get(name.rstrip("_"))  # `global` is a schema field and a Python keyword
        if value is None:
            continue
        if isinstance(default, IntEnum):
            value = type(default)(value)
        known[name] = _frozen(value)
    return found.attrs(**known)


def _frozen(value: Any) -> Any:
    """Lists and arrays, nested ones too, as tuples."""
    if isinstance(value, (int, float, str, bytes)) or not isinstance(value, (tuple, Sequence, np.ndarray)):
        return value
    return tuple([_frozen(v) for v in (value.tolist() if isinstance(value, np.ndarray) else value)])


def infer(attrs: Attributes, inputs: Sequence[TensorSpec]) -> tuple[TensorSpec, ...]:
    """Specs of the outputs, nameless. Small outputs of known inputs carry their value.

    Raises ShapeError or DTypeError where the inputs do not fit the operator.
    """
    found = attrs.definition()
    if not found.least_inputs <= len(inputs) <= found.most_inputs:
        most = "more" if found.most_inputs == _ANY_NUMBER else found.most_inputs
        raise ShapeError(f"{attrs.op} expects {found.least_inputs} to {most} inputs, got {len(inputs)}")
    result = found.infer(attrs, *inputs)
    outputs = result if isinstance(result, tuple) else (result,)
    for y in outputs:
        if y.rank > MAX_RANK or math.prod(max(d, 1) for d in y.shape) > MAX_ELEMENTS:
            raise ShapeError(
                f"{attrs.op} of {', '.join(str(x) for x in inputs)} gives {y}: "
                f"more than {MAX_RANK} dimensions or {MAX_ELEMENTS} elements"
            )
    small = [x for x in inputs if x.is_known and x.size <= _KNOWN_VALUE_LIMIT]
    values = [value for x in small if (value := x.value) is not None]
    if len(values) == len(inputs) and all(_computable(y) for y in outputs):
        return tuple(TensorSpec.of(y) for y in evaluate(attrs, values))
    return outputs


def _computable(spec: TensorSpec) -> bool:
    if spec.dtype.dtype.kind not in "iub":
        return spec.dtype == DType.FLOAT32 and spec.is_static and spec.size <= _KNOWN_FLOATS_LIMIT
    return not spec.is_static or spec.size <= _KNOWN_VALUE_LIMIT


def evaluate(attrs: Attributes, inputs: Sequence[Array]) -> tuple[Array, ...]:
    """Values of the outputs, by the numpy reference. Division by zero and overflow are silent, as in IEEE 754."""
    reference = attrs.definition().evaluate
    if reference is None:
        raise LookupError(f"operator {attrs.op} has no reference")
    with np.errstate(all="ignore"):
        result = reference(attrs, *inputs)
    return result if isinstance(result, tuple) else (result,)
