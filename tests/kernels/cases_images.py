"""Rows of operators that make images of other sizes (transposed convolution, interpolation) or take regions of them."""
from __future__ import annotations

import numpy as np

from lite.ops.conv2d_transpose import Conv2dTransposeFusion
from lite.ops.enums import ActivationType, PadMode
from lite.ops.grid_sampler import GridSampler2D
from lite.ops.nms_with_mask import NMSWithMask
from lite.ops.resize import CoordinateTransformMode, Resize, ResizeMethod
from lite.ops.roi_align import ROIAlign
from lite.types import Array
from tests.kernels.case import case, normal, special


def boxes(count: int, scores: Array) -> Array:
    """Boxes within a square of 10, some turned inside out."""
    rng = np.random.default_rng(count)
    corner, size = rng.uniform(0, 8, (count, 2)), rng.uniform(-0.5, 5, (count, 2))
    return np.concatenate([corner, corner + size, scores[:, None]], axis=1).astype(np.float32)


def regions(count: int, images: int) -> Array:
    """Regions in and around pictures of 10 pixels, among them one that fills up."""
    of_picture = np.arange(count)[:, None] % images
    found = np.concatenate([of_picture, boxes(count, np.zeros(count))[:, :4] * 1.5 - 2], axis=1).astype(np.float32)
    found[count // 2, 1:] = 0
    return found


TRANSPOSED = [
    case(
        Conv2dTransposeFusion(
            stride=stride,
            dilation=dilation,
            group=group,
            pad_mode=mode,
            pad_list=(1, 0, 0, 1),
            activation_type=ActivationType.RELU,
            output_paddings=(0, 1),
        ),
        normal(*shape),
        normal(shape[3], *kernel, outputs),
        normal(outputs * group),
        constants=(1, 2),
        note=f"{mode.name} {dilation}",
    )
    for shape, outputs, kernel, stride, dilation, group in (
        ((2, 5, 4, 6), 7, (3, 2), (2, 1), (1, 1), 1),
        ((1, 6, 5, 12), 3, (2, 3), (1, 3), (2, 1), 4),
        ((1, 20, 21, 70), 90, (4, 4), (2, 2), (1, 1), 1),
    )
    for mode in (PadMode.PAD, PadMode.SAME, PadMode.VALID)
]

APART = [
    case(
        Conv2dTransposeFusion(stride=side, dilation=(1, 1), group=1, activation_type=activation), normal(*shape),
        normal(shape[3], *side, outputs), *[normal(outputs)][:bias], constants=(1, 2), note=f"apart {activation.name}",
    )
    for shape, outputs, side, activation, bias in (
        ((1, 1, 1, 1), 1, (1, 1), ActivationType.NO_ACTIVATION, 0),
        ((2, 5, 4, 6), 7, (3, 2), ActivationType.RELU, 1),
        ((1, 9, 7, 33), 1, (4, 4), ActivationType.RELU6, 1),
        ((1, 30, 31, 40), 48, (2, 2), ActivationType.NO_ACTIVATION, 1),
        ((1, 3, 2, 1024), 16, (2, 2), ActivationType.RELU, 0),
    )
]  # fmt: skip

RESIZE = [
    case(
        Resize(method, height, width, coordinate_transform_mode=mode, cubic_coeff=-0.75),
        normal(2, 5, 7, channels),
        note=f"{method.name} {mode.name} {height} {width}",
    )
    for method in (ResizeMethod.NEAREST, ResizeMethod.LINEAR, ResizeMethod.CUBIC)
    for mode in CoordinateTransformMode
    for height, width, channels in ((10, 14, 3), (3, 9, 70), (1, 1, 1))
]

REGIONS = [
    *(
        case(NMSWithMask(threshold), boxes(count, normal(count).round(digits)), note=f"{threshold} {digits}")
        for count in (1, 2, 37, 256, 700)
        for threshold, digits in ((0.3, 6), (0.7, 1))
    ),
    case(NMSWithMask(0.5), boxes(41, special(41)), note="special scores"),
    case(NMSWithMask(0.5), np.concatenate([special(60).reshape(15, 4), normal(15, 1)], axis=1), note="special boxes"),
    *(
        case(ROIAlign(3, 2, 0.75, samples, mode), normal(2, 9, 7, channels), regions(11, 2), note=f"{samples} {mode}")
        for samples in (1, 2, 3)
        for mode in (0, 1)
        for channels in (5, 70)
    ),
    case(ROIAlign(7, 7, 1.0, 2, 1), normal(1, 12, 12, 64), regions(90, 1), note="several units"),
    case(ROIAlign(2, 2, 1.0, 2, 0), normal(2, 6, 5, 3), special(25).reshape(5, 5), note="special regions"),
]

SAMPLED = [
    *(
        case(
            GridSampler2D(interpolation, padding, aligned),
            normal(2, height, width, channels),
            normal(2, 5, 7, 2) * 2,
            note=f"{interpolation} {padding} {aligned}",
        )
        for interpolation in (0, 1)
        for padding in (0, 1, 2)
        for aligned in (False, True)
        for height, width, channels in ((6, 9, 5), (1, 4, 70))
    ),
    case(GridSampler2D(), normal(1, 20, 20, 32), normal(1, 40, 40, 2), note="several units"),
    *(
        case(
            GridSampler2D(mode, padding),
            special(300).reshape(1, 10, 10, 3),
            special(98).reshape(1, 7, 7, 2),
            note=note,
        )
        for mode, padding, note in ((0, 0, "special"), (1, 1, "special nearest"), (0, 2, "special mirrored"))
    ),
]
