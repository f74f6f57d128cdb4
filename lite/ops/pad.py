"""Extend a tensor at both ends of each axis.

    CONSTANT   with constant_value
    REFLECT    with its mirror image, the edge not repeated:  c b | a b c | b a
    SYMMETRIC  with its mirror image, the edge repeated:      b a | a b c | c b
"""
from __future__ import annotations

from enum import IntEnum

import numpy as np

from lite.errors import ShapeError
from lite.ops.checks import MAX_EXTENT
from lite.ops.registry import Attributes, op
from lite.ops.shapes import integers, known_integers
from lite.records import dataclass
from lite.types import Array, TensorSpec


class PaddingMode(IntEnum):
    """What PadFusion writes outside its input."""

    CONSTANT = 0
    REFLECT = 1
    SYMMETRIC = 2
    MODE_RESERVED = 3


_MODES = frozenset({PaddingMode.CONSTANT, PaddingMode.REFLECT, PaddingMode.SYMMETRIC})


@dataclass(frozen=True, slots=True)
class PadFusion(Attributes):
    """paddings: (before, after) for each axis, where they are not the second input. constant_value: for CONSTANT."""

    paddings: tuple[tuple[int, ...], ...] = ()
    padding_mode: PaddingMode = PaddingMode.CONSTANT
    constant_value: float = 0.0

    def __post_init__(self) -> None:
        if self.padding_mode not in _MODES:
            raise ValueError(f"{self.op}.padding_mode is {self.padding_mode.name}: it has no formula")
        if any(len(pair) != 2 or not 0 <= min(pair) <= max(pair) <= MAX_EXTENT for pair in self.paddings):
            raise ValueError(f"{self.op}.paddings is {self.paddings}: expected pairs of 0 <= value <= {MAX_EXTENT}")


@op(PadFusion)
def infer(attrs: PadFusion, x: TensorSpec, paddings: TensorSpec | None = None) -> TensorSpec:
    """x of any dtype; paddings [rank, 2] or [2 rank] of int32 or int64 -> the same rank."""
    flat = sum(attrs.paddings, ()) if paddings is None else known_integers(attrs.op, paddings, 1, 2)
    if flat is None:
        return x.like((-1,) * x.rank)
    shape: list[int] = []
    for dim, (before, after) in zip(x.shape, _pairs(attrs, x, flat), strict=True):
        most = {PaddingMode.REFLECT: dim - 1, PaddingMode.SYMMETRIC: dim}.get(attrs.padding_mode, MAX_EXTENT)
        if dim >= 0 and max(before, after) > most and max(before, after) > 0:
            raise ShapeError(f"{attrs.op} {attrs.padding_mode.name} by {list(flat)} needs more elements than {x} has")
        shape.append(-1 if dim < 0 else dim + before + after)
    return x.like(tuple(shape))


def _pairs(attrs: PadFusion, x: TensorSpec, flat: tuple[int, ...]) -> list[tuple[int, int]]:
    if len(flat) != 2 * x.rank or min(flat, default=0) < 0:
        raise ShapeError(f"{attrs.op} expects {2 * x.rank} paddings >= 0 for {x}, got {list(flat)}")
    return list(zip(flat[::2], flat[1::2], strict=True))


@infer.reference
def reference(attrs: PadFusion, x: Array, paddings: Array | None = None) -> Array:
    flat = sum(attrs.paddings, ()) if paddings is None else integers(paddings)
    pairs = _pairs(attrs, TensorSpec.of(x), flat)
    if attrs.padding_mode == PaddingMode.CONSTANT:
        return np.pad(x, pairs, constant_values=np.asarray(attrs.constant_value).astype(x.dtype))
    return np.pad(x, pairs, mode="reflect" if attrs.padding_mode == PaddingMode.REFLECT else "symmetric")
