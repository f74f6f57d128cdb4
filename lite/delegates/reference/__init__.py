"""The delegate that runs every operator by its numpy reference: slower than any other, and the judge of all of them."""
from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from lite import ops
from lite.delegates.base import AS_IS, NO_EPILOGUE, HostClaim, Operation, Order
from lite.types import Array

__all__ = ["ReferenceDelegate"]


class ReferenceDelegate:
    """Claims every operator that `lite.ops` knows, without an epilogue: that is an operation of its own here."""

    name = "reference"

    def claim(self, operation: Operation) -> HostClaim | None:
        """Run `operation` through `lite.ops.evaluate`."""
        if operation.epilogue != NO_EPILOGUE or operation.then:
            return None
        call = partial(ops.evaluate, operation.attrs)
        return HostClaim(call if operation.orders == AS_IS else partial(_in_orders, operation))


def _in_orders(operation: Operation, tensors: Sequence[Array]) -> tuple[Array, ...]:
    seen = [_transposed(x, operation.input_order(i)) for i, x in enumerate(tensors)]
    first, *others = ops.evaluate(operation.attrs, seen)
    order = operation.orders.output
    return _transposed(first, tuple(order.index(axis) for axis in range(len(order)))), *others


def _transposed(x: Array, order: Order) -> Array:
    return x.transpose(order) if order else x
