"""Primitives that mindspore.mint exports for what others have under other names."""
from __future__ import annotations

import numpy as np

from converter.ir.graph import Value
from converter.mindir.lowering import Ints, Lowering, Unsupported
from converter.mindir.operands import Missing, Operand
from lite.ops.enums import ActivationType, ReduceMode


def gelu(op: Lowering, x: Value, approximate: int | str = 0) -> Operand:
    """GELU by erf, or by tanh."""
    by_tanh = approximate in (1, "tanh")
    return op.emit("Activation", x, activation_type=ActivationType.GELU, approximate=by_tanh)


def stack(op: Lowering, xs: tuple[Value, ...], dim: int = 0) -> Operand:
    """The inputs along a new dimension."""
    return op.emit("Stack", *xs, axis=dim)


def index_select(op: Lowering, x: Value, dim: int, index: Value) -> Operand:
    """Slices of x along `dim`, by index."""
    return op.emit("Gather", x, index, op.constant(np.array(dim, np.int32), "dim"))


def narrow(op: Lowering, x: Value, dim: int, start: int, length: int) -> Operand:
    """`length` slices of x along `dim`, from `start` on, which counts from the end where it is negative."""
    size = x.spec.shape[dim]
    begin = start + size if start < 0 <= size else start
    return op.emit("SliceFusion", x, op.ints((begin,), "begin"), op.ints((length,), "size"), axes=(dim,))


def split(op: Lowering, x: Value, split_size: int, dim: int = 0) -> Operand:
    """Parts of this size, as a tuple; the last one may be smaller."""
    size = x.spec.shape[dim]
    if size < 1 or split_size < 1:
        raise Unsupported(f"splits {x.spec.like()} into parts of {split_size}: fix the size of dimension {dim}")
    sizes = tuple(min(split_size, size - begin) for begin in range(0, size, split_size))
    return op.emit_all("Split", x, axis=dim, output_num=len(sizes), size_splits=sizes)


def chunk(op: Lowering, x: Value, chunks: int, dim: int = 0) -> Operand:
    """At most so many parts of one size, but for the last."""
    return split(op, x, -(-x.spec.shape[dim] // max(chunks, 1)), dim)


def rms_norm(op: Lowering, x: Value, gamma: Value, epsilon: float = 1e-6) -> Operand:
    """x / sqrt(mean of x^2 + epsilon) * gamma, the mean over the dimensions of gamma."""
    axes: Ints = tuple(range(-gamma.spec.rank, 0))
    squares = op.emit("Square", x, label="squares")
    mean = op.emit(
        "ReduceFusion", squares, op.ints(axes, "axes"), mode=ReduceMode.ReduceMean, keep_dims=True, label="mean"
    )
    factor = op.emit("Rsqrt", op.emit("AddFusion", *op.operands(mean, epsilon), label="epsilon"), label="factor")
    normal = op.emit("MulFusion", x, factor, label="normal")
    y = op.emit("MulFusion", *op.operands(normal, gamma))
    return (y, Missing("uses a result of RmsNorm that only training needs"))
