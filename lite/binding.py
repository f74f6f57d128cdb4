"""Run without copies: write the inputs into the memory of a plan, and read the outputs there.

    bound = session.bind()
    bound.inputs["x"][...] = image          # before every run, since a run reuses the memory of its inputs
    bound.run()
    print(bound.outputs["y"])               # valid until the session runs again, bound or not
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from lite.errors import TensorNameError
from lite.types import Array

if TYPE_CHECKING:
    from threading import Lock


class Binding:
    """What Session.bind returns: a plan's inputs and outputs where they are in memory, and a run that copies neither.

    inputs, outputs: arrays by name, in the model's order; another name raises TensorNameError. The outputs are
    read-only. Every run of the session uses this memory: where threads share the session, copy outputs that must
    outlast another thread's run.
    """

    __slots__ = ("_check", "_execute", "_lock", "inputs", "outputs")

    def __init__(
        self,
        execute: Callable[[], object],
        inputs: Mapping[str, Array],
        outputs: Mapping[str, Array],
        lock: Lock,
        check: Callable[[], None],
    ) -> None:
        """execute: runs the plan. lock: the session's, held while the plan runs.

        check: raises where the session is closed, or has another plan by now.
        """
        self.inputs = MappingProxyType(_Named("input", inputs))
        read_only = {name: _read_only(array) for name, array in outputs.items()}
        self.outputs = MappingProxyType(_Named("output", read_only))
        self._execute = execute
        self._lock = lock
        self._check = check

    def run(self) -> None:
        """Compute the outputs from the inputs, both in place.

        Raises SessionClosedError after `close`, ShapeError after `resize`, DelegateError where an operation fails.
        """
        with self._lock:
            self._check()
            self._execute()


class _Named(dict[str, Array]):
    """Arrays by name, of what."""

    def __init__(self, what: str, arrays: Mapping[str, Array]) -> None:
        super().__init__(arrays)
        self._what = what

    def __missing__(self, name: object) -> Array:
        raise TensorNameError(f"the model has no {self._what} {name!r}; it has {', '.join(map(repr, self))}")


def _read_only(array: Array) -> Array:
    view = array.view()
    view.flags.writeable = False
    return view
