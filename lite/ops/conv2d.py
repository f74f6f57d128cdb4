"""2-D convolution (cross-correlation), NHWC, with groups, bias and a fused activation.

    y[n, i, j, o] = act(b[o] + sum over p, q, c of x[n, i*sh + p*dh - top, j*sw + q*dw - left, g*C + c] * w[o, p, q, c])

with C = channels / group, g = o // (outputs / group), and x zero outside. Weights are [outputs, kernel_h, kernel_w, C].
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
from lite.ops.window import Window, inside, place_window
from lite.records import dataclass
from lite.types import Array, TensorSpec


@dataclass(frozen=True, slots=True)
class Conv2DFusion(Attributes):
    """kernel_size, stride, dilation: (height, width). pad_list: (top, bottom, left, right), used where pad_mode is PAD.

    kernel_size may be empty: the weights say it. in_channel, out_channel: written for other readers; files are often
    wrong about them, the weights are right.
    """

    ignored = ("format", "mode")

    kernel_size: tuple[int, ...] = ()
    stride: tuple[int, ...] = ()
    dilation: tuple[int, ...] = ()
    pad_mode: PadMode = PadMode.PAD
    pad_list: tuple[int, ...] = ()
    group: int = 0
    in_channel: int = 0
    out_channel: int = 0
    activation_type: ActivationType = ActivationType.NO_ACTIVATION

    def __post_init__(self) -> None:
        check_length(self, "kernel_size", 0, 2)
        check_length(self, "stride", 2)
        check_length(self, "dilation", 2)
        check_length(self, "pad_list", 0, 4)
        for field in ("kernel_size", "stride", "dilation", "group"):
            check_range(self, field, 1)
        if self.pad_mode == PadMode.PAD:  # elsewhere the list is not used, and dynamic models store -1 there
            check_range(self, "pad_list", 0)
        check_fused_activation(self)


def window(attrs: Conv2DFusion, x: tuple[int, ...], w: tuple[int, ...]) -> Window:
    """Output extents and padding for input shape x [N, H, W, C] and weight shape w [O, kh, kw, C / group]."""
    return place_window(
        attrs.op,
        (x[1], x[2]),
        (w[1], w[2]),
        (attrs.stride[0], attrs.stride[1]),
        (attrs.dilation[0], attrs.dilation[1]),
        attrs.pad_mode,
        attrs.pad_list,
    )


@op(Conv2DFusion)
def infer(attrs: Conv2DFusion, x: TensorSpec, w: TensorSpec, b: TensorSpec | None = None) -> TensorSpec:
    """x [N, H, W, C], w [O, kh, kw, C / group], b [O] of one floating-point dtype -> [N, OH, OW, O]."""
    check_dtype(attrs.op, x, FLOATS)
    check_same_dtype(attrs.op, x, w)
    check_rank(attrs.op, x, 4)
    check_rank(attrs.op, w, 4)
    outputs = w.shape[0]
    if min(w.shape) == 0:
        raise ShapeError(f"{attrs.op} expects weights without empty dimensions, got {w}")
    kernel = attrs.kernel_size or (-1, -1)
    channels = x.shape[3] // attrs.group if x.shape[3] >= 0 else -1
    if x.shape[3] >= 0 and x.shape[3] % attrs.group:
        raise ShapeError(f"{attrs.op} cannot divide the channels of {x} into {attrs.group} groups")
    if outputs % attrs.group and outputs >= 0:
        raise ShapeError(f"{attrs.op} cannot divide the outputs of weights {w} into {attrs.group} groups")
    check_shape(attrs.op, "weights", w, (outputs, *kernel, channels))
    if b is not None:
        check_same_dtype(attrs.op, x, b)
        check_shape(attrs.op, "a bias", b, (outputs,))
    if min(w.shape[1:3]) < 0:
        return x.like((x.shape[0], -1, -1, outputs))
    return x.like((x.shape[0], *window(attrs, x.shape, w.shape).output, outputs))


@infer.reference
@in_float32
def reference(attrs: Conv2DFusion, x: Array, w: Array, b: Array | None = None) -> Array:
    place = window(attrs, x.shape, w.shape)
    batch, height, width, _ = x.shape
    outputs, kernel_h, kernel_w, per_group = w.shape
    pixels = wide(x).reshape(batch, height, width, attrs.group, per_group)
    filters = wide(w).reshape(attrs.group, outputs // attrs.group, kernel_h, kernel_w, per_group)
    y = np.zeros((batch, *place.output, attrs.group, outputs // attrs.group), pixels.dtype)
    for p, q in np.ndindex(kernel_h, kernel_w):  # one tap at a time: a matrix product over the channels
        rows, from_rows = inside(p * attrs.dilation[0] - place.pads[0], attrs.stride[0], height, place.output[0])
        columns, from_columns = inside(q * attrs.dilation[1] - place.pads[2], attrs.stride[1], width, place.output[1])
        y[:, rows, columns] += _product(pixels[:, from_rows, from_columns], filters[:, :, p, q])
    merged = y.reshape(batch, *place.output, outputs)
    return apply(attrs.activation_type, merged if b is None else merged + b).astype(x.dtype)


def _product(pixels: Array, filters: Array) -> Array:
    """pixels [..., G, C] times filters [G, O, C], summed over C -> [..., G, O]."""
    groups, outputs, channels = filters.shape
    if channels == 1:  # depthwise: nothing to sum
        return np.multiply(pixels, filters[:, :, 0])
    rows = pixels.reshape(-1, groups, channels).transpose(1, 0, 2)
    y: Array = (rows @ filters.transpose(0, 2, 1)).transpose(1, 0, 2)
    return y.reshape(*pixels.shape[:-1], outputs)
