"""Shapes, order and selection: operators that move elements without computing with them."""
from __future__ import annotations

import numpy as np

from converter.ir.graph import Value
from converter.mindir.lowering import Ints, Lowering, Unsupported
from converter.mindir.operands import Operand


def reshape(op: Lowering, x: Value, shape: Ints) -> Operand:
    """x under another shape; -1 once for what is left."""
    return op.emit("Reshape", x, op.ints(shape, "shape"))


def flatten(op: Lowering, x: Value) -> Operand:
    """[N, the rest]"""
    return op.emit("Flatten", x, axis=1)


def transpose(op: Lowering, x: Value, perm: Ints) -> Operand:
    """Dimension i of the result is dimension perm[i] of x."""
    return op.emit("Transpose", x, op.ints(perm, "perm"))


def expand_dims(op: Lowering, x: Value, axis: int) -> Operand:
    """One dimension of 1 more, at `axis`."""
    return op.emit("ExpandDims", x, op.constant(np.array(axis, np.int32), "axis"))


def squeeze(op: Lowering, x: Value, axis: Ints = ()) -> Operand:
    """Without the dimensions of 1 named, or without any."""
    return op.emit("Squeeze", x, axis=axis)


def concat(op: Lowering, xs: tuple[Value, ...], axis: int = 0) -> Operand:
    """The inputs one after the other."""
    return op.emit("Concat", *xs, axis=axis)


def stack(op: Lowering, xs: tuple[Value, ...], *, axis: int = 0) -> Operand:
    """The inputs along a new dimension."""
    return op.emit("Stack", *xs, axis=axis)


def split(op: Lowering, x: Value, axis: int = 0, output_num: int = 1) -> Operand:
    """Equal parts, as a tuple."""
    return op.emit_all("Split", x, axis=axis, output_num=output_num)


def strided_slice(
    op: Lowering,
    x: Value,
    begin: Ints,
    end: Ints,
    strides: Ints,
    begin_mask: int = 0,
    end_mask: int = 0,
    ellipsis_mask: int = 0,
    new_axis_mask: int = 0,
    shrink_axis_mask: int = 0,
) -> Operand:
    """x[begin:end:strides]; bit i of a mask changes the meaning of entry i, bits beyond the entries have none."""
    entries = (1 << len(begin)) - 1
    return op.emit(
        "StridedSlice",
        x,
        op.ints(begin, "begin"),
        op.ints(end, "end"),
        op.ints(strides, "strides"),
        begin_mask=begin_mask & entries,
        end_mask=end_mask & entries,
        ellipsis_mask=ellipsis_mask & entries,
        new_axis_mask=new_axis_mask & entries,
        shrink_axis_mask=shrink_axis_mask & entries,
    )


def slice_(op: Lowering, x: Value, begin: Ints, size: Ints) -> Operand:
    """size[i] elements from begin[i] on; -1 for all that are left."""
    return op.emit("SliceFusion", x, op.ints(begin, "begin"), op.ints(size, "size"), axes=tuple(range(len(begin))))


def gather(op: Lowering, x: Value, indices: Value, axis: int = 0, batch_dims: int = 0) -> Operand:
    """Slices of x along `axis`, by index."""
    if batch_dims:
        raise Unsupported(f"gathers with {batch_dims} batch dimensions: only 0 is supported")
    return op.emit("Gather", x, indices, op.constant(np.array(axis, np.int32), "axis"))


def tile(op: Lowering, x: Value, multiples: Ints) -> Operand:
    """x repeated along each dimension."""
    return op.emit("TileFusion", x, op.ints(multiples, "multiples"))


def pad(op: Lowering, x: Value, *, paddings: tuple[Ints, ...]) -> Operand:
    """Zeros around x: (before, after) for each dimension."""
    return op.emit("PadFusion", x, op.constant(np.array(paddings, np.int32), "paddings"))


def reverse(op: Lowering, x: Value, axis: Ints) -> Operand:
    """Backwards along the axes."""
    return op.emit("ReverseV2", x, axis=axis)
