"""Move blocks of pixels between space, channels and batch, NHWC.

    DepthToSpace    [N, H, W, C] -> [N, H b, W b, C / b^2]; channels are [row, column, rest], CRD: [rest, row, column]
    SpaceToDepth    the reverse of DepthToSpace, channels [row, column, rest]
    SpaceToBatchND  zero-pad, then [N, H, W, C] -> [N bh bw, H / bh, W / bw, C], the new batch [row, column, N]
    BatchToSpaceND  the reverse, then crop
"""
from __future__ import annotations

import math

import numpy as np

from lite.errors import ShapeError
from lite.ops.checks import check_length, check_range, check_rank
from lite.ops.registry import Attributes, op
from lite.records import dataclass
from lite.types import Array, TensorSpec

Pairs = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class DepthToSpace(Attributes):
    """block_size: side b of a block. mode: "DCR" or "CRD"; nothing means "DCR"."""

    ignored = ("format",)

    block_size: int = 0
    mode: str = ""

    def __post_init__(self) -> None:
        check_range(self, "block_size", 1)
        if self.mode not in ("", "DCR", "CRD"):
            raise ValueError(f"{self.op}.mode is {self.mode!r}: expected DCR or CRD")


@op(DepthToSpace)
def infer_depth_to_space(attrs: DepthToSpace, x: TensorSpec) -> TensorSpec:
    """x [N, H, W, C] of any dtype, C divisible by b^2."""
    check_rank(attrs.op, x, 4)
    n, h, w, c = x.shape
    b = attrs.block_size
    return x.like((n, _times(h, b), _times(w, b), _over(attrs, x, c, b * b)))


@infer_depth_to_space.reference
def depth_to_space(attrs: DepthToSpace, x: Array) -> Array:
    n, h, w, c = x.shape
    b = attrs.block_size
    if attrs.mode == "CRD":
        blocks = x.reshape(n, h, w, c // b**2, b, b).transpose(0, 1, 4, 2, 5, 3)
    else:
        blocks = x.reshape(n, h, w, b, b, c // b**2).transpose(0, 1, 3, 2, 4, 5)
    return blocks.reshape(n, h * b, w * b, c // b**2)


@dataclass(frozen=True, slots=True)
class SpaceToDepth(Attributes):
    """block_size: side of a block."""

    ignored = ("format",)

    block_size: int = 0

    def __post_init__(self) -> None:
        check_range(self, "block_size", 1)


@op(SpaceToDepth)
def infer_space_to_depth(attrs: SpaceToDepth, x: TensorSpec) -> TensorSpec:
    """x [N, H, W, C] of any dtype, H and W divisible by b."""
    check_rank(attrs.op, x, 4)
    n, h, w, c = x.shape
    b = attrs.block_size
    return x.like((n, _over(attrs, x, h, b), _over(attrs, x, w, b), _times(c, b * b)))


@infer_space_to_depth.reference
def space_to_depth(attrs: SpaceToDepth, x: Array) -> Array:
    n, h, w, c = x.shape
    b = attrs.block_size
    blocks = x.reshape(n, h // b, b, w // b, b, c).transpose(0, 1, 3, 2, 4, 5)
    return blocks.reshape(n, h // b, w // b, b * b * c)


@dataclass(frozen=True, slots=True)
class SpaceToBatchND(Attributes):
    """block_shape: (rows, columns) of a block. paddings: ((top, bottom), (left, right))."""

    block_shape: tuple[int, ...] = ()
    paddings: Pairs = ()

    def __post_init__(self) -> None:
        _check_blocks(self, "paddings")


@op(SpaceToBatchND)
def infer_space_to_batch(attrs: SpaceToBatchND, x: TensorSpec) -> TensorSpec:
    """x [N, H, W, C] of any dtype, the padded H and W divisible by the block."""
    check_rank(attrs.op, x, 4)
    padded = [_plus(d, sum(pair)) for d, pair in zip(x.shape[1:3], attrs.paddings, strict=True)]
    inner = (_over(attrs, x, d, b) for d, b in zip(padded, attrs.block_shape, strict=True))
    return x.like((_times(x.shape[0], math.prod(attrs.block_shape)), *inner, x.shape[3]))


@infer_space_to_batch.reference
def space_to_batch(attrs: SpaceToBatchND, x: Array) -> Array:
    rows, columns = attrs.block_shape
    (top, bottom), (left, right) = attrs.paddings
    padded = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))
    n, h, w, c = padded.shape
    blocks = padded.reshape(n, h // rows, rows, w // columns, columns, c).transpose(2, 4, 0, 1, 3, 5)
    return blocks.reshape(rows * columns * n, h // rows, w // columns, c)


@dataclass(frozen=True, slots=True)
class BatchToSpaceND(Attributes):
    """block_shape: (rows, columns) of a block. crops: ((top, bottom), (left, right))."""

    block_shape: tuple[int, ...] = ()
    crops: Pairs = ()

    def __post_init__(self) -> None:
        _check_blocks(self, "crops")


@op(BatchToSpaceND)
def infer_batch_to_space(attrs: BatchToSpaceND, x: TensorSpec) -> TensorSpec:
    """x [N, H, W, C] of any dtype, N divisible by the block's area."""
    check_rank(attrs.op, x, 4)
    batch = _over(attrs, x, x.shape[0], math.prod(attrs.block_shape))
    full = [_times(d, b) for d, b in zip(x.shape[1:3], attrs.block_shape, strict=True)]
    if any(0 <= d < sum(pair) for d, pair in zip(full, attrs.crops, strict=True)):
        raise ShapeError(f"{attrs.op} crops {attrs.crops} are more than the {full} pixels that {x} gives")
    inner = (_plus(d, -sum(pair)) for d, pair in zip(full, attrs.crops, strict=True))
    return x.like((batch, *inner, x.shape[3]))


@infer_batch_to_space.reference
def batch_to_space(attrs: BatchToSpaceND, x: Array) -> Array:
    rows, columns = attrs.block_shape
    (top, bottom), (left, right) = attrs.crops
    n, h, w, c = x.shape
    batch = n // (rows * columns)
    blocks = x.reshape(rows, columns, batch, h, w, c).transpose(2, 3, 0, 4, 1, 5)
    full = blocks.reshape(batch, h * rows, w * columns, c)
    return full[:, top : h * rows - bottom, left : w * columns - right].copy()


def _check_blocks(attrs: Attributes, margins: str) -> None:
    check_length(attrs, "block_shape", 2)
    check_range(attrs, "block_shape", 1)
    pairs: Pairs = getattr(attrs, margins)
    if len(pairs) != 2 or any(len(pair) != 2 or min(pair) < 0 for pair in pairs):
        raise ValueError(f"{attrs.op}.{margins} is {pairs}: expected two pairs of numbers >= 0")


def _times(dim: int, factor: int) -> int:
    return dim if dim < 0 else dim * factor


def _plus(dim: int, term: int) -> int:
    return dim if dim < 0 else dim + term


def _over(attrs: Attributes, x: TensorSpec, dim: int, divisor: int) -> int:
    if dim >= 0 and dim % divisor:
        raise ShapeError(f"{attrs.op} cannot divide {dim} by {divisor} for {x}")
    return dim if dim < 0 else dim // divisor
