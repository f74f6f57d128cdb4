"""Shapes, order and selection: operators that move elements without computing with them."""
from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from converter.errors import ParseError
from converter.ir.graph import Value
from converter.mindir.lowering import Dims, Ints, Lower, Lowering, Unsupported
from converter.mindir.operands import Operand
from lite.ops.pad import PaddingMode
from lite.ops.shapes import normalize_axes


def reshape(op: Lowering, x: Value, shape: Dims) -> Operand:
    """x under another shape; -1 once for what is left."""
    known = tuple(d for d in shape if not isinstance(d, Value) and d != -1)
    if x.spec.is_static and x.spec.size == 0 and len(known) == len(shape):
        return op.constant(np.zeros(known, x.spec.dtype.dtype), "empty")  # in a .ms file a 0 copies a dimension of x
    return op.emit("Reshape", x, op.dims(_simplified(x, shape), "shape"))


def _simplified(x: Value, shape: Dims) -> Dims:
    """The shape with as few computed dimensions as can be: what Reshape finds by itself is -1, or 0 for x's own.

    (x.shape[0], -1) is (-1, 15), and (x.shape[0], 3, 5) is (-1, 3, 5), where x is [?, 3, 5].
    """
    own = [i for i, d in enumerate(shape) if isinstance(d, Value) and _is_dimension_of(d, x, i)]
    computed = [i for i, d in enumerate(shape) if isinstance(d, Value)]
    given = [d for d in shape if not isinstance(d, Value) and d != -1]
    others = [d for i, d in enumerate(x.spec.shape) if i not in own]
    dims = list(shape)
    if -1 in dims and own and own == computed and min((*given, *others), default=1) > 0:
        dims[dims.index(-1)] = math.prod(others) // math.prod(given)
    for i in own:
        dims[i] = 0
    if len(computed) == 1 and -1 not in dims:
        dims[computed[0]] = -1
    return tuple(dims)


def _is_dimension_of(dimension: Value, x: Value, axis: int) -> bool:
    gather = dimension.producer
    if gather is None or gather.op != "Gather" or gather.inputs[1].data is None:
        return False
    shape = gather.inputs[0].producer
    return shape is not None and shape.op == "Shape" and shape.inputs[0] is x and gather.inputs[1].data == axis


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
    begin: Dims,
    end: Dims,
    strides: Dims,
    begin_mask: int = 0,
    end_mask: int = 0,
    ellipsis_mask: int = 0,
    new_axis_mask: int = 0,
    shrink_axis_mask: int = 0,
) -> Operand:
    """x[begin:end:strides]; bit i of a mask changes the meaning of entry i, bits beyond the entries have none."""
    entries = (1 << len(begin)) - 1
    if new_axis_mask & entries:  # MindSpore's result is not what its definition says, and x[:, None] is ExpandDims
        raise Unsupported("inserts dimensions while slicing: use expand_dims")
    return op.emit(
        "StridedSlice",
        x,
        op.dims(begin, "begin"),
        op.dims(end, "end"),
        op.dims(strides, "strides"),
        begin_mask=begin_mask & entries,
        end_mask=end_mask & entries,
        ellipsis_mask=ellipsis_mask & entries,
        shrink_axis_mask=shrink_axis_mask & entries,
    )


def slice_(op: Lowering, x: Value, begin: Dims, size: Dims) -> Operand:
    """size[i] elements from begin[i] on; -1 for all that are left."""
    return op.emit("SliceFusion", x, op.dims(begin, "begin"), op.dims(size, "size"), axes=tuple(range(len(begin))))


def gather(op: Lowering, x: Value, indices: Value, axis: int = 0, batch_dims: int = 0) -> Operand:
    """Slices of x along `axis`, by index."""
    if batch_dims:
        raise Unsupported(f"gathers with {batch_dims} batch dimensions: only 0 is supported")
    return op.emit("Gather", x, indices, op.constant(np.array(axis, np.int32), "axis"))


def tile(op: Lowering, x: Value, multiples: Dims) -> Operand:
    """x repeated along each dimension."""
    return op.emit("TileFusion", x, op.dims(multiples, "multiples"))


def unstack(op: Lowering, x: Value, *, axis: int = 0) -> Operand:
    """The slices along a dimension, as a tuple."""
    return op.emit_all("Unstack", x, axis=axis)


def gather_nd(op: Lowering, x: Value, indices: Value) -> Operand:
    """Slices of x whose first dimensions are indexed by the last one of `indices`."""
    return op.emit("GatherNd", x, indices)


def gather_d(op: Lowering, x: Value, dim: int, index: Value) -> Operand:
    """Elements of x with the index along `dim` replaced."""
    return op.emit("GatherD", x, op.constant(np.array(dim, np.int32), "dim"), index)


def one_hot(op: Lowering, indices: Value, depth: int, on_value: Value, off_value: Value, axis: int = -1) -> Operand:
    """A new dimension that is `on` at the index and `off` elsewhere."""
    return op.emit("OneHot", indices, op.constant(np.array(depth, np.int32), "depth"), on_value, off_value, axis=axis)


def broadcast_to(op: Lowering, x: Value, shape: Dims) -> Operand:
    """x with dimensions of 1 repeated."""
    known = tuple(d for d in shape if not isinstance(d, Value))
    return op.emit("BroadcastTo", x, op.dims(shape, "shape"), shape=known if len(known) == len(shape) else ())


def pad(op: Lowering, x: Value, *, paddings: tuple[Ints, ...]) -> Operand:
    """Zeros around x: (before, after) for each dimension."""
    return op.emit("PadFusion", x, _paddings(op, paddings))


def mirror_pad(op: Lowering, x: Value, paddings: tuple[Ints, ...], *, mode: str) -> Operand:
    """The mirror image around x: (before, after) for each dimension."""
    return op.emit("PadFusion", x, _paddings(op, paddings), padding_mode=_padding_mode(mode))


def pad_v3(
    op: Lowering,
    x: Value,
    paddings: Ints,
    value: float | None = None,
    *,
    mode: str = "constant",
    paddings_contiguous: bool = True,
) -> Operand:
    """(before, after) pairs, flat, for the last dimensions, the last one first."""
    if len(paddings) % 2 or len(paddings) > 2 * x.spec.rank:
        raise ParseError(f"{op.name}: paddings {paddings} do not fit {x.spec}")
    half = len(paddings) // 2
    pairs = zip(paddings[::2], paddings[1::2], strict=True) if paddings_contiguous else zip(
        paddings[:half], paddings[half:], strict=True
    )
    rows = [*((0, 0) for _ in range(x.spec.rank - half)), *reversed(list(pairs))]
    if mode in ("edge", "circular"):
        return _repeated(op, x, rows, wraps=mode == "circular")
    if min(paddings, default=0) < 0:
        x = _cut(op, x, rows)
        rows = [(max(before, 0), max(after, 0)) for before, after in rows]
    return op.emit("PadFusion", x, _paddings(op, rows), padding_mode=_padding_mode(mode), constant_value=value or 0.0)


def constant_pad(op: Lowering, x: Value, paddings: Ints, value: float = 0.0) -> Operand:
    """A number around x, as pad_v3 has it."""
    return pad_v3(op, x, paddings, value, mode="constant")


def pad_by(mode: str) -> Lower:
    """Around x what a mode says, as pad_v3 has it."""

    def lower(op: Lowering, x: Value, padding: Ints) -> Operand:
        return pad_v3(op, x, padding, mode=mode)

    return lower


def _cut(op: Lowering, x: Value, rows: Sequence[tuple[int, int]]) -> Value:
    """Without as many elements at either end as the paddings are negative."""
    if not x.spec.is_static:
        raise Unsupported(f"cuts {x.spec.like()} with negative paddings {list(rows)}: slice instead")
    begin = [max(-before, 0) for before, _ in rows]
    size = [n - b - max(-after, 0) for n, b, (_, after) in zip(x.spec.shape, begin, rows, strict=True)]
    if min(size) < 0:
        raise ParseError(f"{op.name}: paddings {list(rows)} cut more than {x.spec} has")
    axes = tuple(range(x.spec.rank))
    return op.emit("SliceFusion", x, op.ints(begin, "begin"), op.ints(size, "size"), axes=axes, label="cut")


def _repeated(op: Lowering, x: Value, rows: Sequence[tuple[int, int]], wraps: bool) -> Value:
    """Around x what it has at its ends, or from the other end on: elements by their indices, axis after axis."""
    padded = [axis for axis, pads in enumerate(rows) if pads != (0, 0)]
    for axis in padded:
        size = x.spec.shape[axis]
        if size < 1:
            raise Unsupported(f"repeats the elements of {x.spec.like()}: fix its shape")
        before, after = rows[axis]
        places = np.arange(-before, size + after)
        places = places % size if wraps else np.clip(places, 0, size - 1)
        along = op.constant(np.array(axis, np.int32), f"axis{axis}")
        x = op.emit("Gather", x, op.ints(places.tolist(), f"places{axis}"), along, label=f"pad{axis}")
    return x


_PADDING_MODES = {
    "constant": PaddingMode.CONSTANT,
    "reflect": PaddingMode.REFLECT,
    "symmetric": PaddingMode.SYMMETRIC,
}


def _padding_mode(mode: str) -> PaddingMode:
    if mode.lower() not in _PADDING_MODES:
        raise Unsupported(f"pads in mode {mode!r}: only {', '.join(_PADDING_MODES)} are supported")
    return _PADDING_MODES[mode.lower()]


def _paddings(op: Lowering, rows: Sequence[Sequence[int]]) -> Value:
    if any(len(row) != 2 for row in rows):
        raise ParseError(f"{op.name}: paddings {rows} are not pairs of (before, after)")
    return op.constant(np.array(rows, np.int32).reshape(-1, 2), "paddings")


def reverse(op: Lowering, x: Value, axis: Ints) -> Operand:
    """Backwards along the axes."""
    return op.emit("ReverseV2", x, axis=axis)


def roll(op: Lowering, x: Value, shifts: Ints, dims: Ints | None = None) -> Operand:
    """What leaves at one end of a dimension comes in at the other; without dimensions, of x as if it were flat."""
    if not dims:
        shape = op.ints(x.spec.shape, "shape") if x.spec.is_static else op.emit("Shape", x, label="shape")
        flat = op.emit("Reshape", x, op.ints((-1,), "flat/shape"), label="flat")
        return op.emit("Reshape", _turned(op, flat, sum(shifts), 0), shape)
    if len(shifts) != len(dims):
        raise ParseError(f"{op.name}: shifts {shifts} are not one for each of the dimensions {dims}")
    for shift, axis in zip(shifts, normalize_axes("Roll", dims, x.spec.rank, x.spec), strict=True):
        x = _turned(op, x, shift, axis)
    return x


def _turned(op: Lowering, x: Value, shift: int, axis: int) -> Value:
    """Two slices in the other order; where the dimension is not known yet, elements by computed indices."""
    size, label = x.spec.shape[axis], f"axis{axis}"
    if size < 0:
        return _turned_by_indices(op, x, shift, axis, label)
    first = shift % max(size, 1)
    if not first:
        return x
    ends = []
    for end, begin, count in (("last", size - first, first), ("others", 0, size - first)):
        bounds = op.ints((begin,), f"{end}/begin"), op.ints((count,), f"{end}/size")
        ends.append(op.emit("SliceFusion", x, *bounds, axes=(axis,), label=f"{label}/{end}"))
    return op.emit("Concat", *ends, axis=axis, label=label)


def _turned_by_indices(op: Lowering, x: Value, shift: int, axis: int, label: str) -> Value:
    where = op.constant(np.array(axis, np.int32), label)
    first, step, back = (op.constant(np.array(n, np.int32), label) for n in (0, 1, shift))
    count = op.emit("Gather", op.emit("Shape", x, label=f"{label}/shape"), where, first, label=f"{label}/count")
    places = op.emit("Range", first, count, step, label=f"{label}/places")
    behind = op.emit("SubFusion", places, back, label=f"{label}/behind")
    return op.emit("Gather", x, op.emit("FloorMod", behind, count, label=f"{label}/indices"), where, label=label)


def reverse_sequence(op: Lowering, x: Value, lengths: Value, *, seq_dim: int, batch_dim: int = 0) -> Operand:
    """The first lengths[i] elements turned around, for each i along batch_dim."""
    return op.emit("ReverseSequence", x, lengths, seq_dim=seq_dim, batch_dim=batch_dim)


def select_view(op: Lowering, x: Value, dim: int, index: int) -> Operand:
    """x at one index of a dimension, which is dropped."""
    where = op.constant(np.array(dim, np.int32), "dim")
    return op.emit("Gather", x, op.constant(np.array(index, np.int32), "index"), where)


def embedding(
    op: Lowering,
    indices: Value,
    weight: Value,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
) -> Operand:
    """Rows of a table; what is said of norms and gradients matters to training, unless there is a max_norm."""
    if max_norm is not None:
        raise Unsupported("normalizes its table while it runs: only max_norm=None is supported")
    return op.emit("Gather", weight, indices, op.constant(np.array(0, np.int32), "axis"))
