"""Cut a block out: y = x[begin : begin + size] along each axis.

    SliceFusion   inputs x, begin, size, one entry an axis (or for each of `axes`); size -1 is all that follows
    Crop          inputs x, like; from `axis` on, y has like's dimensions, starting at `offsets`
"""
from __future__ import annotations

from lite.errors import ShapeError
from lite.ops.checks import check_range
from lite.ops.registry import Attributes, op
from lite.ops.shapes import integers, known_integers, normalize_axes, normalize_axis
from lite.records import dataclass
from lite.types import Array, TensorSpec


@dataclass(frozen=True, slots=True)
class SliceFusion(Attributes):
    """axes: which axes begin and size are for; empty for the first ones."""

    axes: tuple[int, ...] = ()


@op(SliceFusion)
def infer_slice(attrs: SliceFusion, x: TensorSpec, begin: TensorSpec, size: TensorSpec) -> TensorSpec:
    """x of any dtype, begin and size of int32 or int64 -> the same rank."""
    first, count = known_integers(attrs.op, begin), known_integers(attrs.op, size)
    if first is None or count is None:
        return x.like((-1,) * x.rank)
    shape = list(x.shape)
    for axis, start, length in _blocks(attrs, x, first, count):
        shape[axis] = length
        if x.shape[axis] >= 0 and not 0 <= start <= start + length <= x.shape[axis]:
            raise ShapeError(f"{attrs.op} from {list(first)}, size {list(count)}, reaches outside axis {axis} of {x}")
        if start < 0 or length < -1:
            raise ShapeError(f"{attrs.op} from {list(first)}, size {list(count)}, is negative for {x}")
    return x.like(tuple(shape))


def _blocks(
    attrs: SliceFusion, x: TensorSpec, begin: tuple[int, ...], size: tuple[int, ...]
) -> list[tuple[int, int, int]]:
    """(axis, start, length) for each axis named; length -1 only where the dimension is unknown."""
    axes = normalize_axes(attrs.op, attrs.axes or tuple(range(len(begin))), x.rank, x)
    if not len(axes) == len(begin) == len(size):
        raise ShapeError(f"{attrs.op} axes {axes}, begin {list(begin)} and size {list(size)} differ in length for {x}")
    return [
        (axis, start, x.shape[axis] - start if length == -1 and x.shape[axis] >= 0 else length)
        for axis, start, length in zip(axes, begin, size, strict=True)
    ]


@infer_slice.reference
def slice_block(attrs: SliceFusion, x: Array, begin: Array, size: Array) -> Array:
    index = [slice(None)] * x.ndim
    for axis, start, length in _blocks(attrs, TensorSpec.of(x), integers(begin), integers(size)):
        index[axis] = slice(start, start + length)
    return x[tuple(index)].copy()


@dataclass(frozen=True, slots=True)
class Crop(Attributes):
    """axis: the first axis that is cut. offsets: where to start on it and each after it; one for all, or none for 0."""

    axis: int = 0
    offsets: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        check_range(self, "offsets", 0)


@op(Crop)
def infer_crop(attrs: Crop, x: TensorSpec, like: TensorSpec) -> TensorSpec:
    """x and like of one rank; only the shape of like matters."""
    axis = normalize_axis(attrs.op, attrs.axis, x.rank, x)
    if like.rank != x.rank:
        raise ShapeError(f"{attrs.op} expects two inputs of one rank, got {x} and {like}")
    offsets = _offsets(attrs, x.rank - axis)
    for offset, have, want in zip(offsets, x.shape[axis:], like.shape[axis:], strict=True):
        if have >= 0 and want >= 0 and offset + want > have:
            raise ShapeError(f"{attrs.op} to {like} at {list(offsets)} reaches outside {x}")
    return x.like((*x.shape[:axis], *like.shape[axis:]))


@infer_crop.reference
def crop(attrs: Crop, x: Array, like: Array) -> Array:
    axis = attrs.axis % x.ndim
    blocks = zip(_offsets(attrs, x.ndim - axis), like.shape[axis:], strict=True)
    index: tuple[slice, ...] = tuple(slice(start, start + size) for start, size in blocks)
    return x[(slice(None),) * axis + index].copy()


def _offsets(attrs: Crop, count: int) -> tuple[int, ...]:
    if len(attrs.offsets) not in (0, 1, count):
        raise ShapeError(f"{attrs.op} expects 0, 1 or {count} offsets, got {list(attrs.offsets)}")
    return attrs.offsets if len(attrs.offsets) == count else (attrs.offsets or (0,)) * count
