"""Matrix products and what is added to them."""
from __future__ import annotations

from converter.ir.graph import Value
from converter.mindir.lowering import Lowering
from converter.mindir.operands import Operand


def matmul(op: Lowering, x: Value, y: Value, transpose_a: bool = False, transpose_b: bool = False) -> Operand:
    """x @ y over the last two dimensions, the others broadcast."""
    return op.emit("MatMulFusion", x, y, transpose_a=transpose_a, transpose_b=transpose_b)


def dense(op: Lowering, x: Value, w: Value, b: Value | None = None) -> Operand:
    """x @ w.T + b with w [outputs, inputs]."""
    return op.emit("MatMulFusion", x, w, b, transpose_b=True)


def bias_add(op: Lowering, x: Value, b: Value) -> Operand:
    """x + b with one element of b a channel: dimension 1 of x, which is the last for a matrix."""
    if x.spec.rank <= 2:
        return op.emit("BiasAdd", x, b)
    return op.to_first(op.emit("BiasAdd", op.to_last(x), b, label="bias"))
