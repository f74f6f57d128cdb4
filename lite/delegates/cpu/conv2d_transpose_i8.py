"""Binds transposed convolutions of codes: ordinary ones, and copies that put their results between one another.

Rows of the result whose numbers are alike modulo the stride get something from some rows of the filter only, the same
for all, and are a convolution with these, of stride 1; columns likewise. Neighbors with as many rows and columns of the
filter over the same pixels share one convolution, as more of its channels: all do where filters do not overlap.

    stride 2, 4 x 4, padded by 1      even rows: filter rows 3, 1 over pixels i - 1, i      odd ones: 2, 0 over i, i + 1
"""
from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np

from lite.delegates.base import NativeClaim, NativeStep, Operation, Temp
from lite.delegates.cpu.conv2d_transpose import spread_step
from lite.delegates.cpu.product_i8 import is_of_codes, product_step
from lite.delegates.cpu.tile import Tile
from lite.ops.conv2d import Conv2DFusion
from lite.ops.conv2d_transpose import Conv2dTransposeFusion, window
from lite.ops.quantized import Quantized
from lite.ops.window import Window
from lite.records import dataclass
from lite.types import Array


@dataclass(frozen=True, slots=True)
class Phases:
    """Rows (or columns) first + stride * i + k of the result, for i in [0, extent) and each k that `taps` has a row of.

    taps: which filter rows they get, in the order of the pixels under them. before: how far the first is before i.
    """

    first: int
    extent: int
    before: int
    taps: tuple[tuple[int, ...], ...]


def bind(operation: Operation, tile: Tile) -> NativeClaim | None:
    """int8 codes as for other products, one group, and nothing added."""
    attrs = operation.attrs
    assert isinstance(attrs, Quantized), "the index names this module for quantized operators"
    inner = attrs.inner
    assert isinstance(inner, Conv2dTransposeFusion), "the index names this module for it alone"
    if inner.group > 1 or operation.epilogue.residual >= 0 or not is_of_codes(operation, attrs):
        return None
    x, w = operation.operands[:2]
    assert w.value is not None, "is_of_codes has looked"
    place = window(inner, x.shape, w.shape)
    axes = [
        list(_phases(w.shape[1 + axis], inner.stride[axis], inner.dilation[axis], place.pads[2 * axis], extent))
        for axis, extent in enumerate(place.output)
    ]
    parts = list(itertools.product(*axes))
    room = Temp(0, max(math.prod(_shape(operation, part)) for part in parts))
    steps: list[NativeStep] = []
    for part in parts:
        shape = _shape(operation, part)
        taps = [np.array(phases.taps) for phases in part]
        filters = _filters(w.value, *taps)
        spread = tuple(d // math.gcd(d, stride) for d, stride in zip(inner.dilation, inner.stride, strict=True))
        conv = Conv2DFusion(stride=(1, 1), dilation=spread, group=1, activation_type=inner.activation_type)
        inside = Window((part[0].extent, part[1].extent), (part[0].before, 0, part[1].before, 0))
        times = shape[3] * shape[4]
        whole = len(parts) == times == 1
        given = {} if whole else {"y": room}
        step = product_step(operation, conv, x.shape, inside, filters, tile, times=times, **given)
        if step is None:
            return None
        steps.append(step)
        if not whole:
            steps.append(spread_step(operation, shape, (part[0].first, part[1].first), inner.stride, room))
    return NativeClaim(tuple(steps))


def _phases(kernel: int, stride: int, dilation: int, before: int, extent: int) -> Iterator[Phases]:
    """The rows of a result of this extent, where `before` are cut off its start; neighbors that are alike at once."""
    found = []
    for first in range(min(stride, extent)):
        taps = [p for p in reversed(range(kernel)) if (first + before - p * dilation) % stride == 0]
        start = (taps[0] * dilation - before - first) // stride if taps else 0
        found.append((first, (start, -(-(extent - first) // stride), len(taps)), tuple(taps)))
    for (start, count, _), group in itertools.groupby(found, key=lambda phase: phase[1]):
        alike = list(group)
        yield Phases(alike[0][0], count, start, tuple(taps for _, _, taps in alike))


def _filters(w: Array, rows: Array, columns: Array) -> Array:
    """w [C, kh, kw, O] -> [phases x phases x O, taps, taps, C]: of each phase, [phases, taps], its taps; 0 for none."""
    if not rows.size * columns.size:
        return np.zeros((len(rows) * len(columns) * w.shape[3], 1, 1, w.shape[0]), w.dtype)
    some = w[:, rows][:, :, :, columns]  # [C, phases, taps, phases, taps, O]
    return some.transpose(1, 3, 5, 2, 4, 0).reshape(-1, rows.shape[1], columns.shape[1], w.shape[0])


def _shape(operation: Operation, part: Sequence[Phases]) -> tuple[int, ...]:
    """Of a convolution's result: images, rows, columns, and its channels: phases of rows, of columns, and channels."""
    y = operation.outputs[0].shape
    return (y[0], part[0].extent, part[1].extent, len(part[0].taps), len(part[1].taps), y[3])
