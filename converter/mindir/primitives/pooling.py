"""Pooling. MindIR has images as NCHW, the schema as NHWC.

MindSpore writes padded pooling of images as pooling of volumes of depth 1: ExpandDims, MaxPool3DWithArgmax or
AvgPool3D, Squeeze. Here it becomes pooling of images again.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from converter.errors import ParseError
from converter.ir.graph import Value
from converter.mindir.lowering import TO_NHWC, Ints, Lower, Lowering, Unsupported
from converter.mindir.operands import Missing, Operand
from converter.mindir.primitives.convolution import check_nchw, pad_mode_of, pair
from lite.ops.enums import PadMode, ReduceMode, RoundMode

_INDICES = "uses the indices of a max pooling: they are not computed"


def pool(schema_op: str) -> Lower:
    """Max or average pooling of x [N, C, H, W]; padding never counts."""

    def lower(
        op: Lowering,
        x: Value,
        kernel_size: Ints,
        strides: Ints,
        pad_mode: int | str = "valid",
        format: int | str = "NCHW",
    ) -> Operand:
        check_nchw(format)
        mode = pad_mode_of(op, pad_mode)
        if mode is PadMode.PAD:
            raise Unsupported("pads explicitly: use pad_mode 'same' or 'valid', with a Pad before it")
        fields = {"kernel_size": pair(op, kernel_size, "kernel_size"), "strides": pair(op, strides, "strides")}
        return over_nhwc(op, x, lambda y: op.emit(schema_op, y, label="pool", pad_mode=mode, **fields))

    return lower


def max_pool_3d(
    op: Lowering,
    x: Value,
    *,
    ksize: Ints,
    strides: Ints,
    pads: Ints,
    dilation: Ints = (1, 1, 1),
    ceil_mode: bool = False,
) -> Operand:
    """x [N, C, 1, H, W] -> the largest element of each window, and its index, which is not computed."""
    if set(dilation) != {1}:
        raise Unsupported(f"pools with dilation {dilation}: only 1 is supported")
    if len(pads) != 3:
        raise ParseError(f"{op.name}: pads {pads} is not (depth, height, width)")
    fields = _planar(op, ksize, strides, pads[:1]) | {"pad": (pads[1], pads[1], pads[2], pads[2])}
    rounding = RoundMode.CEIL if ceil_mode else RoundMode.FLOOR
    y = _without_depth(op, x, lambda y: op.emit("MaxPoolFusion", y, label="pool", round_mode=rounding, **fields))
    return (y, Missing(_INDICES))


def max_pool_with_argmax(
    op: Lowering, x: Value, *, ksize: Ints, strides: Ints, pad_mode: int | str = "valid"
) -> Operand:
    """x [N, C, H, W] -> the largest element of each window, and its index, which is not computed.

    ksize and strides are written (1, height, width, 1), whatever the layout of the data.
    """
    if len(ksize) != 4 or len(strides) != 4:
        raise ParseError(f"{op.name}: ksize {ksize} and strides {strides} are not (1, height, width, 1)")
    mode = pad_mode_of(op, pad_mode)
    if mode is not PadMode.VALID and max(strides) > 1:  # MindSpore's result is not what its definition says
        raise Unsupported("pads with a stride above 1: use MaxPool2d")
    fields = {"kernel_size": ksize[1:3], "strides": strides[1:3], "pad_mode": mode}
    y = over_nhwc(op, x, lambda y: op.emit("MaxPoolFusion", y, label="pool", **fields))
    return (y, Missing(_INDICES))


def avg_pool_3d(
    op: Lowering,
    x: Value,
    *,
    kernel_size: Ints,
    strides: Ints,
    pad_list: Ints,
    pad_mode: int | str = "pad",
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int = 0,
) -> Operand:
    """x [N, C, 1, H, W] -> the mean of each window, padding counted or not."""
    if pad_mode_of(op, pad_mode) is not PadMode.PAD or ceil_mode or divisor_override:
        raise Unsupported("pools with ceil_mode, divisor_override or a padding mode of its own: use AvgPool2d without")
    if len(pad_list) != 6 or min(pad_list) < 0:
        raise ParseError(f"{op.name}: pad_list {pad_list} is not (front, back, top, bottom, left, right)")
    fields, pads = _planar(op, kernel_size, strides, pad_list[:2]), pad_list[2:]

    def average(y: Value) -> Value:
        if not count_include_pad:
            return op.emit("AvgPoolFusion", y, label="pool", pad=pads, **fields)
        around = np.array(((0, 0), pads[:2], pads[2:], (0, 0)), np.int32)
        padded = op.emit("PadFusion", y, op.constant(around, "paddings"), label="pad") if any(pads) else y
        return op.emit("AvgPoolFusion", padded, label="pool", **fields)

    return _without_depth(op, x, average)


def _planar(op: Lowering, kernel: Ints, strides: Ints, depth_pads: Ints) -> dict[str, Any]:
    """Fields of a pooling over height and width, once it is clear that depth takes no part."""
    kernel, strides = kernel[-3:], strides[-3:]
    if len(kernel) != 3 or len(strides) != 3:
        raise ParseError(f"{op.name}: kernel {kernel} and strides {strides} are not (depth, height, width)")
    if kernel[0] != 1 or any(depth_pads):
        raise Unsupported("pools volumes: only images are supported")
    return {"kernel_size": kernel[1:], "strides": strides[1:]}


def _without_depth(op: Lowering, x: Value, body: Callable[[Value], Value]) -> Value:
    """body over the images in x [N, C, 1, H, W], as NHWC; the result has a depth of 1 again."""
    if x.spec.rank != 5 or x.spec.shape[2] != 1:
        raise Unsupported(f"pools volumes of {x.spec}: only images are supported")
    images = op.emit("Squeeze", x, label="squeeze", axis=(2,))
    return op.emit("Unsqueeze", over_nhwc(op, images, body, "to_nchw"), axis=(2,))


def over_nhwc(op: Lowering, x: Value, body: Callable[[Value], Value], label: str = "") -> Value:
    """body over x [N, C, H, W] as NHWC, its result as NCHW."""
    return op.to_first(body(op.transpose(x, TO_NHWC, "to_nhwc")), label)


def adaptive_avg_pool(op: Lowering, x: Value, *, output_size: Ints) -> Operand:
    """x [..., H, W] to that size: the mean of each part."""
    return _adaptive(op, x, output_size, ReduceMode.ReduceMean)


def adaptive_max_pool(op: Lowering, x: Value, output_size: Ints) -> Operand:
    """x [..., H, W] to that size: the largest of each part, and its index, which is not computed."""
    return (_adaptive(op, x, output_size, ReduceMode.ReduceMax), Missing(_INDICES))


def _adaptive(op: Lowering, x: Value, output_size: Ints, mode: ReduceMode) -> Value:
    """Part i of n along a side of s pixels goes from floor(i s / n) up to ceil((i + 1) s / n).

    All of these are rectangles, so rows are combined first and columns then; -1 leaves a side as it is.
    """
    rank = x.spec.rank
    sides = output_size if len(output_size) == 2 else output_size * 2
    if len(sides) != 2 or rank < 3 or not all(side == -1 or side > 0 for side in sides):
        raise Unsupported(f"pools {x.spec.like()} to {output_size}: only images are supported")
    if sides == (1, 1):
        return op.emit("ReduceFusion", x, op.ints((rank - 2, rank - 1), "axes"), mode=mode, keep_dims=True)
    if min(x.spec.shape[-2:]) < 1:
        raise Unsupported(f"pools {x.spec.like()} to {output_size}: fix its height and width")
    for axis, count in ((rank - 2, sides[0]), (rank - 1, sides[1])):
        if count not in (-1, x.spec.shape[axis]):
            x = _parts(op, x, axis, count, mode)
    return x


def _parts(op: Lowering, x: Value, axis: int, count: int, mode: ReduceMode) -> Value:
    """The parts of one axis, combined: in one step where all are as long, and one by one else."""
    size, shape = x.spec.shape[axis], x.spec.shape
    if size % count == 0 and x.spec.is_static:
        cut = op.ints((*shape[:axis], count, size // count, *shape[axis + 1 :]), f"{axis}/shape")
        together = op.emit("Reshape", x, cut, label=f"cut{axis}")
        return op.emit("ReduceFusion", together, op.ints((axis + 1,), f"{axis}/axes"), mode=mode, label=f"pool{axis}")
    pieces: list[Value] = []
    for i in range(count):
        first, last = i * size // count, -(-(i + 1) * size // count)
        bounds = (op.ints((first,), f"{axis}/{i}/begin"), op.ints((last - first,), f"{axis}/{i}/size"))
        part = op.emit("SliceFusion", x, *bounds, axes=(axis,), label=f"part{axis}_{i}")
        where = op.ints((axis,), f"{axis}/{i}/axes")
        pieces.append(op.emit("ReduceFusion", part, where, mode=mode, keep_dims=True, label=f"pool{axis}_{i}"))
    return op.emit("Concat", *pieces, axis=axis, label=f"together{axis}")


def max_pool_v2(
    op: Lowering,
    x: Value,
    *,
    kernel_size: Ints,
    strides: Ints,
    pads: Ints,
    dilation: Ints = (1, 1, 1, 1),
    ceil_mode: bool = False,
) -> Operand:
    """x [N, C, H, W] -> the largest element of each window, and its index, which is not computed."""
    if set(dilation) != {1}:
        raise Unsupported(f"pools with dilation {dilation}: only 1 is supported")
    if not len(kernel_size) == len(strides) == len(pads) == 4:
        raise ParseError(f"{op.name}: {kernel_size}, {strides} and {pads} are not (1, 1, height, width)")
    fields = {
        "kernel_size": kernel_size[2:],
        "strides": strides[2:],
        "pad": (pads[2], pads[2], pads[3], pads[3]),
        "round_mode": RoundMode.CEIL if ceil_mode else RoundMode.FLOOR,
    }
    return (over_nhwc(op, x, lambda y: op.emit("MaxPoolFusion", y, label="pool", **fields)), Missing(_INDICES))


def channel_shuffle(op: Lowering, x: Value, *, group: int) -> Operand:
    """Channel j of group i becomes channel i of group j; channels are dimension 1."""
    batch, channels, *sides = x.spec.shape
    if min(channels, *sides) < 0 or group < 1 or channels % group:
        raise Unsupported(f"shuffles {x.spec.like()} in {group} groups: fix its shape")
    grouped = op.emit("Reshape", x, op.ints((-1, group, channels // group, *sides), "groups/shape"), label="groups")
    order = (0, 2, 1, *range(3, 3 + len(sides)))
    return op.emit("Reshape", op.transpose(grouped, order, "order"), op.ints((batch, channels, *sides), "shape"))
