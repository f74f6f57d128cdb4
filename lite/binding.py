"""Run without copies: write the inputs into the memory of a plan, and read the outputs there.

    bound = session.bind()
    bound.inputs["x"][...] = image          # before every run, since a run reuses the memory of its inputs
    bound.run()
    print(bound.outputs["y"])               # valid until the session runs again, bound or not
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock
from types import MappingProxyType

from lite.types import Array


class Binding:
    """What Session.bind returns: a plan's inputs and outputs where they are in memory, and a run that copies neither.

    inputs, outputs: arrays by name, in the model's order; the outputs are read-only. Every run of the session uses this
    memory: where threads share the session, copy outputs that must outlast another thread's run.
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
        self.inputs = MappingProxyType(dict(inputs))
        self.outputs = MappingProxyType({name: _read_only(array) for name, array in outputs.items()})
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


def _read_only(array: Array) -> Array:
    view = array.view()
    view.flags.writeable = False
    return view
