"""Layers of mindspore.mint: convolution, pooling and normalization whose settings are inputs, padding given by side."""

from __future__ import annotations

from typing import Any

import numpy as np

from converter.errors import ParseError
from converter.ir.graph import Value
from converter.mindir.lowering import Floats, Ints, Lower, Lowering, Unsupported
from converter.mindir.operands import Missing, Operand
from converter.mindir.primitives import convolution, matrix, normalization, resizing, volumes, windows
from converter.mindir.primitives.pooling import INDICES, over_nhwc
from lite.ops.enums import RoundMode
from lite.ops.resize import ResizeMethod


def conv(sides: int) -> Lower:
    """Convolution of x [N, C, sides ...], or of one [C, sides ...], with weight [O, C / groups, kernel ...]."""

    def lower(
        op: Lowering,
        x: Value,
        weight: Value,
        bias: Value | None = None,
        stride: Ints = (1,),
        padding: Ints = (0,),
        dilation: Ints = (1,),
        groups: int = 1,
    ) -> Operand:
        if sides not in (1, 2, 3):
            raise Unsupported(f"convolves {x.spec.like()}: only lines, pictures and volumes are supported")
        settings = {"stride": stride, "padding": padding, "dilation": dilation}
        steps, pads, dilations = (_each(op, given, sides, name) for name, given in settings.items())
        pad = tuple(n for n in pads for _ in range(2))
        alone = x.spec.rank == sides + 1
        y = op.emit("Unsqueeze", x, label="alone", axis=(0,)) if alone else x
        if sides == 1:
            y, weight = _row(op, y, "row"), _row(op, weight, "weight")
            pad, steps, dilations = (0, 0, *pad), (1, *steps), (1, *dilations)
        layer = volumes.conv3d if sides == 3 else convolution.conv2d
        y = _tensor(layer(op, y, weight, pad_mode="pad", pad=pad, stride=steps, dilation=dilations, group=groups))
        y = y if bias is None else _tensor(matrix.bias_add(op, y, bias))
        dropped = (*((0,) if alone else ()), *((2,) if sides == 1 else ()))
        return op.emit("Squeeze", y, label="squeeze", axis=dropped) if dropped else y

    return lower


def convolution_of(
    op: Lowering,
    x: Value,
    weight: Value,
    bias: Value | None,
    stride: Ints,
    padding: Ints,
    dilation: Ints,
    transposed: bool,
    output_padding: Ints,
    groups: int,
) -> Operand:
    """Any of these: what padding "same" and "valid" become."""
    if transposed:
        if weight.spec.rank != 4:
            raise Unsupported(f"transposes a convolution of {x.spec.like()}: only pictures [N, C, H, W] are supported")
        return conv2d_transpose(op, x, weight, bias, stride, padding, output_padding, groups, dilation)
    return conv(weight.spec.rank - 2)(op, x, weight, bias, stride, padding, dilation, groups)


def conv2d_transpose(
    op: Lowering,
    x: Value,
    weight: Value,
    bias: Value | None = None,
    stride: Ints = (1,),
    padding: Ints = (0,),
    output_padding: Ints = (0,),
    groups: int = 1,
    dilation: Ints = (1,),
) -> Operand:
    """x [N, C, H, W], weight [C, O / groups, kh, kw]; output_padding: what is added at the bottom and on the right."""
    if x.spec.rank != 4 or not x.spec.is_static:
        raise Unsupported(f"works on {x.spec.like()}: give it pictures [N, C, H, W] of a known shape")
    settings = {"stride": stride, "padding": padding, "output_padding": output_padding, "dilation": dilation}
    steps, pads, more, dilations = (_each(op, given, 2, name) for name, given in settings.items())
    size = tuple(
        (n - 1) * s - 2 * p + d * (k - 1) + m + 1
        for n, s, p, d, k, m in zip(x.spec.shape[2:], steps, pads, dilations, weight.spec.shape[2:], more, strict=True)
    )
    around = (pads[0], pads[0], pads[1], pads[1])
    shape = (x.spec.shape[0], weight.spec.shape[1] * groups, *size)
    y = convolution.conv2d_transpose(
        op, x, weight, shape, pad_mode="pad", pad_list=around, stride=steps, dilation=dilations, group=groups
    )
    return y if bias is None else matrix.bias_add(op, _tensor(y), bias)


def avg_pool(sides: int) -> Lower:
    """The mean of each window of x [N, C, sides ...], in which padding counts or does not."""

    def lower(
        op: Lowering,
        x: Value,
        kernel_size: Ints,
        stride: Ints | None = None,
        padding: Ints = (0,),
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> Operand:
        if ceil_mode or divisor_override:
            raise Unsupported("pools with ceil_mode or divisor_override: leave these out")
        settings = {"kernel_size": kernel_size, "stride": stride or kernel_size, "padding": padding}
        kernel, steps, pads = (_each(op, given, sides, name) for name, given in settings.items())
        around = tuple(n for n in pads for _ in range(2))
        if sides == 3:
            fields: dict[str, Any] = {"pad_list": around, "count_include_pad": count_include_pad}
            return volumes.avg_pool(op, x, kernel_size=kernel, strides=steps, **fields)
        if sides == 1:
            image, kernel, steps, around = _row(op, x, "row"), (1, *kernel), (1, *steps), (0, 0, *around)
        else:
            image = x
        if count_include_pad and any(around):
            rows = np.array(((0, 0), (0, 0), around[:2], around[2:]), np.int32)
            image, around = op.emit("PadFusion", image, op.constant(rows, "paddings"), label="pad"), (0, 0, 0, 0)
        fields = {"kernel_size": kernel, "strides": steps, "pad": around}
        y = over_nhwc(op, image, lambda v: op.emit("AvgPoolFusion", v, label="pool", **fields))
        return op.emit("Squeeze", y, label="squeeze", axis=(2,)) if sides == 1 else y

    return lower


def max_pool(
    op: Lowering,
    x: Value,
    kernel_size: Ints,
    strides: Ints | None = None,
    pads: Ints = (0,),
    dilation: Ints = (1,),
    ceil_mode: bool = False,
    argmax_type: int | None = None,
) -> Operand:
    """x [N, C, H, W] -> the largest element of each window, and its index, which is not computed."""
    if set(dilation) != {1}:
        raise Unsupported(f"pools with dilation {dilation}: only 1 is supported")
    height, width = _each(op, pads, 2, "pads")
    fields = {
        "kernel_size": _each(op, kernel_size, 2, "kernel_size"),
        "strides": _each(op, strides or kernel_size, 2, "strides"),
        "pad": (height, height, width, width),
        "round_mode": RoundMode.CEIL if ceil_mode else RoundMode.FLOOR,
    }
    return (over_nhwc(op, x, lambda v: op.emit("MaxPoolFusion", v, label="pool", **fields)), Missing(INDICES))


def batch_norm(
    op: Lowering,
    x: Value,
    weight: Value | None,
    bias: Value | None,
    mean: Value | None,
    variance: Value | None,
    training: bool = False,
    momentum: float = 0.1,
    epsilon: float = 1e-5,
) -> Operand:
    """Of each channel, dimension 1, by these statistics, or by those of x where there are none."""
    channels = x.spec.shape[1]
    if channels < 0:
        raise Unsupported(f"normalizes {x.spec.like()}: fix its channels")
    own = training or mean is None or variance is None
    neutral = ((weight, 1, "weight"), (bias, 0, "bias"), (mean, 0, "mean"), (variance, 1, "variance"))
    scale, shift, center, width = (_or_all(op, v, (channels,), number, label) for v, number, label in neutral)
    first, *_ = _tuple(normalization.batch_norm(op, x, scale, shift, center, width, own, epsilon))
    return (first, *[Missing("uses a result of BatchNorm that only training needs")] * 2)


def layer_norm(
    op: Lowering,
    x: Value,
    normalized_shape: Ints,
    weight: Value | None = None,
    bias: Value | None = None,
    eps: float = 1e-5,
) -> Operand:
    """Over the last dimensions, which have this shape."""
    last = x.spec.shape[x.spec.rank - len(normalized_shape) :]
    if not normalized_shape or min(normalized_shape) < 1 or last != normalized_shape:
        raise ParseError(f"{op.name}: {x.spec} has no last dimensions {normalized_shape}")
    scale = _or_all(op, weight, normalized_shape, 1, "weight")
    shift = _or_all(op, bias, normalized_shape, 0, "bias")
    begin = x.spec.rank - len(normalized_shape)
    return normalization.layer_norm(op, x, scale, shift, begin, begin, eps)


def _or_all(op: Lowering, value: Value | None, shape: Ints, number: float, label: str) -> Value:
    """A value, or where there is none this number everywhere."""
    return op.constant(np.full(shape, number, np.float32), label) if value is None else value


def upsample(sides: int, method: ResizeMethod) -> Lower:
    """x [N, C, sides ...] to a size, or by whole factors, for lines and images."""

    def lower(
        op: Lowering,
        x: Value,
        output_size: Ints | None = None,
        scales: Floats | None = None,
        align_corners: bool = False,
    ) -> Operand:
        size = output_size or _scaled(x, scales or (), sides)
        image, target = (_row(op, x, "row"), (1, *size)) if sides == 1 else (x, size)
        half = method is ResizeMethod.LINEAR and not align_corners
        y = resizing.resize(method)(op, image, target, align_corners=align_corners, half_pixel_centers=half)
        return op.emit("Squeeze", _tensor(y), label="squeeze", axis=(2,)) if sides == 1 else y

    return lower


def _scaled(x: Value, scales: Floats, sides: int) -> Ints:
    known = x.spec.shape[2:]
    if len(scales) != sides or len(known) != sides or min(known) < 0:
        raise Unsupported(f"scales {x.spec.like()} by {scales}: fix its height and width")
    if any(scale * n % 1 for n, scale in zip(known, scales, strict=True)):
        raise Unsupported(f"scales {x.spec.like()} by {scales}, to a size that is not whole: give the size")
    return tuple(int(n * scale) for n, scale in zip(known, scales, strict=True))


def unfold(
    op: Lowering,
    x: Value,
    kernel_size: Ints,
    dilation: Ints = (1,),
    padding: Ints = (0,),
    stride: Ints = (1,),
) -> Operand:
    """x [N, C, H, W] -> [N, C times the places in a window, windows]"""
    y = _tensor(windows.patches(op, x, ksizes=kernel_size, strides=stride, dilations=dilation, pads=padding))
    batch, channels, places, count = y.spec.shape
    return op.emit("Reshape", y, op.ints((batch, channels * places, count), "shape"), label="columns")


def fold(
    op: Lowering,
    x: Value,
    output_size: Ints,
    kernel_size: Ints,
    dilation: Ints = (1,),
    padding: Ints = (0,),
    stride: Ints = (1,),
) -> Operand:
    """The inverse of unfold, but that what windows share is added."""
    height, width = _each(op, kernel_size, 2, "kernel_size")
    if x.spec.rank != 3 or not x.spec.is_static or x.spec.shape[1] % (height * width):
        raise Unsupported(f"makes images of {x.spec.like()}: give columns [N, C x {height} x {width}, windows]")
    batch, columns, count = x.spec.shape
    shape = op.ints((batch, columns // (height * width), height * width, count), "windows/shape")
    places = op.emit("Reshape", x, shape, label="windows")
    fields = {"kernel_size": kernel_size, "dilation": dilation, "padding": padding, "stride": stride}
    return windows.overlapped(op, places, output_size, **fields)


def _each(op: Lowering, values: Ints, sides: int, what: str) -> Ints:
    """One number a side, of these or of one for all: 0 for none of what is added, else at least 1."""
    values = values * sides if len(values) == 1 else values
    least = 0 if "pad" in what else 1
    if len(values) != sides or min(values) < least:
        raise ParseError(f"{op.name}: {what} {values} is neither one number nor one for each of {sides} sides")
    return values


def _row(op: Lowering, x: Value, label: str) -> Value:
    """[N, C, W] -> [N, C, 1, W]"""
    if x.spec.rank != 3:
        raise Unsupported(f"works on {x.spec.like()}: give it a tensor [N, C, W]")
    if x.data is not None:
        return Value.constant(x.data[:, :, None], x.name)
    return op.emit("Unsqueeze", x, label=label, axis=(2,))


def _tensor(y: Operand) -> Value:
    assert isinstance(y, Value), "a lowering with one result"
    return y


def _tuple(y: Operand) -> tuple[Operand, ...]:
    assert isinstance(y, tuple), "a lowering with several results"
    return y
