"""Convolution, pooling and resizing of volumes, x [N, C, D, H, W], by operators of images.

A volume is D images. What treats depth apart from height and width is done to images [N D, H, W, C] first, and then to
images [N, D, H W, C]. A convolution takes the images that lie under a filter's depth as channels of one image.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from converter.errors import ParseError
from converter.ir.graph import Value
from converter.mindir.lowering import Floats, Ints, Lower, Lowering, Unsupported
from converter.mindir.operands import Missing, Operand
from converter.mindir.primitives.convolution import NCDHW_NAMES, pad_mode_of
from converter.mindir.primitives.pooling import INDICES, over_nhwc
from lite.ops.enums import PadMode, RoundMode
from lite.ops.resize import CoordinateTransformMode, NearestMode, ResizeMethod


def _check(op: Lowering, x: Value, format: int | str = "NCDHW") -> None:
    if format not in NCDHW_NAMES:
        raise Unsupported(f"is laid out as {format}: build the network with data_format='NCDHW'")
    if x.spec.rank != 5:
        raise ParseError(f"{op.name}: expected five dimensions, got {x.spec}")
    if min(x.spec.shape[1:]) < 0:
        raise Unsupported(f"works on volumes {x.spec.like()}: fix all dimensions but the first")


def _triple(op: Lowering, values: Ints, what: str) -> Ints:
    """(depth, height, width) of these, of one number for all, or of (1, 1, depth, height, width)."""
    values = values[2:] if len(values) == 5 else values * 3 if len(values) == 1 else values
    if len(values) != 3 or min(values) < 1:
        raise ParseError(f"{op.name}: {what} {values} is not (depth, height, width)")
    return values


def _reshaped(op: Lowering, x: Value, shape: Ints, label: str) -> Value:
    if x.data is not None:
        return Value.constant(x.data.reshape(shape), x.name)
    return op.emit("Reshape", x, op.ints(shape, f"{label}/shape"), label=label)


def conv3d(
    op: Lowering,
    x: Value,
    w: Value,
    *,
    pad_mode: int | str = "valid",
    pad: Ints = (0,),
    stride: Ints = (1,),
    dilation: Ints = (1,),
    group: int = 1,
    format: int | str = "NCDHW",
) -> Operand:
    """w [O, C / group, kd, kh, kw]: a convolution of images whose channels are [group, kd, C / group]."""
    _check(op, x, format)
    mode = pad_mode_of(op, pad_mode)
    strides, dilations = _triple(op, stride, "stride"), _triple(op, dilation, "dilation")
    outputs, inputs, *kernel = w.spec.shape
    pads = (pad * 6 if len(pad) == 1 else pad) if mode is PadMode.PAD else (0,) * 6
    if len(pads) != 6 or len(kernel) != 3 or inputs * group != x.spec.shape[1]:
        raise ParseError(f"{op.name}: filters {w.spec}, padding {pads} and groups {group} do not fit {x.spec}")
    size, extent = x.spec.shape[2], (kernel[0] - 1) * dilations[0] + 1
    around = pads[:2]
    if mode is PadMode.SAME:
        total = max((-(-size // strides[0]) - 1) * strides[0] + extent - size, 0)
        around = (total // 2, total - total // 2)
    images, depth = _under(op, op.to_last(x), kernel[0], strides[0], dilations[0], around, group)
    filters = op.transpose(w, (0, 3, 4, 2, 1), "filters")
    y = op.emit(
        "Conv2DFusion",
        images,
        _reshaped(op, filters, (outputs, *kernel[1:], kernel[0] * inputs), "filters/flat"),
        label="conv",
        kernel_size=tuple(kernel[1:]),
        stride=strides[1:],
        dilation=dilations[1:],
        pad_mode=mode,
        pad_list=pads[2:] if mode is PadMode.PAD else (),
        group=group,
        in_channel=kernel[0] * inputs * group,
        out_channel=outputs,
    )
    return op.to_first(_reshaped(op, y, (-1, depth, *y.spec.shape[1:]), "volumes"))


def _under(
    op: Lowering, x: Value, kernel: int, stride: int, dilation: int, around: Ints, group: int
) -> tuple[Value, int]:
    """Images [N D', H, W, group kernel C / group] of what lies under filters, of x [N, D, H, W, C]; and D'."""
    if any(around):
        paddings = np.array(((0, 0), around, (0, 0), (0, 0), (0, 0)), np.int32)
        x = op.emit("PadFusion", x, op.constant(paddings, "paddings"), label="pad")
    size, height, width, channels = x.spec.shape[1:]
    depth = (size - (kernel - 1) * dilation - 1) // stride + 1
    if depth < 1:
        raise ParseError(f"{op.name}: a filter {kernel} deep does not fit {x.spec}")
    taps = []
    for tap in range(kernel):
        begin = tap * dilation
        ends = ((0, begin), (0, begin + (depth - 1) * stride + 1), (1, stride))
        bounds = [op.ints(end, f"tap{tap}/{name}") for name, end in zip(("begin", "end", "step"), ends, strict=True)]
        part = op.emit("StridedSlice", x, *bounds, begin_mask=1, end_mask=1, label=f"tap{tap}")
        taps.append(_reshaped(op, part, (-1, height, width, group, channels // group), f"tap{tap}/groups"))
    together = op.emit("Concat", *taps, axis=4, label="taps") if len(taps) > 1 else taps[0]
    return _reshaped(op, together, (-1, height, width, kernel * channels), "images"), depth


def _planes_and_depths(
    op: Lowering, x: Value, planar: Callable[[Value], Value], deep: Callable[[Value], Value]
) -> Value:
    """One function over height and width, [N D, H, W, C], and then one over depth, [N, D, H W, C]."""
    _check(op, x)
    volume = op.to_last(x)
    depth, *sides = volume.spec.shape[1:]
    planes = planar(_reshaped(op, volume, (-1, *sides), "planes"))
    height, width, channels = planes.spec.shape[1:]
    y = deep(_reshaped(op, planes, (-1, depth, height * width, channels), "depths"))
    return op.to_first(_reshaped(op, y, (-1, y.spec.shape[1], height, width, channels), "volumes"))


def max_pool(
    op: Lowering,
    x: Value,
    *,
    kernel_size: Ints,
    strides: Ints,
    pad_list: Ints = (0,) * 6,
    pad_mode: int | str = "valid",
    ceil_mode: bool = False,
    format: int | str = "NCDHW",
) -> Operand:
    """The largest element of each window."""
    _check(op, x, format)
    mode = pad_mode_of(op, pad_mode)
    kernel, steps = _triple(op, kernel_size, "kernel_size"), _triple(op, strides, "strides")
    return _pooled(op, "MaxPoolFusion", x, kernel, steps, _six(op, pad_list), mode, ceil_mode and mode is PadMode.PAD)


def max_pool_with_argmax(
    op: Lowering,
    x: Value,
    *,
    ksize: Ints,
    strides: Ints,
    pads: Ints,
    dilation: Ints = (1, 1, 1),
    ceil_mode: bool = False,
) -> Operand:
    """The largest element of each window, and its index, which is not computed."""
    if set(dilation) != {1}:
        raise Unsupported(f"pools with dilation {dilation}: only 1 is supported")
    if len(pads) != 3:
        raise ParseError(f"{op.name}: pads {pads} is not (depth, height, width)")
    around = tuple(n for n in pads for _ in range(2))
    kernel, steps = _triple(op, ksize, "ksize"), _triple(op, strides, "strides")
    return (_pooled(op, "MaxPoolFusion", x, kernel, steps, around, PadMode.PAD, ceil_mode), Missing(INDICES))


def avg_pool(
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
    """The mean of each window, padding counted or not. pad_list is what MindSpore computed, for each mode."""
    if ceil_mode or divisor_override:
        raise Unsupported("pools with ceil_mode or divisor_override: leave these out")
    kernel, steps, pads = _triple(op, kernel_size, "kernel_size"), _triple(op, strides, "strides"), _six(op, pad_list)
    pad_mode_of(op, pad_mode)
    if count_include_pad and any(pads):
        paddings = np.array(((0, 0), (0, 0), pads[:2], pads[2:4], pads[4:]), np.int32)
        x = op.emit("PadFusion", x, op.constant(paddings, "paddings"), label="pad")
        pads = (0,) * 6
    return _pooled(op, "AvgPoolFusion", x, kernel, steps, pads, PadMode.PAD, False)


def _six(op: Lowering, pads: Ints) -> Ints:
    if len(pads) != 6 or min(pads) < 0:
        raise ParseError(f"{op.name}: pad_list {pads} is not (front, back, top, bottom, left, right)")
    return pads


def _pooled(
    op: Lowering, schema_op: str, x: Value, kernel: Ints, strides: Ints, pads: Ints, mode: PadMode, ceil: bool
) -> Value:
    """The largest or the mean under windows: under those over height and width, and of these under those over depth.

    MindSpore writes padded pooling of images as pooling of volumes of depth 1: ExpandDims, MaxPool3DWithArgmax or
    AvgPool3D, Squeeze. Here it becomes pooling of images again.
    """

    def body(label: str, kernel: Ints, strides: Ints, pads: Ints) -> Callable[[Value], Value]:
        fields: dict[str, Any] = {"kernel_size": kernel, "strides": strides, "pad_mode": mode}
        fields["round_mode"] = RoundMode.CEIL if ceil else RoundMode.FLOOR
        return lambda y: op.emit(schema_op, y, label=label, pad=pads if mode is PadMode.PAD else (), **fields)

    planes = body("pool", kernel[1:], strides[1:], pads[2:])
    if x.spec.rank == 5 and x.spec.shape[2] == kernel[0] == 1 and not any(pads[:2]):
        images = op.emit("Squeeze", x, label="squeeze", axis=(2,))
        return op.emit("Unsqueeze", over_nhwc(op, images, planes, "to_nchw"), axis=(2,))
    depths = body("pool_depth", (kernel[0], 1), (strides[0], 1), (*pads[:2], 0, 0))
    return _planes_and_depths(op, x, planes, depths)


def upsample(method: ResizeMethod) -> Lower:
    """To a size (D, H, W), or by factors."""

    def lower(
        op: Lowering,
        x: Value,
        output_size: Ints | None = None,
        scales: Floats | None = None,
        align_corners: bool = False,
    ) -> Operand:
        _check(op, x)
        sides = x.spec.shape[2:]
        if output_size is None and scales is not None and len(scales) == 3:
            output_size = tuple(int(n * scale) for n, scale in zip(sides, scales, strict=True))
        depth, height, width = _triple(op, output_size or (), "output_size")
        mode = CoordinateTransformMode.ALIGN_CORNERS if align_corners else CoordinateTransformMode.HALF_PIXEL
        fields: dict[str, Any] = {"method": method, "coordinate_transform_mode": mode}
        if method is ResizeMethod.NEAREST:
            fields |= {
                "coordinate_transform_mode": CoordinateTransformMode.ASYMMETRIC,
                "nearest_mode": NearestMode.FLOOR,
            }
        return _planes_and_depths(
            op,
            x,
            lambda y: op.emit("Resize", y, label="resize", new_height=height, new_width=width, **fields),
            lambda y: op.emit(
                "Resize", y, label="resize_depth", new_height=depth, new_width=height * width, **fields
            ),
        )

    return lower
