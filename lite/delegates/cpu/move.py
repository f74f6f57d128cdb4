"""Binds the operators that move elements: each is a few copies from a view of an input to a view of an output.

The views are numpy's own, made of arrays that are never read: `x[::2]` of a stand-in for x says the offset and strides
that the kernels need. How a copy is done follows from the strides: as rows of bytes, by transposing planes, or by
elements.
"""
from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from lite.delegates.base import Argument, In, NativeClaim, NativeStep, Operation, Out, ViewClaim
from lite.delegates.cpu.strides import Walk, merge
from lite.delegates.cpu.tile import Tile
from lite.delegates.cpu.work import BYTE, split
from lite.ops.shapes import integers
from lite.records import dataclass
from lite.types import Array, DType, TensorSpec

_FEW_ROWS = 16
_CUTS = 8


@dataclass(frozen=True, slots=True)
class Copy:
    """Elements of input `source` go to output `target`, from one view of its stand-in to the other, of one shape."""

    source: int
    view: Array
    target: int
    place: Array


def bind(operation: Operation, tile: Tile) -> NativeClaim | ViewClaim | None:
    """Any dtype of 1, 2, 4 or 8 bytes."""
    if operation.outputs[0].dtype == DType.STRING:
        return None
    if operation.op == "Gather":
        return _gather_codes(operation) or _gather(operation)
    inputs = [stand_in(x) for x in operation.inputs]
    outputs = [stand_in(y) for y in operation.outputs]
    copies = list(_COPIES[operation.op](operation, inputs, outputs))
    for copy in copies:
        assert copy.view.base is not None or copy.view is inputs[copy.source], (
            "a copy is of a view, not of its elements"
        )
    if len(copies) == 1 and _is_whole(copies[0], inputs, outputs):
        return ViewClaim(copies[0].source)
    steps = [copy_step(copy, inputs[copy.source], outputs[copy.target]) for copy in copies if copy.view.size]
    return NativeClaim(tuple(steps))


def _gather_codes(operation: Operation) -> NativeClaim | None:
    if operation.inputs[0].stored is None:
        return None
    from lite.delegates.cpu import gather_codes  # few networks have codes

    return gather_codes.bind(operation)


def copy_step(copy: Copy, x: Array, y: Array) -> NativeStep:
    """The kernel call for a copy between views of the stand-ins x and y."""
    size = x.itemsize
    order = sorted(range(copy.view.ndim), key=lambda d: -abs(copy.place.strides[d]))
    walk = merge(*([row[d] for d in order] for row in (copy.view.shape, copy.view.strides, copy.place.strides)))
    offsets: dict[str, Argument] = {
        "x": In(copy.source),
        "y": Out(copy.target),
        "x_offset": _address(copy.view) - _address(x),
        "y_offset": _address(copy.place) - _address(y),
        "size": size,
    }
    column = _contiguous_elsewhere(walk, size)
    if column >= 0:
        return _transpose_step(walk, column, offsets)
    n, rows = walk.extents[-1], math.prod(walk.extents[:-1])
    units = split(rows, 2 * n * size * BYTE + 10)
    return NativeStep(
        "copy_rows",
        {
            **offsets,
            "dims": walk.without(-1).table(),
            "rows": rows,
            "n": n,
            "x_step": walk.strides[0][-1] if n > 1 else size,
            "y_step": walk.strides[1][-1] if n > 1 else size,
            "row_block": units.block,
        },
        units.count,
    )


def _contiguous_elsewhere(walk: Walk, size: int) -> int:
    """The dimension along which the source is contiguous, where the target is along the last one instead; else -1."""
    source, target = walk.strides
    if target[-1] != size or source[-1] == size or size not in source:
        return -1
    return source.index(size)


def _transpose_step(walk: Walk, column: int, offsets: dict[str, Argument]) -> NativeStep:
    if walk.extents[-1] < _FEW_ROWS and walk.extents[column] % _CUTS == 0:  # such as colors: threads share the columns
        walk = walk.cut(column, _CUTS)
        column += 1
    source, target = walk.strides
    rows, columns = walk.extents[-1], walk.extents[column]
    planes = walk.without(column, -1)
    count = math.prod(planes.extents)
    row_block = min(rows, 64)
    parts = count * -(-rows // row_block)
    units = split(parts, 8 * row_block * columns * BYTE)
    return NativeStep(
        "transpose",
        {
            **offsets,
            "dims": planes.table(),
            "planes": count,
            "rows": rows,
            "columns": columns,
            "x_bytes": source[-1],
            "y_bytes": target[column],
            "row_block": row_block,
            "parts": units.block,
        },
        units.count,
    )


def stand_in(spec: TensorSpec) -> Array:
    """An array of that dtype and shape, for its strides; its memory is never touched, so it costs none."""
    return np.empty(spec.shape, spec.dtype.dtype)


def _address(array: Array) -> int:
    address: int = array.__array_interface__["data"][0]
    return address


def _is_whole(copy: Copy, inputs: Sequence[Array], outputs: Sequence[Array]) -> bool:
    """True where the copy is all of its input to all of the only output, in order: then it can be a view."""
    x, y = inputs[copy.source], outputs[copy.target]
    if len(outputs) > 1 or not x.size == y.size == copy.view.size:
        return False
    walk = merge(copy.view.shape, copy.view.strides, copy.place.strides)
    return x.size == 1 or walk == Walk((x.size,), ((x.itemsize,), (x.itemsize,)))


# Which copies an operator is.


def _values(operation: Operation, index: int) -> tuple[int, ...]:
    """Elements of a constant input; shape inference has needed them already."""
    value = operation.inputs[index].value
    assert value is not None
    return integers(value)


def _broadcast_to(operation: Operation, inputs: list[Array], outputs: list[Array]) -> Iterator[Copy]:
    yield Copy(0, np.broadcast_to(inputs[0], outputs[0].shape), 0, outputs[0])


def _concat(operation: Operation, inputs: list[Array], outputs: list[Array]) -> Iterator[Copy]:
    attrs: Any = operation.attrs
    axis = attrs.axis % outputs[0].ndim
    first = 0
    for source, x in enumerate(inputs):
        yield Copy(source, x, 0, _cut(outputs[0], axis, first, x.shape[axis]))
        first += x.shape[axis]


def _stack(operation: Operation, inputs: list[Array], outputs: list[Array]) -> Iterator[Copy]:
    attrs: Any = operation.attrs
    planes = np.moveaxis(outputs[0], attrs.axis, 0)
    for source, x in enumerate(inputs):
        yield Copy(source, x, 0, planes[source, ...])


def _unstack(operation: Operation, inputs: list[Array], outputs: list[Array]) -> Iterator[Copy]:
    attrs: Any = operation.attrs
    planes = np.moveaxis(inputs[0], attrs.axis, 0)
    for target, y in enumerate(outputs):
        yield Copy(0, planes[target, ...], target, y)


def _split(operation: Operation, inputs: list[Array], outputs: list[Array]) -> Iterator[Copy]:
    attrs: Any = operation.attrs
    axis = attrs.axis % inputs[0].ndim
    first = 0
    for target, y in enumerate(outputs):
        yield Copy(0, _cut(inputs[0], axis, first, y.shape[axis]), target, y)
        first += y.shape[axis]


def _slice(operation: Operation, inputs: list[Array], outputs: list[Array]) -> Iterator[Copy]:
    attrs: Any = operation.attrs
    begin = _values(operation, 1)
    view = inputs[0]
    for axis, first in zip(attrs.axes or range(len(begin)), begin, strict=True):
        view = _cut(view, axis % view.ndim, first, outputs[0].shape[axis])
    yield Copy(0, view, 0, outputs[0])


def _crop(operation: Operation, inputs: list[Array], outputs: list[Array]) -> Iterator[Copy]:
    attrs: Any = operation.attrs
    view = inputs[0]
    first_axis = attrs.axis % view.ndim
    for i, axis in enumerate(range(first_axis, view.ndim)):
        first = attrs.offsets[i if len(attrs.offsets) > 1 else 0] if attrs.offsets else 0
        view = _cut(view, axis, first, outputs[0].shape[axis])
    yield Copy(0, view, 0, outputs[0])


def _strided_slice(operation: Operation, inputs: list[Array], outputs: list[Array]) -> Iterator[Copy]:
    from lite.ops.strided_slice import indices

    attrs: Any = operation.attrs
    begin, end, *rest = (_values(operation, i) for i in range(1, len(operation.inputs)))
    index = indices(attrs, operation.inputs[0], begin, end, rest[-1], rest[0] if len(rest) > 1 else None)
    yield Copy(0, inputs[0][(*index, ...)], 0, outputs[0])


def _transpose(operation: Operation, inputs: list[Array], outputs: list[Array]) -> Iterator[Copy]:
    yield Copy(0, inputs[0].transpose(_values(operation, 1)), 0, outputs[0])


def _format_transpose(operation: Operation, inputs: list[Array], outputs: list[Array]) -> Iterator[Copy]:
    from lite.ops.permutation import FORMAT_ORDERS

    attrs: Any = operation.attrs
    order = FORMAT_ORDERS.get((attrs.src_format, attrs.dst_format), range(inputs[0].ndim))
    yield Copy(0, inputs[0].transpose(order), 0, outputs[0])


def _reverse(operation: Operation, inputs: list[Array], outputs: list[Array]) -> Iterator[Copy]:
    attrs: Any = operation.attrs
    yield Copy(0, np.flip(inputs[0], attrs.axis), 0, outputs[0])


def _tile(operation: Operation, inputs: list[Array], outputs: list[Array]) -> Iterator[Copy]:
    """Each axis of y is [repeats, extent of x], and x is broadcast along the repeats."""
    x, y = inputs[0], outputs[0]
    extents = (1,) * (y.ndim - x.ndim) + x.shape
    folded = [n for total, extent in zip(y.shape, extents, strict=True) for n in (total // extent, extent)]
    once = x.reshape([n for extent in extents for n in (1, extent)])
    yield Copy(0, np.broadcast_to(once, folded), 0, y.reshape(folded))


def _depth_to_space(operation: Operation, inputs: list[Array], outputs: list[Array]) -> Iterator[Copy]:
    attrs: Any = operation.attrs
    b, (n, h, w, c) = attrs.block_size, inputs[0].shape
    if attrs.mode == "CRD":
        view = inputs[0].reshape(n, h, w, c // b**2, b, b).transpose(0, 1, 4, 2, 5, 3)
    else:
        view = inputs[0].reshape(n, h, w, b, b, c // b**2).transpose(0, 1, 3, 2, 4, 5)
    yield Copy(0, view, 0, outputs[0].reshape(view.shape))


def _space_to_depth(operation: Operation, inputs: list[Array], outputs: list[Array]) -> Iterator[Copy]:
    attrs: Any = operation.attrs
    b, (n, h, w, c) = attrs.block_size, inputs[0].shape
    view = inputs[0].reshape(n, h // b, b, w // b, b, c).transpose(0, 1, 3, 2, 4, 5)
    yield Copy(0, view, 0, outputs[0].reshape(view.shape))


def _cut(array: Array, axis: int, first: int, count: int) -> Array:
    """Elements [first, first + count) along an axis."""
    return array[(slice(None),) * axis + (slice(first, first + count),)]


Copies = Callable[[Operation, list[Array], list[Array]], Iterator[Copy]]

_COPIES: dict[str, Copies] = {
    "BroadcastTo": _broadcast_to,
    "Concat": _concat,
    "Crop": _crop,
    "DepthToSpace": _depth_to_space,
    "FormatTranspose": _format_transpose,
    "ReverseV2": _reverse,
    "SliceFusion": _slice,
    "SpaceToDepth": _space_to_depth,
    "Split": _split,
    "Stack": _stack,
    "StridedSlice": _strided_slice,
    "TileFusion": _tile,
    "Transpose": _transpose,
    "Unstack": _unstack,
}


# What is more than copies.


def _gather(operation: Operation) -> NativeClaim:
    x, positions, _ = operation.inputs
    axis = _values(operation, 2)[0] % x.rank
    outer, extent, inner = math.prod(x.shape[:axis]), x.shape[axis], math.prod(x.shape[axis + 1 :])
    run = inner * x.dtype.itemsize
    units = split(outer * positions.size, 2 * run * BYTE + 10)
    step = NativeStep(
        "gather",
        {
            "x": In(0),
            "indices": In(1),
            "y": Out(0),
            "index_bytes": positions.dtype.itemsize,
            "outer": outer,
            "extent": extent,
            "count": positions.size,
            "run": run,
            "block": units.block,
        },
        units.count,
    )
    return NativeClaim((step,))
