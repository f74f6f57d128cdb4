"""Binds ReduceFusion over any axes."""
from __future__ import annotations

import math

from lite.delegates.base import Argument, In, NativeClaim, NativeStep, Operation, Out
from lite.delegates.cpu.strides import Walk, contiguous
from lite.delegates.cpu.tile import Tile
from lite.delegates.cpu.work import BYTE, split
from lite.kernels.codes import REDUCE, TYPES
from lite.ops.reduce import ReduceFusion, ReduceMode, reduced_axes
from lite.ops.shapes import integers
from lite.records import dataclass
from lite.types import DType, TensorSpec

# What a mode combines, see codes.REDUCE; ReduceMean then divides and ReduceL2 takes the root.
_MODES = {
    ReduceMode.ReduceMean: "sum",
    ReduceMode.ReduceMax: "max",
    ReduceMode.ReduceMin: "min",
    ReduceMode.ReduceProd: "prod",
    ReduceMode.ReduceSum: "sum",
    ReduceMode.ReduceSumSquare: "sum_square",
    ReduceMode.ReduceASum: "sum_abs",
    ReduceMode.ReduceL2: "sum_square",
    ReduceMode.ReduceAll: "min",
}

_ELEMENT = 3.0  # nanoseconds for an integer
_BLOCK = 256  # elements of a kept run that one thread takes at least


@dataclass(frozen=True, slots=True)
class Group:
    """Neighboring dimensions that are all reduced or all kept, as one; stride in bytes."""

    extent: int
    stride: int
    reduced: bool


def bind(operation: Operation, tile: Tile) -> NativeClaim | None:
    """float32, integers and bool, with at least one element."""
    x, *rest = operation.inputs
    attrs = operation.attrs
    assert isinstance(attrs, ReduceFusion), "the index names this module for it alone"
    if attrs.mode not in _MODES or x.size == 0:
        return None
    axes = reduced_axes(attrs, x, integers(rest[0].value) if rest and rest[0].value is not None else ())
    if x.dtype != DType.FLOAT32:
        return _bind_integers(attrs, x, axes)
    *outer, run = _groups(x.shape, axes, 4)
    kept = [group for group in outer if not group.reduced]
    reduced = [group for group in outer if group.reduced]
    rows = reduced.pop() if reduced else Group(1, 0, True)
    results, passes = (math.prod(group.extent for group in groups) for groups in (kept, reduced))
    cost = 4 * passes * rows.extent * run.extent * BYTE
    units = split(results, cost)
    block = run.extent
    if results == 1 and not run.reduced:
        block = split(-(-run.extent // _BLOCK), cost * _BLOCK / run.extent).block * _BLOCK
    step = NativeStep(
        "reduce_f32",
        {
            "x": In(0),
            "y": Out(0),
            "mode": REDUCE.index(_MODES[attrs.mode]),
            "kept": _walk(kept).table(),
            "results": results,
            "reduced": _walk(reduced).table(),
            "passes": passes,
            "rows": rows.extent,
            "row_bytes": rows.stride,
            "n": run.extent,
            "across": int(run.reduced),
            "scale": _scale(attrs, x.size // operation.outputs[0].size),
            "root": int(attrs.mode == ReduceMode.ReduceL2),
            "result_block": units.block,
            "block": block,
        },
        units.count * (1 if run.reduced else -(-run.extent // block)),
    )
    return NativeClaim((step,))


def _bind_integers(attrs: ReduceFusion, x: TensorSpec, axes: tuple[int, ...]) -> NativeClaim | None:
    if x.dtype.dtype.kind == "f" or str(x.dtype) not in TYPES or _scale(attrs, 1) != 1.0:
        return None
    groups = _groups(x.shape, axes, x.dtype.itemsize)
    kept = [group for group in groups if not group.reduced]
    reduced = [group for group in groups if group.reduced]
    run = reduced.pop() if reduced else Group(1, 0, True)
    results, passes = (math.prod(group.extent for group in groups) for groups in (kept, reduced))
    units = split(results, passes * run.extent * _ELEMENT)
    arguments: dict[str, Argument] = {
        "x": In(0),
        "y": Out(0),
        "kind": TYPES.index(str(x.dtype)),
        "mode": REDUCE.index(_MODES[attrs.mode]),
        "kept": _walk(kept).table(),
        "results": results,
        "reduced": _walk(reduced).table(),
        "passes": passes,
        "n": run.extent,
        "step": run.stride,
        "divisor": passes * run.extent if attrs.mode == ReduceMode.ReduceMean else 1,
        "block": units.block,
    }
    return NativeClaim((NativeStep("reduce_integers", arguments, units.count, scratch=8),))


def _groups(shape: tuple[int, ...], axes: tuple[int, ...], size: int) -> list[Group]:
    groups: list[Group] = []
    for d, (extent, stride) in enumerate(zip(shape, contiguous(shape, size), strict=True)):
        if extent == 1:
            continue
        if groups and groups[-1].reduced == (d in axes):
            groups[-1] = Group(groups[-1].extent * extent, stride, d in axes)
        else:
            groups.append(Group(extent, stride, d in axes))
    return groups or [Group(1, size, True)]


def _walk(groups: list[Group]) -> Walk:
    return Walk(tuple(group.extent for group in groups), (tuple(group.stride for group in groups),))


def _scale(attrs: ReduceFusion, count: int) -> float:
    """What the combination of `count` elements is multiplied by."""
    scale = 1 / count if attrs.mode == ReduceMode.ReduceMean else 1.0
    return scale * attrs.coeff if attrs.reduce_to_end and abs(attrs.coeff) > 1e-5 else scale
