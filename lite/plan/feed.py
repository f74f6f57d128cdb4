"""What `Session.run` accepts: one array, a sequence in the model's order, or a mapping by name, checked and in order.

An array must have the input's exact element type and shape; nothing is cast, reshaped or broadcast silently. Any memory
layout and byte order will do. Python numbers and nested lists have no element type of their own and take the input's.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lite.errors import DTypeError, ShapeError, TensorError, TensorNameError
from lite.types import Array, DType, TensorSpec

# Kinds of Python values (numpy's letters) that may become elements of an input of a kind.
_CONVERTIBLE = {"b": "b", "i": "biu", "u": "biu", "f": "biuf"}


class Feed:
    """The inputs of a model: their specs, of which dimensions may be unknown (-1)."""

    def __init__(self, specs: Sequence[TensorSpec]) -> None:
        self.specs = tuple(specs)
        self._dtypes = tuple(spec.dtype.dtype for spec in specs)
        self._usual = (self._dtypes[0], self.specs[0].shape) if len(self.specs) == 1 else None
        self._names = {spec.name: position for position, spec in enumerate(specs)}

    def arrange(self, inputs: Any) -> list[Array]:
        """One array for each input, in the model's order. Raises ShapeError, DTypeError or TensorNameError."""
        if type(inputs) is np.ndarray and (inputs.dtype, inputs.shape) == self._usual:
            return [inputs]
        values: Sequence[Any]
        if isinstance(inputs, (list, tuple)):
            values = inputs
        elif isinstance(inputs, np.ndarray) or not isinstance(inputs, Mapping):
            values = (inputs,)
        else:
            values = self._by_name(inputs)
        if len(values) != len(self.specs):
            raise self._count_error(inputs, len(values))
        return [self._checked(position, value) for position, value in enumerate(values)]

    def position(self, name: str) -> int:
        """Position of the input of that name. Raises TensorNameError."""
        if name not in self._names:
            raise TensorNameError(f"there is no input {name!r}; {self}")
        return self._names[name]

    def __str__(self) -> str:
        count = f"{len(self.specs)} input{'' if len(self.specs) == 1 else 's'}"
        return f"the model takes {count}: {'; '.join(map(str, self.specs)) or 'none'}"

    def _by_name(self, inputs: Mapping[str, Any]) -> list[Any]:
        for name in inputs:
            self.position(name)
        missing = [spec for spec in self.specs if spec.name not in inputs]
        if missing:
            raise TensorNameError(f"input {missing[0].name!r} is missing; {self}")
        return [inputs[spec.name] for spec in self.specs]

    def _count_error(self, inputs: Any, count: int) -> TensorError:
        given = f"{count} were given" if count != 1 else "1 was given"
        hint = ""
        if isinstance(inputs, (list, tuple)) and len(self.specs) == 1:
            hint = "; a list has one entry an input: pass the one input as an array, or as [values]"
        return ShapeError(f"{self}; {given}{hint}")

    def _checked(self, position: int, value: Any) -> Array:
        spec, dtype = self.specs[position], self._dtypes[position]
        array = value if isinstance(value, np.ndarray) else self._as_array(spec, dtype, value)
        if type(array) is not np.ndarray and hasattr(array, "mask"):
            raise DTypeError(f"input {spec.name!r} is a masked array, some of it not there: give x.filled(...); {self}")
        if array.dtype != dtype and array.dtype.newbyteorder("=") != dtype:
            raise self._dtype_error(spec, array)
        if array.shape != spec.shape and not _fits(spec.shape, array.shape):
            hint = "a list has one entry an input: pass the one input as an array, or as [values]; "
            hint = hint if isinstance(value, list) and array.ndim == spec.rank - 1 else ""
            got = _dims(array.shape)
            raise ShapeError(f"input {spec.name!r} has shape {_dims(spec.shape)}, got {got}; {hint}{self}")
        return array

    def _as_array(self, spec: TensorSpec, dtype: np.dtype[Any], value: Any) -> Array:
        try:
            array = np.asarray(value)
        except ValueError as error:
            raise ShapeError(f"input {spec.name!r}: the nested lists given are ragged ({error}); {self}") from error
        if not isinstance(value, (bool, int, float, list, tuple)) or isinstance(value, np.generic):
            return array  # an object that numpy can read has an element type of its own
        if array.size and array.dtype.kind not in _CONVERTIBLE[dtype.kind]:
            raise self._dtype_error(spec, array)
        with np.errstate(over="ignore", invalid="ignore"):
            converted = array.astype(dtype)
        if dtype.kind in "iu" and not np.array_equal(converted, array):
            raise DTypeError(f"input {spec.name!r} is {spec.dtype}, which cannot hold all the values given; {self}")
        return converted

    def _dtype_error(self, spec: TensorSpec, array: Array) -> DTypeError:
        numeric = array.dtype.kind in "biuf"
        hint = f"convert it: x.astype(np.{spec.dtype.dtype.name})" if numeric else "it does not hold numbers"
        return DTypeError(f"input {spec.name!r} is {spec.dtype}, got {array.dtype}; {hint}; {self}")


def _fits(expected: Sequence[int], shape: Sequence[int]) -> bool:
    return len(expected) == len(shape) and all(e in (-1, d) for e, d in zip(expected, shape, strict=True))


def _dims(shape: Sequence[int]) -> str:
    return str(TensorSpec(DType.FLOAT32, tuple(shape))).removeprefix("float32")
