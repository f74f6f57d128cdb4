"""Operators that move elements without computing with them."""
from __future__ import annotations

import numpy as np

from converter.exporters.onnx.builder import Op, Row
from converter.exporters.refusals import Unsupported
from lite.ops import split as splits
from lite.ops import strided_slice as strided
from lite.ops.pad import PaddingMode
from lite.ops.permutation import FORMAT_ORDERS
from lite.types import DType

_LAST = np.iinfo(np.int64).max  # the end of an axis, for Slice
_BEFORE_FIRST = np.iinfo(np.int64).min


def reshape(op: Op) -> str:
    """To the shape of the result; where that is not known, to what the shape operand says."""
    dims = op.out.shape
    if sum(d < 0 for d in dims) <= 1 and (0 not in dims or op.out.is_static):
        return op.emit("Reshape", op.x(), op.ints(*dims), allowzero=int(0 in dims) or None)
    if op.attrs.op == "Reshape":
        return op.emit("Reshape", op.x(), op.wide(1))
    if op.attrs.op == "Flatten":
        return op.emit("Flatten", op.x(), axis=op.attrs.axis)
    if op.attrs.op == "Squeeze":
        return op.emit("Squeeze", op.x(), op.ints(*op.attrs.axis))
    if op.attrs.op == "Unsqueeze":
        return op.emit("Unsqueeze", op.x(), op.ints(*op.attrs.axis))
    return op.emit("Unsqueeze", op.x(), op.ints(*op.known(1, "axis")))


def transpose(op: Op) -> str:
    """By an order that is known."""
    rank = op.inputs[0].rank
    return op.emit("Transpose", op.x(), perm=[i % rank for i in op.known(1, "order")])


def format_transpose(op: Op) -> str:
    """NHWC to NCHW or back, or nothing."""
    order = FORMAT_ORDERS.get((op.attrs.src_format, op.attrs.dst_format))
    return op.x() if order is None else op.emit("Transpose", op.x(), perm=order)


def concat(op: Op) -> str:
    """Along an axis."""
    return op.emit("Concat", *op.names, axis=op.attrs.axis)


def stack(op: Op) -> str:
    """Each with a new dimension, joined along it."""
    axis = op.attrs.axis % op.out.rank
    return op.emit("Concat", *(op.emit("Unsqueeze", name, op.ints(axis)) for name in op.names), axis=axis)


def split(op: Op) -> list[str]:
    """Sizes that are known."""
    sizes = splits.sizes_of(op.attrs, op.inputs[0])
    if min(sizes) < 0:
        raise Unsupported("the sizes of its pieces are not known: fix them with the option input_shapes")
    return op.emit_all("Split", [op.x(), op.ints(*sizes)], len(sizes), axis=op.attrs.axis)


def unstack(op: Op) -> list[str]:
    """Pieces of one, without the dimension."""
    axis, count = op.attrs.axis % op.inputs[0].rank, len(op.outputs)
    pieces = op.emit_all("Split", [op.x(), op.ints(*(1,) * count)], count, axis=axis)
    return [op.emit("Squeeze", piece, op.ints(axis)) for piece in pieces]


def tile(op: Op) -> str:
    """A multiple for each dimension; x is given leading ones where there are more multiples."""
    x = op.x()
    if op.out.rank > op.inputs[0].rank:
        x = op.emit("Unsqueeze", x, op.ints(*range(op.out.rank - op.inputs[0].rank)))
    return op.emit("Tile", x, op.ints(*op.attrs.dims) if len(op.inputs) == 1 else op.wide(1))


def broadcast_to(op: Op) -> str:
    """-1 keeps a dimension, as 1 does in ONNX."""
    if op.out.is_static:
        return op.emit("Expand", op.x(), op.ints(*op.out.shape))
    shape = op.ints(*op.attrs.shape) if len(op.inputs) == 1 else op.wide(1)
    return op.emit("Expand", op.x(), op.emit("Abs", shape))


def fill(value: int, shape: int) -> Row:
    """Which inputs are the value and the shape."""

    def row(op: Op) -> str:
        number = op.reshaped(value, ())
        return op.emit("Expand", number, op.wide(shape))

    return row


def constant_of_shape(op: Op) -> str:
    """The value is an attribute."""
    number = op.constant((op.attrs.value or (0.0,))[0], op.out.dtype.dtype)
    return op.emit("Expand", number, op.wide(0))


def range_of(op: Op) -> str:
    """Bounds as inputs, or attributes."""
    if not op.inputs:
        return op.emit("Range", *(op.constant(v, np.int32) for v in (op.attrs.start, op.attrs.limit, op.attrs.delta)))
    return op.emit("Range", *(op.reshaped(i, ()) for i in range(3)))


def shape_of(op: Op) -> str:
    """Dimensions as int32."""
    return op.cast(op.emit("Shape", op.x()), DType.INT32)


def size_of(op: Op) -> str:
    """Their product."""
    return op.cast(op.emit("Size", op.x()), DType.INT32)


def slice_block(op: Op) -> str:
    """A block by where it begins and its size."""
    axes = op.attrs.axes or tuple(range(op.inputs[1].size))
    first, count = op.known(1, "begin"), op.known(2, "size")
    ends = [_LAST if n == -1 else begin + n for begin, n in zip(first, count, strict=True)]
    return op.emit("Slice", op.x(), op.ints(*first), op.ints(*ends), op.ints(*axes))


def crop(op: Op) -> str:
    """Like another tensor, from offsets on."""
    x, like = op.inputs
    axes = range(op.attrs.axis % x.rank, x.rank)
    sizes = [like.shape[axis] for axis in axes]
    if min(sizes) < 0:
        raise Unsupported("the size of its result is not known: fix it with the option input_shapes")
    given = op.attrs.offsets or (0,)
    offsets = given if len(given) == len(sizes) else given * len(sizes)
    ends = [offset + size for offset, size in zip(offsets, sizes, strict=True)]
    return op.emit("Slice", op.x(), op.ints(*offsets), op.ints(*ends), op.ints(*axes))


def strided_slice(op: Op) -> str:
    """What numpy's index says of each axis: cut, dropped or new."""
    a, x = op.attrs, op.inputs[0]
    if any(spec.value is None for spec in op.inputs[1:]):
        masks = a.begin_mask | a.end_mask | a.ellipsis_mask | a.new_axis_mask | a.shrink_axis_mask
        if masks or len(op.inputs) != 4:
            raise Unsupported("its bounds are computed while the network runs")
        axes = op.ints(*range(op.inputs[1].size))
        return op.emit("Slice", op.x(), op.wide(1), op.wide(2), axes, op.wide(3))
    begin, end, *more = (op.known(i, "bounds") for i in range(1, len(op.inputs)))
    index = strided.indices(a, x, begin, end, more[-1], more[0] if len(more) == 2 else None)
    bounds: list[tuple[int, int, int, int]] = []
    dropped: list[int] = []
    axis = 0
    for entry in index:
        if entry is None:
            continue
        if isinstance(entry, int):
            bounds.append((entry, entry + 1 or _LAST, axis, 1))
            dropped.append(axis)
        elif entry != slice(None):
            step = 1 if entry.step is None else entry.step
            start = entry.start if entry.start is not None else 0 if step > 0 else _LAST
            stop = entry.stop if entry.stop is not None else _LAST if step > 0 else _BEFORE_FIRST
            bounds.append((start, stop, axis, step))
        axis += 1
    added = [i for i, entry in enumerate(e for e in index if not isinstance(e, int)) if entry is None]
    y = op.x()
    if bounds:
        y = op.emit("Slice", y, *(op.ints(*column) for column in zip(*bounds, strict=True)))
    y = op.emit("Squeeze", y, op.ints(*dropped)) if dropped else y
    return op.emit("Unsqueeze", y, op.ints(*added)) if added else y


def reverse(op: Op) -> str:
    """Steps of -1."""
    axes = [axis % op.inputs[0].rank for axis in op.attrs.axis]
    n = len(axes)
    ends, steps = op.ints(*[_BEFORE_FIRST] * n), op.ints(*[-1] * n)
    return op.emit("Slice", op.x(), op.ints(*[_LAST] * n), ends, op.ints(*axes), steps) if n else op.x()


def reverse_sequence(op: Op) -> str:
    """Batch and time are the first two dimensions, in either order."""
    batch, time = (axis % op.inputs[0].rank for axis in (op.attrs.batch_dim, op.attrs.seq_dim))
    if {batch, time} != {0, 1}:
        raise Unsupported(f"it reverses dimension {time} for each of dimension {batch}: ONNX has 0 and 1")
    return op.emit("ReverseSequence", op.x(), op.wide(1), batch_axis=batch, time_axis=time)


def pad(op: Op) -> str:
    """All befores, then all afters. A mirror that repeats the edge is picked by index."""
    a, x = op.attrs, op.inputs[0]
    flat = sum(a.paddings, ()) if len(op.inputs) == 1 else op.known(1, "padding")
    if a.padding_mode == PaddingMode.SYMMETRIC:
        return _mirror(op, flat)
    pads = op.ints(*flat[::2], *flat[1::2])
    if a.padding_mode == PaddingMode.REFLECT:
        return op.emit("Pad", op.x(), pads, mode="reflect")
    return op.emit("Pad", op.x(), pads, op.constant(np.asarray(a.constant_value).astype(x.dtype.dtype)))


def _mirror(op: Op, flat: tuple[int, ...]) -> str:
    y = op.x()
    for axis, size in enumerate(op.inputs[0].shape):
        pair = flat[2 * axis : 2 * axis + 2]
        if any(pair):
            if size < 0:
                raise Unsupported("the size that it mirrors is not known: fix it with the option input_shapes")
            y = op.emit("Gather", y, op.constant(np.pad(np.arange(size), pair, mode="symmetric")), axis=axis)
    return y


def space_to_batch(op: Op) -> str:
    """Blocks of pixels become images."""
    a = op.attrs
    (top, bottom), (left, right) = a.paddings
    rows, columns = a.block_shape
    if not op.inputs[0].is_static:
        raise Unsupported("its shape is not known: fix it with the option input_shapes")
    n, h, w, c = op.inputs[0].shape
    h, w = (h + top + bottom) // rows, (w + left + right) // columns
    zero = op.number(0)
    y = op.emit("Pad", op.x(), op.ints(0, top, left, 0, 0, bottom, right, 0), zero)
    y = op.emit("Reshape", y, op.ints(n, h, rows, w, columns, c))
    return op.emit("Reshape", op.emit("Transpose", y, perm=(2, 4, 0, 1, 3, 5)), op.target())


def batch_to_space(op: Op) -> str:
    """Images become blocks of pixels, then margins go."""
    a = op.attrs
    (top, bottom), (left, right) = a.crops
    rows, columns = a.block_shape
    if not op.inputs[0].is_static:
        raise Unsupported("its shape is not known: fix it with the option input_shapes")
    n, h, w, c = op.inputs[0].shape
    y = op.emit("Reshape", op.x(), op.ints(rows, columns, n // (rows * columns), h, w, c))
    y = op.emit("Transpose", y, perm=(2, 3, 0, 4, 1, 5))
    y = op.emit("Reshape", y, op.ints(n // (rows * columns), h * rows, w * columns, c))
    return op.emit("Slice", y, op.ints(top, left), op.ints(h * rows - bottom, w * columns - right), op.ints(1, 2))
