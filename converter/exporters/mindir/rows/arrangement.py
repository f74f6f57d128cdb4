"""Operators that move elements without computing with them, and that pick them by index."""
from __future__ import annotations

from itertools import accumulate
from typing import Any

import numpy as np

from converter.exporters.mindir.builder import Op
from converter.exporters.refusals import Unsupported
from lite.ops import split as splits
from lite.ops import strided_slice as strided
from lite.ops.pad import PaddingMode


def reshape(op: Op) -> str:
    """To the shape of the result, with one unknown dimension at most."""
    if sum(d < 0 for d in op.out.shape) > 1:
        raise Unsupported("the shape of its result is computed while the network runs")
    return op.call("Reshape", op.x(), op.out.shape)


def transpose(op: Op) -> str:
    """By an order that is known."""
    rank = op.inputs[0].rank
    return op.call("Transpose", op.x(), tuple(i % rank for i in op.known(1, "order")))


def concat(op: Op) -> str:
    """A tuple of tensors."""
    return op.call("Concat", op.together(op.names, op.inputs), op.attrs.axis)


def stack(op: Op) -> str:
    """A tuple of tensors, along a new dimension."""
    count = len(op.inputs)
    names: dict[str, Any] = {"input_names": ["x"], "output_names": ["y"]}
    tensors = op.together(op.names, op.inputs)
    return op.apply("Stack", tensors, axis=op.attrs.axis, N=count, num=count, **names)


def split(op: Op) -> list[str]:
    """Equal pieces by one primitive, others by one each."""
    op.static()
    axis, count, x = op.attrs.axis % op.inputs[0].rank, len(op.outputs), op.inputs[0]
    sizes = splits.sizes_of(op.attrs, x)
    if len(set(sizes)) == 1 and count > 1:
        return op.item("Split", [op.x(), axis, count], op.outputs, *range(count))
    if 0 in sizes:
        raise Unsupported("a piece of it is empty")
    starts = [0, *accumulate(sizes)]
    return [
        op.call("Slice", op.x(), tuple(start if i == axis else 0 for i in range(x.rank)), y.shape, out=y)
        for start, y in zip(starts, op.outputs, strict=False)
    ]


def unstack(op: Op) -> list[str]:
    """A tuple of tensors."""
    count = len(op.outputs)
    names: dict[str, Any] = {"input_names": ["x"], "output_names": ["y"]}
    attributes = {"num": count, "axis": op.attrs.axis, **names}
    return op.item("Unstack", [op.x()], op.outputs, *range(count), attributes=attributes)


def tile(op: Op) -> str:
    """A multiple for each dimension."""
    return op.call("Tile", op.x(), tuple(op.attrs.dims) if len(op.inputs) == 1 else op.known(1, "multiples"))


def broadcast_to(op: Op) -> str:
    """To the shape of the result."""
    op.static()
    return op.call("BroadcastTo", op.x(), op.out.shape)


def fill(op: Op) -> str:
    """One number, repeated."""
    op.static()
    number = 0 if op.attrs.op == "Fill" else 1
    return op.call("BroadcastTo", op.reshaped(number, (1,)), op.out.shape)


def slice_block(op: Op) -> str:
    """Where the block begins and its size, for every dimension."""
    op.static()
    axes = op.attrs.axes or tuple(range(op.inputs[1].size))
    begin = [0] * op.out.rank
    for axis, first in zip(axes, op.known(1, "begin"), strict=True):
        begin[axis] = first
    return op.call("Slice", op.x(), tuple(begin), op.out.shape)


def strided_slice(op: Op) -> str:
    """What numpy's index says of each axis, then the shape without what is dropped."""
    op.static()
    x = op.inputs[0]
    begin, end, *more = (op.known(i, "bounds") for i in range(1, len(op.inputs)))
    index = strided.indices(op.attrs, x, begin, end, more[-1], more[0] if len(more) == 2 else None)
    entries = [entry for entry in index if entry is not None]
    ranges = [
        range(entry % size, entry % size + 1) if isinstance(entry, int) else range(*entry.indices(size))
        for entry, size in zip(entries, x.shape, strict=True)
    ]
    if not all(ranges):
        raise Unsupported("it takes nothing")
    starts, steps = tuple(r.start for r in ranges), tuple(r.step for r in ranges)
    stops = tuple(_stop(r, size) for r, size in zip(ranges, x.shape, strict=True))
    cut = x.like(tuple(map(len, ranges)))
    y = op.call("StridedSlice", op.x(), starts, stops, steps, 0, 0, 0, 0, 0, out=cut)
    return y if cut.shape == op.out.shape else op.call("Reshape", y, op.out.shape)


def _stop(indices: range, size: int) -> int:
    """The end of a range; before the first element it is counted from the end."""
    return indices.stop if indices.stop >= 0 else indices.stop - size


def reverse(op: Op) -> str:
    """Along axes."""
    return op.call("ReverseV2", op.x(), tuple(op.attrs.axis))


def pad(op: Op) -> str:
    """(before, after) of each dimension, the last one first."""
    a = op.attrs
    flat = sum(a.paddings, ()) if len(op.inputs) == 1 else op.known(1, "padding")
    names: dict[str, Any] = {"input_names": ["x", "paddings"], "output_names": ["y"]}
    if a.padding_mode != PaddingMode.CONSTANT:
        pairs = op.tensor(np.array(flat, np.int64).reshape(-1, 2))
        return op.apply("MirrorPad", op.x(), pairs, mode=a.padding_mode.name, **names)
    pairs_back = [flat[i : i + 2] for i in range(len(flat) - 2, -1, -2)]
    while len(pairs_back) > 1 and not any(pairs_back[-1]):
        pairs_back.pop()
    fill = op.number(a.constant_value)
    names["input_names"] = ["x", "paddings", "constant_value"]
    paddings = tuple(int(v) for pair in pairs_back for v in pair)
    return op.apply("PadV3", op.x(), paddings, fill, mode="constant", paddings_contiguous=True, **names)


def gather(op: Op) -> str:
    """Along an axis that is known."""
    return op.call("Gather", op.x(), op.x(1), op.known(2, "axis")[0], 0)


def gather_elements(op: Op) -> str:
    """The axis is a number."""
    return op.call("GatherD", op.x(), op.known(1, "axis")[0], op.x(2))


def one_hot(op: Op) -> str:
    """Two numbers and a depth."""
    if len(op.inputs) == 3:
        raise Unsupported("its two values are one tensor")
    values = (op.reshaped(2, ()), op.reshaped(3, ()))
    rank = op.out.rank
    axis = op.attrs.axis % rank
    return op.call("OneHot", op.x(), op.known(1, "depth")[0], *values, -1 if axis == rank - 1 else axis)


def upper_triangle(op: Op) -> str:
    """The diagonal is a number."""
    return op.call("Triu", op.x(), op.known(1, "diagonal")[0] if len(op.inputs) == 2 else 0)
