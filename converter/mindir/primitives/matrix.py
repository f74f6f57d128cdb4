"""Matrix products and what is added to them."""
from __future__ import annotations

import numpy as np

from converter.ir.graph import Value
from converter.mindir.lowering import Lowering
from converter.mindir.operands import Operand
from converter.mindir.primitives.convolution import NCDHW_NAMES, check_nchw
from lite.ops.reduce import ReduceMode


def matmul(op: Lowering, x: Value, y: Value, transpose_a: bool = False, transpose_b: bool = False) -> Operand:
    """x @ y over the last two dimensions, the others broadcast."""
    return op.emit("MatMulFusion", x, y, transpose_a=transpose_a, transpose_b=transpose_b)


def matmul_ext(op: Lowering, x: Value, y: Value) -> Operand:
    """numpy's matmul: a vector is a row on the left and a column on the right, and that dimension is dropped again."""
    return _product(op, x, y)


def _product(op: Lowering, x: Value, y: Value, label: str = "") -> Value:
    left = op.emit("Unsqueeze", x, label="row", axis=(0,)) if x.spec.rank == 1 else x
    right = op.emit("Unsqueeze", y, label="column", axis=(1,)) if y.spec.rank == 1 else y
    dropped = tuple(axis for axis, operand in ((-2, x), (-1, y)) if operand.spec.rank == 1)
    product = op.emit("MatMulFusion", left, right, label="matrix" if dropped else label)
    return op.emit("Squeeze", product, axis=dropped, label=label) if dropped else product


def dense(op: Lowering, x: Value, w: Value, b: Value | None = None) -> Operand:
    """x @ w.T + b with w [outputs, inputs]."""
    return op.emit("MatMulFusion", x, w, b, transpose_b=True)


def bias_add(op: Lowering, x: Value, b: Value, format: int | str = "NCHW") -> Operand:
    """x + b with one element of b a channel: dimension 1 of x, which is the last for a matrix."""
    if format not in NCDHW_NAMES:
        check_nchw(format)
    if x.spec.rank <= 2:
        return op.emit("BiasAdd", x, b)
    return op.to_first(op.emit("BiasAdd", op.to_last(x), b, label="bias"))


def add_product(op: Lowering, x: Value, a: Value, b: Value, beta: float = 1.0, alpha: float = 1.0) -> Operand:
    """beta * x + alpha * (a @ b), where b may be a vector"""
    return _plus(op, x, _product(op, a, b, "product"), beta, alpha)


def add_sum_of_products(
    op: Lowering, x: Value, a: Value, b: Value, beta: float = 1.0, alpha: float = 1.0
) -> Operand:
    """beta * x + alpha * (the sum of a[i] @ b[i])"""
    products = op.emit("MatMulFusion", a, b, label="products")
    total = op.emit("ReduceFusion", products, op.ints((0,), "axes"), mode=ReduceMode.ReduceSum, label="product")
    return _plus(op, x, total, beta, alpha)


def _plus(op: Lowering, x: Value, product: Value, beta: float, alpha: float) -> Value:
    if alpha != 1:
        product = op.emit("MulFusion", *op.operands(product, alpha), label="alpha")
    if beta != 1:
        x = op.emit("MulFusion", *op.operands(x, beta), label="beta")
    return op.emit("AddFusion", x, product)


def outer(op: Lowering, x: Value, y: Value) -> Operand:
    """Each element of a vector times each of another."""
    left, right = op.operands(x, y)
    column = op.emit("ExpandDims", left, op.constant(np.array(-1, np.int32), "axis"), label="column")
    return op.emit("MulFusion", column, right)
