"""Operators on images, which have their channels first here."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from converter.exporters.layout import to_channels_first
from converter.exporters.onnx.builder import Op, Row
from converter.exporters.onnx.rows.elementwise import activated
from converter.exporters.refusals import Unsupported
from lite.ops import conv2d, conv2d_transpose, pool
from lite.ops.enums import PadMode, RoundMode
from lite.ops.resize import CoordinateTransformMode, NearestMode, ResizeMethod
from lite.ops.window import Window

_FILTERS = to_channels_first(4)


def _last(shape: Sequence[int]) -> tuple[int, ...]:
    """A shape with its channels last again, as `lite.ops` wants it."""
    return (shape[0], *shape[2:], shape[1])


def _pads(op: Op, mode: PadMode, place: Window, after: Sequence[int]) -> dict[str, Any]:
    """Padding as numbers where the size is known; the mode by name where it is not."""
    if min(op.inputs[0].shape[2:]) >= 0:
        return {"pads": (place.pads[0], place.pads[2], *after)}
    if mode == PadMode.PAD:
        return {"pads": (place.pads[0], place.pads[2], place.pads[1], place.pads[3])}
    return {"auto_pad": {PadMode.SAME: "SAME_UPPER"}.get(mode, "VALID")}


def convolution(op: Op) -> str:
    """Filters [outputs, kh, kw, C / group], bias [outputs]."""
    a = op.attrs
    place = conv2d.window(a, _last(op.inputs[0].shape), op.inputs[1].shape)
    y = op.emit(
        "Conv", op.x(), op.transposed(1, _FILTERS), *op.some(2), kernel_shape=op.inputs[1].shape[1:3],
        strides=a.stride, dilations=a.dilation, group=a.group,
        **_pads(op, a.pad_mode, place, (place.pads[1], place.pads[3])),
    )  # fmt: skip
    return activated(op, y)


def transposed_convolution(op: Op) -> str:
    """Filters [C, kh, kw, outputs / group]. What is added at the end is padding that is not cut off, then zeros."""
    a, x, kernel = op.attrs, op.inputs[0].shape, op.inputs[1].shape[1:3]
    if min(x[2:]) < 0:
        raise Unsupported("the size of its images is not known: fix it with the option input_shapes")
    place = conv2d_transpose.window(a, _last(x), op.inputs[1].shape)
    after, extra = [], []
    for axis in (0, 1):
        full = (x[2 + axis] - 1) * a.stride[axis] + (kernel[axis] - 1) * a.dilation[axis] + 1
        rest = full - place.pads[2 * axis] - place.output[axis]
        after.append(max(rest, 0))
        extra.append(max(-rest, 0))
    y = op.emit(
        "ConvTranspose", op.x(), op.transposed(1, _FILTERS), *op.some(2), kernel_shape=kernel, strides=a.stride,
        dilations=a.dilation, group=a.group, pads=(place.pads[0], place.pads[2], *after), output_padding=extra,
    )  # fmt: skip
    return activated(op, y)


def pooling(op_type: str) -> Row:
    """Padding counts in neither kind. A last window that is there by rounding up has padding, too."""

    def row(op: Op) -> str:
        a, x = op.attrs, op.inputs[0].shape
        if a.global_:
            return activated(op, op.emit(f"Global{op_type}", op.x()))
        place = pool.window(a, _last(x))
        ends = [
            max((place.output[i] - 1) * a.strides[i] + a.kernel_size[i] - x[2 + i] - place.pads[2 * i], 0)
            for i in (0, 1)
        ]
        settings = _pads(op, a.pad_mode, place, ends)
        if min(x[2:]) < 0 and a.round_mode == RoundMode.CEIL:
            settings["ceil_mode"] = 1
        return activated(op, op.emit(op_type, op.x(), kernel_shape=a.kernel_size, strides=a.strides, **settings))

    return row


def batch_norm(op: Op) -> str:
    """x, scale, offset, mean, variance in both."""
    return op.emit("BatchNormalization", *op.names, epsilon=op.attrs.epsilon)


def instance_norm(op: Op) -> str:
    """x, gamma, beta in both."""
    return op.emit("InstanceNormalization", *op.names, epsilon=op.attrs.epsilon)


def group_norm(op: Op) -> str:
    """Groups as the channels of instance normalization, then the factors of channels."""
    x, groups, dtype = op.inputs[0], op.attrs.num_groups, op.inputs[0].dtype.dtype
    y = op.emit("Reshape", op.x(), op.ints(0, groups, -1))
    one, zero = op.constant(np.ones(groups), dtype), op.constant(np.zeros(groups), dtype)
    y = op.emit("InstanceNormalization", y, one, zero, epsilon=op.attrs.epsilon)
    y = op.emit("Reshape", y, op.emit("Shape", op.x()))
    if len(op.inputs) == 1:
        return y
    along = (-1, *(1,) * (x.rank - 2))
    return op.emit("Add", op.emit("Mul", y, op.reshaped(1, along)), op.reshaped(2, along))


def local_response_norm(op: Op) -> str:
    """ONNX divides alpha by the number of channels."""
    a = op.attrs
    size = 2 * a.depth_radius + 1
    return op.emit("LRN", op.x(), size=size, alpha=a.alpha * size, beta=a.beta, bias=a.bias)


def prelu(op: Op) -> str:
    """A slope a channel, or one."""
    along = (1,) * op.inputs[0].rank if op.attrs.channel_shared else (-1, *(1,) * (op.inputs[0].rank - 2))
    return op.emit("PRelu", op.x(), op.reshaped(1, along))


def prelu_of_rows(op: Op) -> str:
    """The same where channels are last."""
    return op.emit("PRelu", op.x(), op.reshaped(1, (-1,)))


_MODES = {ResizeMethod.NEAREST: "nearest", ResizeMethod.LINEAR: "linear", ResizeMethod.CUBIC: "cubic"}
_COORDINATES = {
    CoordinateTransformMode.ASYMMETRIC: "asymmetric",
    CoordinateTransformMode.ALIGN_CORNERS: "align_corners",
    CoordinateTransformMode.HALF_PIXEL: "half_pixel",
}
_ROUNDING = {
    NearestMode.ROUND_HALF_DOWN: "round_prefer_floor",
    NearestMode.ROUND_HALF_UP: "round_prefer_ceil",
    NearestMode.FLOOR: "floor",
    NearestMode.CEIL: "ceil",
}


def resize(op: Op) -> str:
    """To a size that is known."""
    a, size = op.attrs, op.out.shape[2:]
    if min(size) < 0:
        raise Unsupported("its size is computed while the network runs: fix it with the option input_shapes")
    settings: dict[str, Any] = {}
    if a.method == ResizeMethod.NEAREST:
        down = a.coordinate_transform_mode == CoordinateTransformMode.ASYMMETRIC
        settings["nearest_mode"] = _ROUNDING.get(a.nearest_mode, "floor" if down else "round_prefer_ceil")
    elif a.method == ResizeMethod.CUBIC:
        settings |= {"cubic_coeff_a": float(a.cubic_coeff), "exclude_outside": a.exclude_outside}
    axes = None if op.out.is_static else (2, 3)
    return op.emit(
        "Resize", op.x(), "", "", op.ints(*(size if axes else op.out.shape)), axes=axes, mode=_MODES[a.method],
        coordinate_transformation_mode=_COORDINATES[a.coordinate_transform_mode], **settings,
    )  # fmt: skip


def depth_to_space(op: Op) -> str:
    """Channels are [row, column, rest], or the rest comes first."""
    return op.emit("DepthToSpace", op.x(), blocksize=op.attrs.block_size, mode=op.attrs.mode or "DCR")


def space_to_depth(op: Op) -> str:
    """The reverse."""
    return op.emit("SpaceToDepth", op.x(), blocksize=op.attrs.block_size)
