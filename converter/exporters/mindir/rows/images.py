"""Operators on images, which have their channels first here."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from converter.exporters.layout import to_channels_first
from converter.exporters.mindir.builder import Op, Row
from converter.exporters.mindir.rows.elementwise import activated
from converter.exporters.refusals import Unsupported
from lite.ops import conv2d, conv2d_transpose, pool
from lite.ops.enums import PadMode
from lite.ops.resize import CoordinateTransformMode, NearestMode, ResizeMethod

_FILTERS = to_channels_first(4)


def _last(shape: Sequence[int]) -> tuple[int, ...]:
    """A shape with its channels last again, as `lite.ops` wants it."""
    return (shape[0], *shape[2:], shape[1])


def _biased(op: Op, y: str, index: int) -> str:
    return op.call("BiasAdd", y, op.x(index), 0) if len(op.inputs) > index else y


def convolution(op: Op) -> str:
    """Filters [outputs, kh, kw, C / group], bias [outputs]."""
    op.static()
    a = op.attrs
    pads = conv2d.window(a, _last(op.inputs[0].shape), op.inputs[1].shape).pads
    y = op.apply(
        "Conv2D", op.x(), op.transposed(1, _FILTERS), mode=1, out_channel=op.out.shape[1],
        kernel_size=tuple(op.inputs[1].shape[1:3]), stride=(1, 1, *a.stride), dilation=(1, 1, *a.dilation),
        pad_mode="pad", pad=pads, pad_list=pads, group=a.group, groups=a.group, format="NCHW",
        input_names=["x", "w"], output_names=["output"],
    )  # fmt: skip
    return activated(op, _biased(op, y, 2))


def transposed_convolution(op: Op) -> str:
    """Filters [C, kh, kw, outputs / group]; the size of the result is an input."""
    op.static()
    a, x, kernel = op.attrs, op.inputs[0].shape, op.inputs[1].shape[1:3]
    place = conv2d_transpose.window(a, _last(x), op.inputs[1].shape)
    pads: list[int] = []
    for axis in (0, 1):
        full = (x[2 + axis] - 1) * a.stride[axis] + (kernel[axis] - 1) * a.dilation[axis] + 1
        pads += [place.pads[2 * axis], max(full - place.pads[2 * axis] - place.output[axis], 0)]
    y = op.apply(
        "Conv2DTranspose", op.x(), op.transposed(1, _FILTERS), tuple(op.out.shape), mode=1, out_channel=x[1],
        kernel_size=tuple(kernel), stride=(1, 1, *a.stride), dilation=(1, 1, *a.dilation), pad_mode="PAD",
        pad=tuple(pads), pad_list=tuple(pads), group=a.group, groups=a.group, format="NCHW",
        input_names=["out_backprop", "filter", "input_sizes"], output_names=["output"],
    )  # fmt: skip
    return activated(op, _biased(op, y, 2))


def pooling(largest: bool) -> Row:
    """Windows of the image with what is around it, which wins no maximum and does not count in a mean."""

    def row(op: Op) -> str:
        op.static()
        a, x = op.attrs, op.inputs[0]
        if a.global_:
            return activated(op, op.call("ReduceMax" if largest else "ReduceMean", op.x(), (2, 3), True))
        place = pool.window(a, _last(x.shape))
        pads: list[int] = []
        for axis in (0, 1):
            before = place.pads[2 * axis]
            need = (place.output[axis] - 1) * a.strides[axis] + a.kernel_size[axis] - x.shape[2 + axis] - before
            pads += [before, max(need, 0)]
        y, shape = op.x(), x.shape
        if any(pads):
            shape = (*shape[:2], shape[2] + pads[0] + pads[1], shape[3] + pads[2] + pads[3])
            fill = op.number(float(np.finfo(x.dtype.dtype).min) if largest else 0.0)
            y = op.apply(
                "PadV3", y, (*pads[2:], *pads[:2]), fill, out=x.like(shape), mode="constant", paddings_contiguous=True,
                input_names=["x", "paddings", "constant_value"], output_names=["y"],
            )  # fmt: skip
        kernel, strides = tuple(a.kernel_size), tuple(a.strides)
        if largest:
            y = op.apply(
                "MaxPool", y, kernel_size=(1, 1, *kernel), strides=(1, 1, *strides), pad_mode="VALID", format="NCHW",
                input_names=["x"], output_names=["output"],
            )  # fmt: skip
        else:
            y = op.call("AvgPool", y, kernel, strides, int(PadMode.VALID), 0)
            if any(pads):
                rows, columns = ([end - first for first, end in spans] for spans in pool.spans(a, _last(x.shape)))
                share = kernel[0] * kernel[1] / np.multiply.outer(rows, columns)
                y = op.call("Mul", y, op.tensor(share[None, None], x.dtype.dtype))
        return activated(op, y)

    return row


def batch_norm(op: Op) -> str:
    """x, scale, offset, mean, variance in both."""
    vector = op.inputs[1].like()
    inputs = [*op.names, False, op.attrs.epsilon, 0.1, 0]
    return op.item("BatchNorm", inputs, [op.out, *[vector] * 4], 0)[0]


def group_norm(op: Op) -> str:
    """A mean and a deviation of each group are results, too."""
    x, groups = op.inputs[0], getattr(op.attrs, "num_groups", op.inputs[0].shape[1])
    factors = op.some(1) or [op.tensor(np.full(x.shape[1], v), x.dtype.dtype) for v in (1, 0)]
    few = x.like((x.shape[0], groups))
    inputs = [op.x(), groups, *factors, op.attrs.epsilon]
    return op.item("GroupNorm", inputs, [op.out, few, few], 0)[0]


def local_response_norm(op: Op) -> str:
    """The same fields."""
    a = op.attrs
    return op.apply(
        "LRN", op.x(), depth_radius=a.depth_radius, bias=float(a.bias), alpha=float(a.alpha), beta=float(a.beta),
        norm_region="ACROSS_CHANNELS", input_names=["x"], output_names=["y"],
    )  # fmt: skip


def prelu(op: Op) -> str:
    """A slope a channel, or one."""
    return op.call("PReLU", op.x(), op.reshaped(1, (op.inputs[1].size,)))


def resize(op: Op) -> str:
    """Bilinear, or nearest as MindSpore rounds."""
    op.static()
    a, modes = op.attrs, CoordinateTransformMode
    size = tuple(op.out.shape[2:])
    aligned = a.coordinate_transform_mode == modes.ALIGN_CORNERS
    half = a.coordinate_transform_mode == modes.HALF_PIXEL
    if a.method == ResizeMethod.LINEAR:
        return op.call("ResizeBilinearV2", op.x(), size, aligned, half)
    rounding = NearestMode.ROUND_HALF_UP if aligned or half else NearestMode.FLOOR
    if a.method == ResizeMethod.NEAREST and a.nearest_mode in (NearestMode.NORMAL, rounding):
        return op.call("ResizeNearestNeighborV2" if half else "ResizeNearestNeighbor", op.x(), size, aligned, half)
    how = f"{a.method.name}, {a.coordinate_transform_mode.name}, {a.nearest_mode.name}"
    raise Unsupported(f"MindSpore does not compute {how}")


def blocks(primitive: str) -> Row:
    """Channels are [row, column, rest]."""

    def row(op: Op) -> str:
        if getattr(op.attrs, "mode", "") == "CRD":
            raise Unsupported("its channels have the rest first")
        return op.apply(
            primitive, op.x(), block_size=op.attrs.block_size, format="NCHW", data_format="NCHW", input_names=["x"],
            output_names=["y"],
        )  # fmt: skip

    return row


def roi_align(op: Op) -> str:
    """The same fields."""
    a = op.attrs
    return op.apply(
        "ROIAlign", *op.names, pooled_height=a.pooled_height, pooled_width=a.pooled_width,
        spatial_scale=float(a.spatial_scale), sample_num=a.sample_num, roi_end_mode=a.roi_end_mode,
        input_names=["features", "rois"], output_names=["output"],
    )  # fmt: skip


def nms_with_mask(op: Op) -> list[str]:
    """Boxes, their places, and which are kept."""
    names = {"input_names": ["bboxes"], "output_names": ["selected_boxes", "selected_idx", "selected_mask"]}
    attributes = {"iou_threshold": float(op.attrs.iou_threshold), **names}
    return op.item("NMSWithMask", [op.x()], op.outputs, 0, 1, 2, attributes=attributes)
