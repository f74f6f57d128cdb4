"""The delegate that runs every operator by its numpy reference: slower than any other, and the judge of all of them."""
from __future__ import annotations

from functools import partial

from lite import ops
from lite.delegates.base import HostClaim, Operation

__all__ = ["ReferenceDelegate"]


class ReferenceDelegate:
    """Claims every operator that `lite.ops` knows."""

    name = "reference"

    def claim(self, operation: Operation) -> HostClaim:
        """Run `operation` through `lite.ops.evaluate`."""
        return HostClaim(partial(ops.evaluate, operation.attrs))
