"""The delegate that runs every operator by its numpy reference: slower than any other, and the judge of all of them."""
from __future__ import annotations

from functools import partial

from lite import ops
from lite.delegates.base import NO_EPILOGUE, HostClaim, Operation

__all__ = ["ReferenceDelegate"]


class ReferenceDelegate:
    """Claims every operator that `lite.ops` knows, without an epilogue: that is an operation of its own here."""

    name = "reference"

    def claim(self, operation: Operation) -> HostClaim | None:
        """Run `operation` through `lite.ops.evaluate`."""
        if operation.epilogue != NO_EPILOGUE:
            return None
        return HostClaim(partial(ops.evaluate, operation.attrs))
