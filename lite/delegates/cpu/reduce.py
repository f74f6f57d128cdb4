"""Binds ReduceFusion over any axes."""
from __future__ import annotations

import math
from typing import NamedTuple

from lite.delegates.base import In, NativeClaim, NativeStep, Operation, Out
from lite.delegates.cpu.strides import Walk, contiguous
from lite.delegates.cpu.tile import Tile
from lite.delegates.cpu.work import BYTE, split
from lite.kernels.codes import REDUCE
from lite.ops.enums import ReduceMode
from lite.ops.reduce import ReduceFusion, reduced_axes
from lite.ops.shapes import integers
from lite.types import DType

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
}

_BLOCK = 256  # elements of a kept run that one thread takes at least


class Group(NamedTuple):
    """Neighboring dimensions that are all reduced or all kept, as one; stride in bytes."""

    extent: int
    stride: int
    reduced: bool


def bind(operation: Operation, tile: Tile) -> NativeClaim | None:
    """float32 with at least one element."""
    x, *rest = operation.inputs
    attrs = operation.attrs
    assert isinstance(attrs, ReduceFusion), "the index names this module for it alone"
    if x.dtype != DType.FLOAT32 or attrs.mode not in _MODES or x.size == 0:
        return None
    axes = reduced_axes(attrs, x, integers(rest[0].value) if rest and rest[0].value is not None else ())
    *outer, run = _groups(x.shape, axes)
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


def _groups(shape: tuple[int, ...], axes: tuple[int, ...]) -> list[Group]:
    groups: list[Group] = []
    for d, (extent, stride) in enumerate(zip(shape, contiguous(shape, 4), strict=True)):
        if extent == 1:
            continue
        if groups and groups[-1].reduced == (d in axes):
            groups[-1] = Group(groups[-1].extent * extent, stride, d in axes)
        else:
            groups.append(Group(extent, stride, d in axes))
    return groups or [Group(1, 4, True)]


def _walk(groups: list[Group]) -> Walk:
    return Walk(tuple(group.extent for group in groups), (tuple(group.stride for group in groups),))


def _scale(attrs: ReduceFusion, count: int) -> float:
    """What the combination of `count` elements is multiplied by."""
    scale = 1 / count if attrs.mode == ReduceMode.ReduceMean else 1.0
    return scale * attrs.coeff if attrs.reduce_to_end and abs(attrs.coeff) > 1e-5 else scale
