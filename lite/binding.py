"""Running without copies: arrays over the memory of a plan instead of arrays of one's own.

    bound = session.bind()
    bound.inputs["x"][...] = image          # before every run: a run reuses the memory of its inputs
    bound.run()
    print(bound.outputs["y"])               # until the next run of the session, bound or not, overwrites it
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock
from types import MappingProxyType

from lite.types import Array


class Binding:
    """What Session.bind returns: the inputs and outputs of one plan, in place, and a run that costs no more than it.

    inputs, outputs: arrays by name, in the model's order; those of the outputs are read-only. Runs of the session use
    the same memory, so whoever shares a session between threads copies what has to last.
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
        """execute: runs the plan. check: raises where that is not the session's any more. lock: held while it runs."""
        self.inputs = MappingProxyType(dict(inputs))
        self.outputs = MappingProxyType({name: _read_only(array) for name, array in outputs.items()})
        self._execute = execute
        self._lock = lock
        self._check = check

    def run(self) -> None:
        """Compute the outputs from the inputs, both where they are.

        Raises SessionClosedError after close, ShapeError after resize, DelegateError where an operation fails.
        """
        with self._lock:
            self._check()
            self._execute()


def _read_only(array: Array) -> Array:
    view = array.view()
    view.flags.writeable = False
    return view
