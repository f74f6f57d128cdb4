"""Binds convolutions with large tensors between them to row_chain: a few rows of these at a time, never all.

What is taken as a stage: a product of single pixels, a depthwise convolution, and as the first one a convolution of
thin images. The blocks of rows are as large as the cache of one core leaves room for.

Where it would not pay, each runs by itself: where all that is between them stays in a cache anyway, where rows are so
short that a product of one row wastes most of a tile, where there are too few for threads to share, and where many are
computed twice. A thread claims its share of the units in a few parts, and each part begins with the rows that the
filter needs and another part has computed, too.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate

import numpy as np

from lite.delegates.base import Argument, In, NativeClaim, NativeStep, Operation, Out, Packed, Rows, Stages
from lite.delegates.cpu.conv2d_thin import fits_thin
from lite.kernels.codes import CHAIN_ARGUMENTS, CHAIN_STATE
from lite.ops.conv2d import Conv2DFusion, window
from lite.records import replace
from lite.types import TensorSpec

_LEAST = 1 << 20  # bytes of the largest tensor between two: about what a core's own cache holds
_CACHED = 256 << 10  # of the rows between all that are there at a time
_UNITS, _FEWEST = 16, 8  # units: as many where there are as many rows, and the fewest that threads can share
_PARTS = 8  # in which two threads claim about as many units
_TWICE = 1 / 3  # of the rows, that may be computed twice
_NARROW = 4  # pixels of a row, the fewest

Bind = Callable[[Operation], NativeClaim | None]


def bind_chain(chain: Sequence[Operation], bind: Bind) -> NativeClaim | None:
    """The claim of all, or None where they are better run one after the other. bind: gives the claim of one alone."""
    between = [operation.outputs[0] for operation in chain[:-1]]
    y = chain[-1].outputs[0]
    if max(x.nbytes for x in between) < _LEAST or not all(_is_stage(operation) for operation in chain):
        return None
    reads = [_read(operation, x) for operation, x in zip(chain[1:], between, strict=True)]
    images, in_rows = between[0].shape[:2]
    twice = _PARTS * sum(max(reach - stride, 0) for stride, _, reach in reads)
    if twice > _TWICE * images * in_rows or min(x.shape[2] for x in (*between, y)) < _NARROW:
        return None
    row_bytes = [x.nbytes // (x.shape[0] * x.shape[1]) for x in between]
    out_rows = y.shape[1]
    block = -(-images * out_rows // _UNITS)
    while block > 1 and sum(_rows(reads, block, k) * n for k, n in enumerate(row_bytes)) > _CACHED:
        block -= 1
    blocks = -(-out_rows // block)
    block = -(-out_rows // blocks)
    units = images * -(-out_rows // block)
    if units < _FEWEST:
        return None
    steps = []
    first_input = 0
    for number, operation in enumerate(chain):
        claim = bind(operation)
        if claim is None or len(claim.steps) != 1 or claim.steps[0].kernel not in _BY_ROWS:
            return None
        steps.append(_stage(claim.steps[0], operation, first_input, number > 0, number < len(chain) - 1))
        first_input += len(operation.inputs) - 1
    own = _aligned(8 * (CHAIN_ARGUMENTS * len(chain) + CHAIN_STATE * len(between)))
    sizes = [_aligned(_rows(reads, block, k) * n) for k, n in enumerate(row_bytes)]
    *places, nbytes = accumulate(sizes, initial=own + _aligned(max(step.scratch for step in steps)))
    table = [
        (x.shape[1], n, place, *read) for x, n, place, read in zip(between, row_bytes, places, reads, strict=True)
    ]
    arguments: dict[str, Argument] = {
        "stages": Stages(tuple(steps)),
        "count": len(chain),
        "betweens": Packed(np.array(table, np.int64).reshape(-1)),
        "out_rows": out_rows,
        "block": block,
        "own": own,
    }
    return NativeClaim((NativeStep("row_chain", arguments, units, nbytes),))


def _is_stage(operation: Operation) -> bool:
    attrs, x, w = operation.attrs, operation.inputs[0], operation.inputs[1]
    assert isinstance(attrs, Conv2DFusion), "chains are made of these"
    if attrs.group > 1:
        return attrs.group == x.shape[3] == w.shape[0]
    if w.shape[1:3] == (1, 1):
        return attrs.stride == (1, 1) and not any(window(attrs, x.shape, w.shape).pads)
    return fits_thin(attrs, x)


def _stage(step: NativeStep, operation: Operation, first_input: int, reads: bool, writes: bool) -> NativeStep:
    """The step with a row of output as its unit. first_input: what is counted before the operation's own inputs."""

    def moved(argument: Argument) -> Argument:
        if reads and argument == In(0):
            return Rows(written=False)
        if writes and argument == Out(0):
            return Rows(written=True)
        if isinstance(argument, In):
            return In(first_input + argument.index)
        if isinstance(argument, Packed) and argument.replaces >= 0:
            return Packed(argument.data, first_input + argument.replaces)
        return argument

    arguments = {name: moved(argument) for name, argument in step.arguments.items()}
    width = operation.outputs[0].shape[2]
    return replace(step, arguments={**arguments, **_BY_ROWS[step.kernel](width)})


def _read(operation: Operation, x: TensorSpec) -> tuple[int, int, int]:
    """stride, above, reach: see lite.kernels.chain."""
    attrs, w = operation.attrs, operation.inputs[1]
    assert isinstance(attrs, Conv2DFusion), "chains are made of these"
    reach = (w.shape[1] - 1) * attrs.dilation[0] + 1
    return attrs.stride[0], window(attrs, x.shape, w.shape).pads[0], reach


def _rows(reads: Sequence[tuple[int, int, int]], block: int, between: int) -> int:
    """How many rows of what is before a stage `block` rows of the output need."""
    for stride, _, reach in reversed(reads[between:]):
        block = (block - 1) * stride + reach
    return block


def _aligned(nbytes: int) -> int:
    return -(-nbytes // 64) * 64


# What makes a row a unit, by kernel.
_BY_ROWS: dict[str, Callable[[int], Mapping[str, Argument]]] = {
    "conv2d_thin_f32": lambda width: {"row_block": 1, "parts": 1},
    "depthwise_f32": lambda width: {"row_block": 1},
    "matmul_f32": lambda width: {"row_block": width, "panel_block": 1 << 30, "parts": 1},
}
