"""Arrangement of tensors by the primitives of mindspore.mint, which take dimensions where older ones take axes."""
from __future__ import annotations

import numpy as np

from converter.errors import ParseError
from converter.ir.graph import Value
from converter.mindir.lowering import Ints, Lowering, Scalar, Unsupported
from converter.mindir.operands import Operand
from converter.mindir.primitives import scatter, shape, updates


def stack(op: Lowering, xs: tuple[Value, ...], dim: int = 0) -> Operand:
    """The inputs along a new dimension."""
    return op.emit("Stack", *xs, axis=dim)


def index_select(op: Lowering, x: Value, dim: int, index: Value) -> Operand:
    """Slices of x along `dim`, by index."""
    return op.emit("Gather", x, index, op.constant(np.array(dim, np.int32), "dim"))


def narrow(op: Lowering, x: Value, dim: int, start: int, length: int) -> Operand:
    """`length` slices of x along `dim`, from `start` on, which counts from the end where it is negative."""
    if not -x.spec.rank <= dim < x.spec.rank or length < 0:
        raise ParseError(f"{op.name}: {x.spec} has no {length} slices along dimension {dim}")
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


def unstack(op: Lowering, x: Value, dim: int = 0) -> Operand:
    """The slices along a dimension, as a tuple."""
    return op.emit_all("Unstack", x, axis=dim)


def swap(op: Lowering, x: Value, dim0: int, dim1: int) -> Operand:
    """x with two dimensions exchanged."""
    order = list(range(x.spec.rank))
    order[dim0], order[dim1] = order[dim1], order[dim0]
    return shape.transpose(op, x, tuple(order))


def transposed(op: Lowering, x: Value) -> Operand:
    """A matrix with its dimensions exchanged; a vector is itself."""
    return x if x.spec.rank < 2 else swap(op, x, 0, 1)


def flatten(op: Lowering, x: Value, start_dim: int = 0, end_dim: int = -1) -> Operand:
    """x with the dimensions from start_dim to end_dim, which is included, as one."""
    rank = x.spec.rank
    first, last = (start_dim % rank, end_dim % rank) if rank else (0, -1)
    if (first, last) == (1, rank - 1):
        return shape.flatten(op, x)
    kept = (*x.spec.shape[:first], *x.spec.shape[last + 1 :])
    if kept and min(kept) < 0:
        raise Unsupported(f"flattens {x.spec.like()} from {start_dim} to {end_dim}: fix its other dimensions")
    return op.emit("Reshape", x, op.ints((*x.spec.shape[:first], -1, *x.spec.shape[last + 1 :]), "shape"))


def repeat(op: Lowering, x: Value, repeats: Ints) -> Operand:
    """x repeated so often along each dimension; further ones come first."""
    more = len(repeats) - x.spec.rank
    if more > 0:
        x = op.emit("Unsqueeze", x, label="more", axis=tuple(range(more)))
    return shape.tile(op, x, repeats)


def repeat_interleave(
    op: Lowering, x: Value, repeats: int, dim: int | None = None, output_size: int | None = None
) -> Operand:
    """Each slice along a dimension so often, or each element of all as a vector."""
    if dim is None:
        x, dim = op.emit("Reshape", x, op.ints((-1,), "flat/shape"), label="flat"), 0
    axis, sizes = dim % x.spec.rank, x.spec.shape
    whole = (*sizes[:axis], sizes[axis] * repeats if sizes[axis] >= 0 else -1, *sizes[axis + 1 :])
    if whole.count(-1) > 1 or repeats < 1:
        raise Unsupported(f"repeats slices of {x.spec.like()} {repeats} times: fix its shape, and repeat at least once")
    each = op.emit("Unsqueeze", x, label="each", axis=(axis + 1,))
    multiples = tuple(repeats if i == axis + 1 else 1 for i in range(x.spec.rank + 1))
    tiled = op.emit("TileFusion", each, op.ints(multiples, "multiples"), label="tiled")
    return op.emit("Reshape", tiled, op.ints(whole, "shape"))


def slice_along(op: Lowering, x: Value, dim: int, start: int, end: int, step: int) -> Operand:
    """x[start:end:step] along one dimension."""
    axis = dim % x.spec.rank
    whole = (1 << axis) - 1  # bits of the dimensions before, which are whole
    begin, last, steps = ((0,) * axis + (start,), (0,) * axis + (end,), (1,) * axis + (step,))
    return shape.strided_slice(op, x, begin, last, steps, begin_mask=whole, end_mask=whole)


def scatter_add(op: Lowering, x: Value, dim: int, index: Value, src: Value) -> Operand:
    """x with src added to the elements whose index along a dimension is given."""
    return scatter.scatter_along(op, x, dim, index, src, "add")


def index_add(op: Lowering, x: Value, dim: int, index: Value, source: Value, alpha: Scalar = 1) -> Operand:
    """x with alpha times the source added to the slices along a dimension whose index is given."""
    if alpha != 1:
        source = op.emit("MulFusion", *op.operands(source, alpha), label="alpha")
    return updates.index_add(op, x, index, source, axis=dim)
