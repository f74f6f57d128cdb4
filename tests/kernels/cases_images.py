"""Rows of operators that make images of other sizes: transposed convolution and interpolation."""
from __future__ import annotations

from lite.ops.conv2d_transpose import Conv2dTransposeFusion
from lite.ops.enums import ActivationType, CoordinateTransformMode, PadMode, ResizeMethod
from lite.ops.resize import Resize
from tests.kernels.case import case, normal

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
