"""One host step: a Python callable that reads and writes the arena between two stretches of the op table."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lite.delegates.base import HostClaim, Operation
from lite.errors import DelegateError
from lite.types import Array


class HostCall:
    """Calling it runs the claim on the arrays it was bound to. Raises DelegateError for all but OSError inside."""

    __slots__ = ("_call", "_inputs", "_outputs", "_what")

    def __init__(
        self, operation: Operation, delegate: str, claim: HostClaim, inputs: Sequence[Array], outputs: Sequence[Array]
    ) -> None:
        self._what = f"{operation.op} {operation.name!r} (delegate {delegate})"
        self._call = claim.call
        self._inputs = tuple(_read_only(array) for array in inputs)
        self._outputs = tuple(outputs)

    def __call__(self) -> None:
        try:
            with np.errstate(all="ignore"):  # infinities and NaNs pass through a network, as they do in native kernels
                results = self._call(self._inputs)
        except OSError:  # a signal handler's TimeoutError, say: numpy raises none
            raise
        except Exception as error:
            raise DelegateError(f"{self._what} failed: {error}") from error
        for position, (out, result) in enumerate(zip(self._outputs, results, strict=False)):
            if result.shape != out.shape or result.dtype != out.dtype:
                raise DelegateError(
                    f"{self._what} gave {result.dtype}{list(result.shape)} as output {position}, "
                    f"planned was {out.dtype}{list(out.shape)}"
                )
            np.copyto(out, result)


def _read_only(array: Array) -> Array:
    view = array.view()
    view.flags.writeable = False
    return view
