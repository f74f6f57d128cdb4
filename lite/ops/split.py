"""Cut a tensor into pieces along one axis, of equal or given sizes."""
from __future__ import annotations

from itertools import accumulate

import numpy as np

from lite.errors import ShapeError
from lite.ops.checks import check_length, check_range
from lite.ops.registry import Attributes, op
from lite.ops.shapes import normalize_axis
from lite.records import dataclass
from lite.types import Array, TensorSpec

MOST_OUTPUTS = 65536


@dataclass(frozen=True, slots=True)
class Split(Attributes):
    """output_num: number of pieces. size_splits: their sizes, one of them -1 for what is left; empty for equal ones.

    output_num may be 0 where size_splits says it.
    """

    output_num: int = 0
    size_splits: tuple[int, ...] = ()
    axis: int = 0

    def __post_init__(self) -> None:
        check_range(self, "output_num", 0 if self.size_splits else 1, MOST_OUTPUTS)
        check_range(self, "size_splits", -1)
        if self.size_splits and self.output_num:
            check_length(self, "size_splits", self.output_num)
        if self.size_splits.count(-1) > 1:
            raise ValueError(f"{self.op}.size_splits is {self.size_splits}: expected one -1 at most")


def sizes_of(attrs: Split, x: TensorSpec) -> tuple[int, ...]:
    """Size of each piece along the axis, -1 where unknown. Raises ShapeError where they do not add up."""
    total = x.shape[normalize_axis(attrs.op, attrs.axis, x.rank, x)]
    sizes = attrs.size_splits
    if not sizes:
        if total < 0:
            return (-1,) * attrs.output_num
        if total % attrs.output_num:
            raise ShapeError(f"{attrs.op} cannot cut {x} into {attrs.output_num} equal pieces along axis {attrs.axis}")
        return (total // attrs.output_num,) * attrs.output_num
    if total < 0:
        return sizes
    rest = total - sum(s for s in sizes if s >= 0)
    if rest < 0 or (rest > 0 and -1 not in sizes):
        raise ShapeError(f"{attrs.op} sizes {list(sizes)} do not add up to axis {attrs.axis} of {x}")
    return tuple(rest if s == -1 else s for s in sizes)


@op(Split)
def infer(attrs: Split, x: TensorSpec) -> tuple[TensorSpec, ...]:
    """x of any dtype -> one output a piece."""
    axis = normalize_axis(attrs.op, attrs.axis, x.rank, x)
    return tuple(x.like((*x.shape[:axis], size, *x.shape[axis + 1 :])) for size in sizes_of(attrs, x))


@infer.reference
def reference(attrs: Split, x: Array) -> tuple[Array, ...]:
    cuts = list(accumulate(sizes_of(attrs, TensorSpec.of(x))))[:-1]
    return tuple(piece.copy() for piece in np.split(x, cuts, axis=attrs.axis))
