"""Matrices and grids that are made of shapes, parts of matrices, and comparisons of each element with each."""
from __future__ import annotations

import math

import numpy as np

from converter.errors import ParseError
from converter.ir.graph import Value
from converter.mindir.lowering import Ints, Lower, Lowering, Scalar, Unsupported
from converter.mindir.operands import Operand
from lite.ops.reduce import ReduceMode
from lite.types import DType


def triangle(schema_op: str) -> Lower:
    """A triangle of each matrix, zero elsewhere."""

    def lower(op: Lowering, x: Value, diagonal: int = 0) -> Operand:
        return op.emit(schema_op, x, op.constant(np.array(diagonal, np.int32), "diagonal"))

    return lower


def band(op: Lowering, x: Value, lower: int, upper: int) -> Operand:
    """What is at most `lower` below the diagonal and `upper` above it, zero elsewhere; negative ones are no limit."""
    rows, columns = _matrix(op, x)
    above = np.arange(columns) - np.arange(rows)[:, None]
    kept = ((lower < 0) | (-above <= lower)) & ((upper < 0) | (above <= upper))
    return op.emit("Select", op.constant(kept, "kept"), *op.operands(x, 0))


def _matrix(op: Lowering, x: Value) -> tuple[int, int]:
    """Rows and columns of matrices."""
    if x.spec.rank < 2 or min(x.spec.shape[-2:]) < 0:
        raise Unsupported(f"takes a part of {x.spec.like()}: it needs matrices of a known shape")
    return x.spec.shape[-2], x.spec.shape[-1]


def eye(op: Lowering, n: int, m: int, dtype: int) -> Operand:
    """Ones on the diagonal."""
    if dtype not in list(DType):
        raise Unsupported(f"makes elements of the type {dtype}: no operator here computes with it")
    if not 0 <= n * m < 2**31 or min(n, m) < 0:
        raise ParseError(f"{op.name}: {n} x {m} is no size of a matrix")
    return op.constant(np.eye(n, m, dtype=DType(dtype).dtype), "eye")


def lin_space(op: Lowering, start: Value, stop: Value, num: int) -> Operand:
    """Evenly spaced numbers, both ends included."""
    return op.emit("LinSpace", start, stop, op.constant(np.array(num, np.int32), "count"))


def spaced(op: Lowering, start: float, end: float, steps: int, dtype: int | None = None) -> Operand:
    """The same for plain numbers, float32 where no other type is given."""
    if dtype not in (None, *DType):
        raise Unsupported(f"makes elements of the type {dtype}: no operator here computes with it")
    ends = (op.constant(np.array(number, np.float32), label) for number, label in ((start, "start"), (end, "end")))
    numbers = op.emit("LinSpace", *ends, op.ints((steps,), "count"))
    return op.cast(numbers, DType.FLOAT32 if dtype is None else DType(dtype))


def diagonal_matrix(op: Lowering, x: Value) -> Operand:
    """The elements of x on a diagonal, zero elsewhere: x's shape twice."""
    if not x.spec.is_static:
        raise Unsupported(f"makes a matrix of {x.spec.like()}: give it a shape that is known")
    flat = x if x.spec.rank == 1 else op.emit("Reshape", x, op.ints((-1,), "flat/shape"), label="flat")
    on = op.constant(np.eye(x.spec.size, dtype=bool), "diagonal")
    if x.spec.rank == 1:
        return op.emit("Select", on, *op.operands(flat, 0))
    square = op.emit("Select", on, *op.operands(flat, 0), label="square")
    return op.emit("Reshape", square, op.ints((*x.spec.shape, *x.spec.shape), "shape"))


def diagonals_matrix(
    op: Lowering,
    x: Value,
    k: Ints = (0,),
    num_rows: int = -1,
    num_cols: int = -1,
    padding_value: Value | Scalar = 0,
    *,
    align: str = "RIGHT_LEFT",
) -> Operand:
    """Matrices with x on their diagonals k[0] to k[1], the upper one first in x, and `padding_value` elsewhere.

    align: where in its row of x a diagonal is that is shorter than others, above the main one and below.
    """
    low, high = k[0], k[-1]
    if not x.spec.is_static or low > high or align not in _ALIGNMENTS:
        raise Unsupported(f"puts {x.spec.like()} on the diagonals {k}, aligned {align}: give it a shape that is known")
    longest = x.spec.shape[-1]
    band = (high - low + 1, longest) if low < high else (longest,)
    least = longest - min(high, 0), longest + max(low, 0)
    square = max(least)
    rows, columns = (square, square) if num_rows == num_cols == -1 else (
        least[0] if num_rows == -1 else num_rows, least[1] if num_cols == -1 else num_cols
    )
    if x.spec.shape[-len(band) :] != band or rows < least[0] or columns < least[1]:
        raise ParseError(f"{op.name}: {x.spec} are not the diagonals {k} of {rows} x {columns}")
    across = np.arange(columns)
    offset = across - np.arange(rows)[:, None]
    length = np.minimum(rows + np.minimum(offset, 0), columns - np.maximum(offset, 0))
    above, below = (side == "RIGHT" for side in align.split("_"))
    place = across - np.maximum(offset, 0) + np.where(np.where(offset >= 0, above, below), longest - length, 0)
    on = (low <= offset) & (offset <= high)
    index = np.where(on, (high - offset) * longest + place, 0).astype(np.int32)
    flat = op.emit("Reshape", x, op.ints((*x.spec.shape[: -len(band)], -1), "flat/shape"), label="flat")
    last = op.constant(np.array(-1, np.int32), "axis")
    elements = op.emit("Gather", flat, op.constant(index, "places"), last, label="elements")
    return op.emit("Select", op.constant(on, "on"), *op.operands(elements, padding_value))


_ALIGNMENTS = ("LEFT_RIGHT", "RIGHT_LEFT", "LEFT_LEFT", "RIGHT_RIGHT")


def diagonal(op: Lowering, x: Value, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Operand:
    """The elements of a diagonal of the matrices that two dimensions are, as the last dimension."""
    return _diagonal(op, x, offset, dim1, dim2, "")


def _diagonal(op: Lowering, x: Value, offset: int, dim1: int, dim2: int, label: str) -> Value:
    rank = x.spec.rank
    pair = (dim1 % rank, dim2 % rank)
    order = (*(d for d in range(rank) if d not in pair), *pair)
    last = x if order == tuple(range(rank)) else op.transpose(x, order, "last")
    rows, columns = _matrix(op, last)
    count = max(min(rows, columns - offset) if offset >= 0 else min(rows + offset, columns), 0)
    first = offset if offset >= 0 else -offset * columns
    outer = last.spec.shape[:-2]
    if min(outer, default=1) < 0:
        raise Unsupported(f"takes a diagonal of {x.spec.like()}: give it a shape that is known")
    flat = op.emit("Reshape", last, op.ints((*outer, rows * columns), "flat/shape"), label="flat")
    zeros, ones = (0,) * len(outer), (1,) * len(outer)
    begin, end = (*zeros, first), (*outer, first + max(count - 1, 0) * (columns + 1) + (count > 0))
    bounds = (op.ints(begin, "begin"), op.ints(end, "end"), op.ints((*ones, columns + 1), "strides"))
    return op.emit("StridedSlice", flat, *bounds, label=label)


def trace(op: Lowering, x: Value) -> Operand:
    """The sum of the diagonal of a matrix."""
    on = _diagonal(op, x, 0, 0, 1, "diagonal")
    return op.emit("ReduceFusion", on, op.ints((0,), "axes"), mode=ReduceMode.ReduceSum)


_XY = 1  # how MindIR numbers it


def mesh_grid(op: Lowering, xs: tuple[Value, ...], indexing: int | str = "xy") -> Operand:
    """Vectors, each repeated along the dimensions of the others; "xy": the first two dimensions are exchanged."""
    if any(x.spec.rank != 1 or not x.spec.is_static for x in xs):
        raise Unsupported("makes a grid of what are no vectors of a known length")
    axes = list(range(len(xs)))
    if indexing in ("xy", _XY) and len(xs) > 1:
        axes[:2] = [1, 0]
    shape = [0] * len(xs)
    for axis, x in zip(axes, xs, strict=True):
        shape[axis] = x.spec.size
    results = []
    for i, (axis, x) in enumerate(zip(axes, xs, strict=True)):
        own = [x.spec.size if d == axis else 1 for d in range(len(xs))]
        line = op.emit("Reshape", x, op.ints(own, f"{i}/shape"), label=f"line{i}")
        results.append(op.emit("BroadcastTo", line, op.ints(shape, "shape"), shape=tuple(shape), label=f"grid{i}"))
    return tuple(results)


def cross(op: Lowering, x: Value, y: Value, dim: int = -65530) -> Operand:
    """The cross product of vectors of 3 along a dimension: the first of that length where none is said."""
    if dim == -65530:
        dim = x.spec.shape.index(3) if 3 in x.spec.shape else 0
    axis = op.constant(np.array(dim, np.int32), "axis")

    def turned(v: Value, by: int, label: str) -> Value:
        order = op.ints([(i + by) % 3 for i in range(3)], f"order{by}")
        return op.emit("Gather", v, order, axis, label=label)

    parts = [
        op.emit("MulFusion", turned(x, i, f"x{i}"), turned(y, 3 - i, f"y{i}"), label=f"product{i}") for i in (1, 2)
    ]
    return op.emit("SubFusion", *parts)


def search_sorted(
    op: Lowering,
    sequence: Value,
    values: Value,
    sorter: Value | None = None,
    dtype: int = DType.INT64,
    right: bool = False,
) -> Operand:
    """Where each value belongs in a sorted sequence: how many of its elements are less, or no greater where `right`."""
    if sorter is not None:
        raise Unsupported("searches a sequence by the order of another: sort it before")
    sequence, values = op.operands(sequence, values)
    end = op.constant(np.array(-1, np.int32), "end")
    each = op.emit("ExpandDims", values, end, label="each")
    if sequence.spec.rank > 1:
        sequence = op.emit("ExpandDims", sequence, op.constant(np.array(-2, np.int32), "before"), label="rows")
    before = op.emit("LessEqual" if right else "Less", sequence, each, label="before")
    axes = op.ints((before.spec.rank - 1,), "axes")
    count = op.emit("ReduceFusion", op.cast(before, DType.INT32), axes, mode=ReduceMode.ReduceSum, label="count")
    return op.cast(count, DType(dtype), "places")


def distances(op: Lowering, x: Value, y: Value, p: float = 2.0) -> Operand:
    """Of each row of x from each row of y: the p-norm of their difference."""
    rows = op.emit("ExpandDims", x, op.constant(np.array(-2, np.int32), "rows"), label="x")
    columns = op.emit("ExpandDims", y, op.constant(np.array(-3, np.int32), "columns"), label="y")
    difference = op.emit("SubFusion", rows, columns, label="difference")
    return norm_of(op, difference, (difference.spec.rank - 1,), p, False)


def lp_norm(
    op: Lowering, x: Value, *, axis: Ints, p: float = 2.0, keep_dims: bool = False, epsilon: float = 0.0
) -> Operand:
    """The p-norm over the axes."""
    return norm_of(op, x, axis, p, keep_dims)


def renorm(op: Lowering, x: Value, *, p: float, dim: int, maxnorm: float) -> Operand:
    """x, each of its slices along a dimension made so much smaller that its p-norm is at most `maxnorm`."""
    axes = tuple(axis for axis in range(x.spec.rank) if axis != dim % x.spec.rank)
    norm = norm_of(op, x, axes, p, True, "norm")
    share = op.emit("DivFusion", *op.operands(maxnorm, norm), label="share")
    beyond = op.emit("Greater", *op.operands(norm, maxnorm), label="beyond")
    return op.emit("MulFusion", x, op.emit("Select", beyond, *op.operands(share, 1.0), label="scale"))


def norm_of(op: Lowering, x: Value, axes: Ints, p: float, keep_dims: bool, label: str = "") -> Value:
    """(sum |x|^p)^(1/p); the largest |x| for an infinite p."""
    over = op.ints(axes or range(x.spec.rank), "axes")

    def total(v: Value, mode: ReduceMode, label: str) -> Value:
        return op.emit("ReduceFusion", v, over, mode=mode, keep_dims=keep_dims, label=label)

    if p == 2:
        squares = op.emit("Square", x, label="squares")
        return op.emit("Sqrt", total(squares, ReduceMode.ReduceSum, "sum"), label=label)
    size = op.emit("Abs", x, label="size")
    if math.isinf(p) and p > 0:
        return total(size, ReduceMode.ReduceMax, label)
    if p == 1:
        return total(size, ReduceMode.ReduceSum, label)
    if not p > 0:
        raise Unsupported(f"computes the {p}-norm: only positive ones are supported")
    powers = op.emit("PowFusion", *op.operands(size, float(p)), scale=1.0, shift=0.0, label="powers")
    exponents = op.operands(total(powers, ReduceMode.ReduceSum, "sum"), 1 / p)
    return op.emit("PowFusion", *exponents, scale=1.0, shift=0.0, label=label)


def affine_grid(op: Lowering, theta: Value, output_size: Ints, align_corners: bool = False) -> Operand:
    """Where the pixels of pictures of that size come from: theta [N, 2, 3] times each (x, y, 1) in [-1, 1]."""
    if len(output_size) != 4 or min(output_size) < 1:
        raise Unsupported(f"makes a grid of {output_size}: only pictures [N, C, H, W] are supported")
    rows, columns = (_centres(n, align_corners) for n in output_size[2:])
    grid = np.stack([*np.broadcast_arrays(columns, rows[:, None]), np.ones((len(rows), len(columns)))], axis=-1)
    points = op.constant(grid.reshape(1, -1, 3).astype(theta.spec.dtype.dtype), "points")
    places = op.emit("MatMulFusion", points, theta, label="places", transpose_b=True)
    return op.emit("Reshape", places, op.ints((-1, *output_size[2:], 2), "shape"))


def _centres(n: int, align_corners: bool) -> np.ndarray:
    """n points in [-1, 1]: from end to end, or in the middles of n equal parts."""
    if align_corners:
        return np.linspace(-1, 1, n) if n > 1 else np.zeros(1)
    return (2 * np.arange(n) + 1) / n - 1
