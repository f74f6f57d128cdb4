"""Elements put at indices: where those are, the schema's operators have it as MindSpore."""
from __future__ import annotations

from converter.ir.graph import Value
from converter.mindir.lowering import Ints, Lower, Lowering, Unsupported
from converter.mindir.operands import Operand


def scatter_nd(op: Lowering, indices: Value, updates: Value, shape: Ints) -> Operand:
    """Zeros of a shape, with the updates added at their indices."""
    return op.emit("ScatterNd", indices, updates, op.ints(shape, "shape"))


def scattered(name: str) -> Lower:
    """x with the updates at their indices, by this operator."""

    def lower(op: Lowering, x: Value, indices: Value, updates: Value) -> Operand:
        return op.emit(name, x, indices, updates)

    return lower


def scatter_elements(
    op: Lowering, x: Value, indices: Value, updates: Value, *, axis: int = 0, reduction: int | str = "none"
) -> Operand:
    """x with updates in the place of elements, whose index along `axis` is given."""
    if reduction not in ("none", 0):
        raise Unsupported(f"combines elements by {reduction}: only replacing them is supported")
    return op.emit("ScatterElements", x, indices, updates, axis=axis)
