"""2-D transposed convolution, NHWC: every input pixel adds its filter, scaled, to the output around it.

    y[n, i*sh + p*dh - top, j*sw + q*dw - left, o] += x[n, i, j, c] * w[c, p, q, o]        then + bias and activation

Weights are [inputs, kernel_h, kernel_w, outputs / group]; with groups, input group g feeds output group g.
Output height = (H - 1) * stride + (kernel - 1) * dilation + 1 - top - bottom + output_padding, and H * stride where
pad_mode is SAME.
"""
from __future__ import annotations

import numpy as np

from lite.errors import ShapeError
from lite.ops.activation import apply
from lite.ops.checks import (
    FLOATS,
    check_dtype,
    check_fused_activation,
    check_length,
    check_range,
    check_rank,
    check_same_dtype,
    check_shape,
)
from lite.ops.enums import ActivationType, PadMode
from lite.ops.numerics import in_float32, wide
from lite.ops.registry import Attributes, op
from lite.ops.window import Window, inside
from lite.records import dataclass
from lite.types import Array, TensorSpec


@dataclass(frozen=True, slots=True)
class Conv2dTransposeFusion(Attributes):
    """kernel_size, stride, dilation, output_paddings: (height, width). pad_list: (top, bottom, left, right), for PAD.

    output_paddings: rows and columns added at the bottom and right of the output; empty means none. kernel_size may be
    empty: the weights say it.
    """

    ignored = ("format", "mode", "pad")

    kernel_size: tuple[int, ...] = ()
    stride: tuple[int, ...] = ()
    dilation: tuple[int, ...] = ()
    pad_mode: PadMode = PadMode.PAD
    pad_list: tuple[int, ...] = ()
    group: int = 0
    in_channel: int = 0
    out_channel: int = 0
    activation_type: ActivationType = ActivationType.NO_ACTIVATION
    output_paddings: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        check_length(self, "kernel_size", 0, 2)
        check_length(self, "stride", 2)
        check_length(self, "dilation", 2)
        check_length(self, "pad_list", 0, 4)
        check_length(self, "output_paddings", 0, 2)
        for field in ("kernel_size", "stride", "dilation", "group"):
            check_range(self, field, 1)
        check_range(self, "output_paddings", 0)
        if self.pad_mode == PadMode.PAD:
            check_range(self, "pad_list", 0)
        check_fused_activation(self)


def window(attrs: Conv2dTransposeFusion, x: tuple[int, ...], w: tuple[int, ...]) -> Window:
    """Output extents, and the rows and columns cut off the full result, for input shape x and weight shape w."""
    given = attrs.pad_list if attrs.pad_mode == PadMode.PAD and attrs.pad_list else (0, 0, 0, 0)
    extra = attrs.output_paddings or (0, 0)
    output: list[int] = []
    pads: list[int] = []
    for axis in (0, 1):
        size, stride = x[1 + axis], attrs.stride[axis]
        extent = (w[1 + axis] - 1) * attrs.dilation[axis] + 1
        before, after = given[2 * axis], given[2 * axis + 1]
        full = (size - 1) * stride + extent
        if size < 0 or w[1 + axis] < 0:
            output.append(-1)
        elif attrs.pad_mode == PadMode.SAME:
            output.append(size * stride + extra[axis])
            before = max(full - size * stride, 0) // 2
            after = max(full - size * stride, 0) - before
        else:
            output.append(full - before - after + extra[axis])
            if output[-1] < 1:
                raise ShapeError(f"{attrs.op} pads {given} leave nothing of the {full} wide result for input {x}")
        pads += [before, after]
    return Window((output[0], output[1]), (pads[0], pads[1], pads[2], pads[3]))


@op(Conv2dTransposeFusion)
def infer(attrs: Conv2dTransposeFusion, x: TensorSpec, w: TensorSpec, b: TensorSpec | None = None) -> TensorSpec:
    """x [N, H, W, C], w [C, kh, kw, O / group], b [O] of one floating-point dtype -> [N, OH, OW, O]."""
    check_dtype(attrs.op, x, FLOATS)
    check_same_dtype(attrs.op, x, w)
    check_rank(attrs.op, x, 4)
    check_rank(attrs.op, w, 4)
    if min(w.shape) == 0:
        raise ShapeError(f"{attrs.op} expects weights without empty dimensions, got {w}")
    check_shape(attrs.op, "weights", w, (x.shape[3], *(attrs.kernel_size or (-1, -1)), -1))
    channels = max(x.shape[3], w.shape[0])
    if channels >= 0 and channels % attrs.group:
        raise ShapeError(f"{attrs.op} cannot divide the channels of {x} into {attrs.group} groups")
    outputs = w.shape[3] * attrs.group if w.shape[3] >= 0 else -1
    if b is not None:
        check_same_dtype(attrs.op, x, b)
        check_shape(attrs.op, "a bias", b, (outputs,))
    return x.like((x.shape[0], *window(attrs, x.shape, w.shape).output, outputs))


@infer.reference
@in_float32
def reference(attrs: Conv2dTransposeFusion, x: Array, w: Array, b: Array | None = None) -> Array:
    place = window(attrs, x.shape, w.shape)
    batch, height, width, inputs = x.shape
    _, kernel_h, kernel_w, per_group = w.shape
    pixels = wide(x).reshape(batch, height, width, attrs.group, 1, inputs // attrs.group)
    filters = wide(w).reshape(attrs.group, inputs // attrs.group, kernel_h, kernel_w, per_group)
    y = np.zeros((batch, *place.output, attrs.group, per_group), pixels.dtype)
    for p, q in np.ndindex(kernel_h, kernel_w):
        rows, to_rows = inside(p * attrs.dilation[0] - place.pads[0], attrs.stride[0], place.output[0], height)
        columns, to_columns = inside(q * attrs.dilation[1] - place.pads[2], attrs.stride[1], place.output[1], width)
        y[:, to_rows, to_columns] += (pixels[:, rows, columns] @ filters[:, :, p, q])[..., 0, :]
    merged = y.reshape(batch, *place.output, attrs.group * per_group)
    return apply(attrs.activation_type, merged if b is None else merged + b).astype(x.dtype)
