"""Windows of images as columns, and images as the sum of such columns."""
from __future__ import annotations

import math

import numpy as np

from converter.errors import ParseError
from converter.ir.graph import Value
from converter.mindir.lowering import Ints, Lowering, Unsupported
from converter.mindir.operands import Operand
from converter.mindir.primitives.convolution import pair


def patches(
    op: Lowering, x: Value, *, ksizes: Ints, strides: Ints = (1,), dilations: Ints = (1,), pads: Ints = (0,)
) -> Operand:
    """x [N, C, H, W] -> [N, C, places in a window, windows]: what each window sees, a slice for each of its places."""
    if x.spec.rank != 4 or not x.spec.is_static:
        raise Unsupported(f"takes windows of {x.spec.like()}: give images of a known size")
    kernel, stride = pair(op, ksizes, "ksizes"), pair(op, strides, "strides")
    dilation, pad = pair(op, dilations, "dilations"), pair(op, pads, "pads")
    if any(pad):
        around = np.array(((0, 0), (0, 0), (pad[0], pad[0]), (pad[1], pad[1])), np.int32)
        x = op.emit("PadFusion", x, op.constant(around, "paddings"), label="pad")
    _check_steps(op, kernel, stride, dilation)
    batch, channels, *sides = x.spec.shape
    counts = [(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(sides, kernel, stride, dilation, strict=True)]
    if min(counts) < 1:
        raise ParseError(f"{op.name}: a window of {kernel} does not fit {x.spec}")
    places = []
    for i, j in np.ndindex(*kernel):
        begin = (0, 0, i * dilation[0], j * dilation[1])
        ends = (b + (c - 1) * s + 1 for b, c, s in zip(begin[2:], counts, stride, strict=True))
        end = (batch, channels, *ends)
        bounds = [op.ints(v, f"{n}{i}_{j}") for n, v in (("begin", begin), ("end", end), ("step", (1, 1, *stride)))]
        part = op.emit("StridedSlice", x, *bounds, label=f"place{i}_{j}")
        flat = op.ints((batch, channels, 1, -1), f"flat{i}_{j}")
        places.append(op.emit("Reshape", part, flat, label=f"windows{i}_{j}"))
    return op.emit("Concat", *places, axis=2)


def overlapped(
    op: Lowering,
    x: Value,
    output_size: Ints,
    *,
    kernel_size: Ints,
    dilation: Ints = (1,),
    padding: Ints = (0,),
    stride: Ints = (1,),
) -> Operand:
    """x [N, C, places in a window, windows] -> [N, C, H, W]: the sum of what all windows have at a pixel."""
    if x.spec.rank != 4 or not x.spec.is_static:
        raise Unsupported(f"makes images of {x.spec.like()}: give windows of a known number")
    size, kernel = pair(op, output_size, "output_size"), pair(op, kernel_size, "kernel_size")
    strides, dilations, pads = pair(op, stride, "stride"), pair(op, dilation, "dilation"), pair(op, padding, "padding")
    _check_steps(op, kernel, strides, dilations)
    height, width = (n + 2 * pad for n, pad in zip(size, pads, strict=True))
    rows, columns = (
        d * np.arange(k)[:, None] + s * np.arange((n - d * (k - 1) - 1) // s + 1)
        for n, k, s, d in zip((height, width), kernel, strides, dilations, strict=True)
    )
    pixels = (rows[:, None, :, None] * width + columns[:, None, :]).reshape(-1, 1)
    batch, channels, *windows = x.spec.shape
    if len(pixels) != math.prod(windows):
        raise ParseError(f"{op.name}: {x.spec} are not the windows of an image of {size}")
    maps = batch * channels
    lines = op.emit("Reshape", x, op.ints((maps, len(pixels)), "lines/shape"), label="lines")
    updates = op.transpose(lines, (1, 0), "updates")
    shape = op.ints((height * width, maps), "sums/shape")
    sums = op.emit("ScatterNd", op.constant(pixels.astype(np.int32), "pixels"), updates, shape, label="sums")
    image = op.ints((batch, channels, height, width), "image/shape")
    y = op.emit("Reshape", op.transpose(sums, (1, 0), "maps"), image, label="image" if any(pads) else "")
    if not any(pads):
        return y
    begin, extent = op.ints((0, 0, *pads), "begin"), op.ints((batch, channels, *size), "size")
    return op.emit("SliceFusion", y, begin, extent, axes=(0, 1, 2, 3))


def _check_steps(op: Lowering, *settings: Ints) -> None:
    if min(map(min, settings)) < 1:
        kernel, stride, dilation = settings
        raise ParseError(f"{op.name}: kernel {kernel}, stride {stride} and dilation {dilation} should all be positive")
