"""2-D pooling, NHWC: the largest or the mean element under a window, each channel on its own.

    MaxPoolFusion   y = max of the window        AvgPoolFusion   y = sum of the window / number of its elements

Padding is never part of a window: it neither wins a maximum nor counts in a mean.
"""
from __future__ import annotations

import numpy as np

from lite.errors import ShapeError
from lite.ops.activation import apply
from lite.ops.checks import (
    FLOATS,
    NUMBERS,
    check_dtype,
    check_fused_activation,
    check_length,
    check_range,
    check_rank,
)
from lite.ops.enums import ActivationType, PadMode, RoundMode
from lite.ops.numerics import in_float32, wide
from lite.ops.registry import Attributes, op
from lite.ops.window import Window, place_window
from lite.records import dataclass
from lite.types import Array, TensorSpec


@dataclass(frozen=True, slots=True)
class Pool(Attributes):
    """kernel_size, strides: (height, width). pad: (top, bottom, left, right), below the kernel's side, for PAD.

    global_: one window, all of the input; the other fields are not used. round_mode: see lite.ops.window.
    """

    ignored = ("format",)

    kernel_size: tuple[int, ...] = ()
    strides: tuple[int, ...] = ()
    pad: tuple[int, ...] = ()
    pad_mode: PadMode = PadMode.PAD
    round_mode: RoundMode = RoundMode.FLOOR
    global_: bool = False
    activation_type: ActivationType = ActivationType.NO_ACTIVATION

    def __post_init__(self) -> None:
        check_fused_activation(self)
        if self.global_:
            return
        for field in ("kernel_size", "strides"):
            check_length(self, field, 2)
            check_range(self, field, 1)
        check_length(self, "pad", 0, 4)
        if self.pad_mode == PadMode.PAD and self.pad:
            check_range(self, "pad", 0)
            if max(self.pad[:2]) >= self.kernel_size[0] or max(self.pad[2:]) >= self.kernel_size[1]:
                raise ValueError(f"{self.op}.pad is {self.pad}: expected less than kernel_size = {self.kernel_size}")


class MaxPoolFusion(Pool):
    """The largest element of each window."""

    __slots__ = ()


class AvgPoolFusion(Pool):
    """The mean of each window's elements."""

    __slots__ = ()


def kernel_of(attrs: Pool, x: tuple[int, ...]) -> tuple[int, int]:
    """Window (height, width) over input shape x [N, H, W, C]."""
    return (x[1], x[2]) if attrs.global_ else (attrs.kernel_size[0], attrs.kernel_size[1])


def window(attrs: Pool, x: tuple[int, ...]) -> Window:
    """Output extents and padding for input shape x [N, H, W, C]."""
    if attrs.global_:
        return Window((1, 1), (0, 0, 0, 0))
    return place_window(
        attrs.op,
        (x[1], x[2]),
        kernel_of(attrs, x),
        (attrs.strides[0], attrs.strides[1]),
        (1, 1),
        attrs.pad_mode,
        attrs.pad,
        attrs.round_mode,
    )


@op(MaxPoolFusion)
def infer_max(attrs: Pool, x: TensorSpec) -> TensorSpec:
    """x [N, H, W, C] of any number type -> [N, OH, OW, C]."""
    check_dtype(attrs.op, x, NUMBERS)
    return _infer(attrs, x)


@op(AvgPoolFusion)
def infer_avg(attrs: Pool, x: TensorSpec) -> TensorSpec:
    """x [N, H, W, C] of a floating-point type -> [N, OH, OW, C]."""
    check_dtype(attrs.op, x, FLOATS)
    return _infer(attrs, x)


def _infer(attrs: Pool, x: TensorSpec) -> TensorSpec:
    check_rank(attrs.op, x, 4)
    if 0 in x.shape[1:3]:
        raise ShapeError(f"{attrs.op} expects at least one pixel, got {x}")
    return x.like((x.shape[0], *window(attrs, x.shape).output, x.shape[3]))


@infer_max.reference
@in_float32
def reference_max(attrs: Pool, x: Array) -> Array:
    rows, columns = spans(attrs, x.shape)
    tall = np.stack([x[:, first:end].max(axis=1) for first, end in rows], axis=1)
    return apply(attrs.activation_type, np.stack([tall[:, :, first:end].max(axis=2) for first, end in columns], axis=2))


@infer_avg.reference
@in_float32
def reference_avg(attrs: Pool, x: Array) -> Array:
    rows, columns = spans(attrs, x.shape)
    tall = np.stack([wide(x[:, first:end]).mean(axis=1) for first, end in rows], axis=1)
    y = np.stack([tall[:, :, first:end].mean(axis=2) for first, end in columns], axis=2)
    return apply(attrs.activation_type, y.astype(x.dtype))


def spans(attrs: Pool, x: tuple[int, ...]) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """First and end row of each window within input shape x, and first and end column; never empty."""
    kernel, place = kernel_of(attrs, x), window(attrs, x)
    strides = (1, 1) if attrs.global_ else attrs.strides
    both: list[list[tuple[int, int]]] = []
    for axis in (0, 1):
        starts = [i * strides[axis] - place.pads[2 * axis] for i in range(place.output[axis])]
        both.append([(max(start, 0), min(start + kernel[axis], x[1 + axis])) for start in starts])
    return both[0], both[1]
