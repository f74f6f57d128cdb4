"""What a session keeps from run to run: an array for each state of its model, replaced when a run has succeeded."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lite.errors import DelegateError, DTypeError, ShapeError, TensorNameError
from lite.types import Array, TensorSpec


class States:
    """The states of one session, by name in the model's order.

    Their arrays are never written to: a run gives new ones, all of them or, where it fails, none.
    """

    def __init__(self, specs: Sequence[TensorSpec]) -> None:
        """specs: of the states; their values are what they hold at first."""
        self.specs = tuple(spec.like().named(spec.name) for spec in specs)
        self._initial = tuple(spec.value for spec in specs if spec.value is not None)
        self.arrays: Sequence[Array] = self._initial

    def copies(self) -> dict[str, Array]:
        """Copies of what the states hold, by name."""
        return {spec.name: array.copy() for spec, array in zip(self.specs, self.arrays, strict=True)}

    def reset(self, given: Mapping[str, Array]) -> None:
        """Let the states hold these arrays, and those that are not named what they held at first.

        Raises TensorNameError, DTypeError or ShapeError, and changes nothing then.
        """
        known = {spec.name: position for position, spec in enumerate(self.specs)}
        arrays = list(self._initial)
        for name, value in given.items():
            if name not in known:
                raise TensorNameError(f"there is no state {name!r}; the model keeps {self}")
            spec = self.specs[known[name]]
            array = _array(spec, value)
            if array.dtype != spec.dtype.dtype:
                raise DTypeError(f"state {spec} was given {array.dtype}")
            if array.shape != spec.shape:
                raise ShapeError(f"state {spec} was given shape {list(array.shape)}")
            arrays[known[name]] = array.copy()
        self.arrays = arrays

    def check(self, specs: Sequence[TensorSpec]) -> None:
        """Raises ShapeError or DTypeError where runs will give states of another shape or type than they hold."""
        for spec, becomes in zip(self.specs, specs, strict=True):
            if becomes.dtype != spec.dtype:
                raise DTypeError(f"state {spec} becomes {becomes.dtype}")
            if becomes.rank != spec.rank or any(0 <= d != n for d, n in zip(becomes.shape, spec.shape, strict=True)):
                raise ShapeError(f"state {spec} becomes {becomes}")

    def keep(self, arrays: Sequence[Array]) -> None:
        """Hold what a run has given. Raises DelegateError for other shapes, and then keeps what was there."""
        for spec, array in zip(self.specs, arrays, strict=True):
            if array.shape != spec.shape:
                raise DelegateError(f"state {spec} would become {TensorSpec.of(array)}")
        self.arrays = arrays

    def __str__(self) -> str:
        return ", ".join(map(str, self.specs)) or "none"


def _array(spec: TensorSpec, value: object) -> Array:
    """A value for a state, as an array. Raises ShapeError or DTypeError where it is none."""
    if hasattr(value, "mask"):
        raise DTypeError(f"state {spec} was given a masked array, some of it not there: give x.filled(...)")
    try:
        array: Array = np.asarray(value)
    except ValueError as error:
        raise ShapeError(f"state {spec} was given nested lists that are ragged: {error}") from error
    return array
