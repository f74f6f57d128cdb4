"""Slices with steps, in Python's terms: y = x[begin:end:stride, ...], with masks for what a slice can leave out.

Inputs are x, begin, end, strides, or x, begin, end, axes, strides where they are not for the first axes in order.
Bit i of a mask is about entry i of begin, end and strides:

    begin_mask, end_mask   the entry is left out, as in x[:end] and x[begin:]
    ellipsis_mask          the entry stands for all axes that no entry names, as `...`
    new_axis_mask          the entry inserts a dimension of 1, as `None`
    shrink_axis_mask       only index begin is taken and the dimension dropped, as x[begin]

Where several are set, ellipsis wins over new axis, and that over shrink. Negative begin and end count from the end;
both are clamped to the axis. Bits beyond the last entry are not used.
"""
from __future__ import annotations

import numpy as np

from lite.errors import ShapeError
from lite.ops.registry import MAX_RANK, Attributes, op
from lite.ops.shapes import integers, known_integers, normalize_axes
from lite.records import dataclass
from lite.types import Array, TensorSpec

Index = slice | int | None


@dataclass(frozen=True, slots=True)
class StridedSlice(Attributes):
    """The five masks; see above."""

    begin_mask: int = 0
    end_mask: int = 0
    ellipsis_mask: int = 0
    new_axis_mask: int = 0
    shrink_axis_mask: int = 0


@op(StridedSlice)
def infer(
    attrs: StridedSlice,
    x: TensorSpec,
    begin: TensorSpec,
    end: TensorSpec,
    axes_or_strides: TensorSpec,
    strides: TensorSpec | None = None,
) -> TensorSpec:
    """x of any dtype, the others of int32 or int64, one entry a sliced axis."""
    given = [begin, end, axes_or_strides] if strides is None else [begin, end, axes_or_strides, strides]
    values = [known_integers(attrs.op, v) for v in given]
    known = [v for v in values if v is not None]
    if len(known) < len(values):
        entries = max((v.shape[0] if v.rank == 1 else 1 for v in given), default=-1)
        if not 0 <= entries <= MAX_RANK * 2:
            raise ShapeError(f"{attrs.op} cannot tell the rank of its result: the length of {begin} is unknown")
        ones = (1,) * entries  # the rank does not depend on the values
        known_index = indices(attrs, x.like((-1,) * x.rank), ones, ones, ones, None)
        return x.like((-1,) * sum(not isinstance(i, int) for i in known_index))
    axes = known[2] if strides is not None else None
    shape: list[int] = []
    rest = iter(x.shape)
    for index in indices(attrs, x, known[0], known[1], known[-1], axes):
        if index is None:
            shape.append(1)
            continue
        dim = next(rest)
        if isinstance(index, slice):
            whole = index.start is None and index.stop is None and index.step in (None, 1, -1)
            shape.append(dim if whole else -1 if dim < 0 else len(range(*index.indices(dim))))
    return x.like(tuple(shape))


def indices(
    attrs: StridedSlice,
    x: TensorSpec,
    begin: tuple[int, ...],
    end: tuple[int, ...],
    strides: tuple[int, ...],
    axes: tuple[int, ...] | None,
) -> tuple[Index, ...]:
    """A numpy index for x: slices, ints (dropped axes) and None (new ones), with all of x's axes named."""
    entries = len(begin)
    if not entries == len(end) == len(strides):
        raise ShapeError(f"{attrs.op} begin {begin}, end {end} and strides {strides} differ in length for {x}")
    if axes is not None:
        return _on_axes(attrs, x, begin, end, strides, axes)
    inserted = [_bit(attrs.new_axis_mask, i) and not _bit(attrs.ellipsis_mask, i) for i in range(entries)]
    spread = [_bit(attrs.ellipsis_mask, i) for i in range(entries)]
    missing = x.rank - entries + sum(inserted) + any(spread)
    if sum(spread) > 1 or missing < 0:
        raise ShapeError(f"{attrs.op} has {entries} entries and {sum(spread)} ellipses, too many for {x}")
    result: list[Index] = []
    axis = 0
    for i in range(entries):
        if spread[i]:
            result += [slice(None)] * missing
            axis += missing
        elif inserted[i]:
            result.append(None)
        else:
            result.append(_entry(attrs, x, axis, i, begin[i], end[i], strides[i]))
            axis += 1
    return tuple(result + [slice(None)] * (x.rank - axis))


def _on_axes(
    attrs: StridedSlice,
    x: TensorSpec,
    begin: tuple[int, ...],
    end: tuple[int, ...],
    strides: tuple[int, ...],
    axes: tuple[int, ...],
) -> tuple[Index, ...]:
    if attrs.ellipsis_mask or attrs.new_axis_mask:
        raise ShapeError(f"{attrs.op} with axes {axes} takes neither ellipses nor new axes")
    if len(axes) != len(begin):
        raise ShapeError(f"{attrs.op} has {len(begin)} entries for {len(axes)} axes of {x}")
    result: list[Index] = [slice(None)] * x.rank
    for i, axis in enumerate(normalize_axes(attrs.op, axes, x.rank, x)):
        result[axis] = _entry(attrs, x, axis, i, begin[i], end[i], strides[i])
    return tuple(result)


def _entry(attrs: StridedSlice, x: TensorSpec, axis: int, i: int, begin: int, end: int, stride: int) -> slice | int:
    if _bit(attrs.shrink_axis_mask, i):
        dim = x.shape[axis]
        if dim >= 0 and not -dim <= begin < dim:
            raise ShapeError(f"{attrs.op} index {begin} is outside axis {axis} of {x}")
        return begin
    if stride == 0:
        raise ShapeError(f"{attrs.op} stride of axis {axis} is 0 for {x}")
    first = None if _bit(attrs.begin_mask, i) else begin
    last = None if _bit(attrs.end_mask, i) else end
    return slice(first, last, stride)


def _bit(mask: int, i: int) -> bool:
    return bool(mask >> i & 1)


@infer.reference
def reference(
    attrs: StridedSlice, x: Array, begin: Array, end: Array, axes_or_strides: Array, strides: Array | None = None
) -> Array:
    steps = axes_or_strides if strides is None else strides
    axes = None if strides is None else integers(axes_or_strides)
    index = indices(attrs, TensorSpec.of(x), integers(begin), integers(end), integers(steps), axes)
    return np.array(x[index])
