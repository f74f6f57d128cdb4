"""Rows for operators that move, pick, count or make elements: shapes, slices, indices, images, constants."""
from __future__ import annotations

import numpy as np

from lite.ops.concat import Concat, Stack, Unstack
from lite.ops.extremum import ArgMaxFusion, ArgMinFusion, TopKFusion
from lite.ops.fill import ConstantOfShape, Fill, FillV2, LinSpace, Range
from lite.ops.gather import Gather, GatherD, GatherNd
from lite.ops.grid_sampler import GridSampler2D
from lite.ops.nms_with_mask import NMSWithMask
from lite.ops.non_max_suppression import NonMaxSuppression
from lite.ops.one_hot import OneHot
from lite.ops.pad import PaddingMode, PadFusion
from lite.ops.permutation import FormatTranspose, InvertPermutation
from lite.ops.reshape import ExpandDims, Flatten, Reshape, Squeeze, Unsqueeze
from lite.ops.resize import CoordinateTransformMode, NearestMode, Resize, ResizeMethod
from lite.ops.reverse import ReverseSequence, ReverseV2
from lite.ops.roi_align import ROIAlign
from lite.ops.scatter import (
    ScatterElements,
    ScatterNd,
    ScatterNdUpdate,
    TensorScatterAdd,
    TensorScatterDiv,
    TensorScatterMax,
    TensorScatterMin,
    TensorScatterMul,
)
from lite.ops.shape_of import Rank, Shape, Size
from lite.ops.slice import Crop, SliceFusion
from lite.ops.space import BatchToSpaceND, DepthToSpace, SpaceToBatchND, SpaceToDepth
from lite.ops.split import Split
from lite.ops.strided_slice import StridedSlice
from lite.ops.tile import BroadcastTo, TileFusion
from lite.ops.transpose import Transpose
from lite.ops.triangle import Tril, Triu
from lite.ops.unique import Unique
from lite.types import Format
from tests.ops.case import Case, case, const, data, full, ints, normal, randint, scalar

F16, F32, I32, I64 = np.float16, np.float32, np.int32, np.int64
GRID = data([[1, 2, 3], [4, 5, 6]])

SHAPES: list[Case] = [
    case(Transpose(), GRID, ints(1, 0), expected=[[1, 4], [2, 5], [3, 6]]),
    case(Transpose(), normal(2, 5, 7, 3), ints(0, 3, 1, 2), note="to NCHW"),
    case(Transpose(), normal(2, 3, 5, 7), ints(0, 2, 3, 1), note="to NHWC"),
    case(Transpose(), normal(2, 9, 3, 8), ints(0, 2, 1, 3, dtype=I64), note="heads"),
    case(Transpose(), randint(0, 9, 3, 4, 5, dtype=np.int8), ints(2, 0, 1), note="int8"),
    case(Transpose(), normal(2, 3, 4, dtype=F16), ints(-1, 0, 1), note="fp16 negative axis"),
    case(Reshape(), GRID, ints(3, 2), expected=[[1, 2], [3, 4], [5, 6]]),
    case(Reshape(), normal(2, 3, 4), ints(0, -1), note="copied and inferred"),
    case(Reshape(), normal(1, 1), ints(), note="to a scalar"),
    case(Reshape(), normal(0, 4), ints(2, 0, 4), expected=np.zeros((2, 0, 4)), note="empty, where a copy would not be"),
    case(Reshape(), normal(3, 0), ints(2, 0), expected=np.zeros((2, 0)), note="empty, copied"),
    case(Flatten(), normal(2, 3, 4)),
    case(Flatten(axis=-1), normal(2, 3, 4), note="negative axis"),
    case(Flatten(axis=0), normal(2, 3), note="axis 0"),
    case(Squeeze(), normal(1, 3, 1, 2), note="all"),
    case(Squeeze(axis=(-2,)), normal(1, 3, 1, 2), note="one"),
    case(Unsqueeze(axis=(0, -1)), normal(3, 2), note="both ends"),
    case(ExpandDims(), normal(3, 2), scalar(1), note="middle"),
    case(ExpandDims(), normal(3, 2), ints(-1), note="end"),
    case(Concat(axis=1), GRID, data([[7], [8]]), expected=[[1, 2, 3, 7], [4, 5, 6, 8]]),
    case(Concat(axis=-1), normal(1, 5, 5, 3), normal(1, 5, 5, 8), normal(1, 5, 5, 1), note="channels"),
    case(Concat(), normal(0, 3), normal(2, 3), note="with an empty one"),
    case(Concat(), normal(2, 3), note="one input"),
    case(Stack(), data([1, 2]), data([3, 4]), expected=[[1, 2], [3, 4]]),
    case(Stack(axis=-1), data([1, 2]), data([3, 4]), note="last axis", expected=[[1, 3], [2, 4]]),
    case(Unstack(axis=1), GRID, expected=([1, 4], [2, 5], [3, 6])),
    case(Split(output_num=3, axis=1), GRID, note="equal", expected=([[1], [4]], [[2], [5]], [[3], [6]])),
    case(
        Split(output_num=2, size_splits=(1, -1), axis=-1), GRID, note="the rest",
        expected=([[1], [4]], [[2, 3], [5, 6]]),
    ),
    case(Split(size_splits=(2, 0, 1), axis=1), normal(2, 3), note="an empty piece"),
    case(Shape(), normal(2, 3), expected=[2, 3]),
    case(Size(), normal(2, 3), expected=6),
    case(Rank(), normal(2, 3), expected=2),
    case(TileFusion(), data([[1, 2]]), ints(2, 2), expected=[[1, 2, 1, 2], [1, 2, 1, 2]]),
    case(TileFusion(), normal(3), ints(2, 1, 2), note="more axes"),
    case(TileFusion(dims=(1, 3)), normal(2, 1), note="attribute"),
    case(BroadcastTo(), data([[1], [2]]), ints(2, 3), expected=[[1, 1, 1], [2, 2, 2]]),
    case(BroadcastTo(shape=(4, -1, 3)), normal(2, 1), note="attribute keeps a dimension"),
    case(PadFusion(), data([[1, 2]]), const([[0, 1], [1, 0]], I32), expected=[[0, 1, 2], [0, 0, 0]]),
    case(PadFusion(paddings=((1, 0),), constant_value=9.0), data([1, 2], I32), note="int32", expected=[9, 1, 2]),
    case(
        PadFusion(padding_mode=PaddingMode.REFLECT),
        data([1, 2, 3]),
        const([[2, 1]], I32),
        note="reflect",
        expected=[3, 2, 1, 2, 3, 2],
    ),
    case(
        PadFusion(padding_mode=PaddingMode.SYMMETRIC),
        data([1, 2, 3]),
        const([[2, 1]], I64),
        note="symmetric",
        expected=[2, 1, 1, 2, 3, 3],
    ),
    case(PadFusion(), normal(1, 5, 5, 3), const([[0, 0], [1, 1], [0, 2], [0, 0]], I32), note="image"),
]

CUBE = data(np.arange(24).reshape(2, 3, 4))
SLICES: list[Case] = [
    case(SliceFusion(), GRID, ints(0, 1), ints(2, -1), expected=[[2, 3], [5, 6]]),
    case(SliceFusion(axes=(1,)), GRID, ints(1), ints(1), note="one axis", expected=[[2], [5]]),
    case(SliceFusion(axes=(-1, 0)), normal(3, 4), ints(1, 2), ints(2, 1), note="axes out of order"),
    case(Crop(axis=1, offsets=(1,)), normal(1, 5, 6, 2), normal(1, 3, 4, 1), note="one offset"),
    case(Crop(axis=0, offsets=(1, 0)), GRID, normal(1, 2), note="offset an axis", expected=[[4, 5]]),
    case(StridedSlice(), GRID, ints(0, 1), ints(2, 3), ints(1, 1), expected=[[2, 3], [5, 6]]),
    case(StridedSlice(), GRID, ints(-1), ints(-3), ints(-1), note="backwards", expected=[[4, 5, 6], [1, 2, 3]]),
    case(StridedSlice(), data([0, 1, 2, 3, 4]), ints(0), ints(99), ints(2), note="clamped steps", expected=[0, 2, 4]),
    case(
        StridedSlice(begin_mask=1, end_mask=1), data([0, 1, 2]), ints(7), ints(-9), ints(-1), note="masks",
        expected=[2, 1, 0],
    ),
    case(StridedSlice(shrink_axis_mask=2), GRID, ints(0, -1), ints(2, 0), ints(1, 1), note="shrink", expected=[3, 6]),
    case(
        StridedSlice(new_axis_mask=2), GRID, ints(0, 0, 1), ints(1, 0, 2), ints(1, 1, 1), note="new axis",
        expected=[[[2]]],
    ),
    case(StridedSlice(ellipsis_mask=1, shrink_axis_mask=2), CUBE, ints(0, 1), ints(0, 2), ints(1, 1), note="ellipsis"),
    case(StridedSlice(begin_mask=-1, end_mask=-1), CUBE, ints(1), ints(1), ints(1), note="bits beyond the rank"),
    case(StridedSlice(), CUBE, ints(1), ints(3), ints(2), ints(1), note="named axes"),
    case(StridedSlice(), data([1, 2, 3]), ints(2), ints(1), ints(1), note="empty", expected=[]),
    case(ReverseV2(axis=(0,)), GRID, expected=[[4, 5, 6], [1, 2, 3]]),
    case(ReverseV2(axis=(-1, 0)), normal(2, 3, 4), note="two axes"),
    case(ReverseSequence(seq_dim=1), GRID, ints(2, 3), expected=[[2, 1, 3], [6, 5, 4]]),
    case(ReverseSequence(seq_dim=0, batch_dim=1), normal(4, 3, 2), ints(0, 4, 2), note="time first"),
    case(Tril(), data(np.ones((2, 3))), expected=[[1, 0, 0], [1, 1, 0]]),
    case(Triu(), data(np.ones((2, 3))), scalar(1, I64), note="above", expected=[[0, 1, 1], [0, 0, 1]]),
    case(Tril(), normal(2, 4, 4), scalar(-1), note="batch below"),
    case(InvertPermutation(), ints(2, 0, 1), expected=[1, 2, 0]),
    case(FormatTranspose(Format.NHWC, Format.NCHW), normal(2, 3, 4, 5), note="to NCHW"),
    case(FormatTranspose(Format.NCHW, Format.NHWC), normal(2, 3, 4, 5), note="to NHWC"),
    case(FormatTranspose(), normal(2, 3), note="nothing to do"),
]

INDEXING: list[Case] = [
    case(Gather(), GRID, ints(2, 0), scalar(1), expected=[[3, 1], [6, 4]]),
    case(Gather(), data([1, 2, 3]), ints(-1, 3, -4), scalar(0), note="outside is zero", expected=[3, 0, 0]),
    case(Gather(), normal(50, 8), randint(0, 50, 2, 5), scalar(0), note="embedding"),
    case(Gather(), normal(2, 5, 3), scalar(4, I64), scalar(-2), note="scalar index"),
    case(Gather(), data(np.arange(9), I64), ints(8, 1), scalar(0), note="int64", expected=[8, 1]),
    case(GatherNd(), GRID, data([[0, 2], [1, 0]], I32), note="elements", expected=[3, 4]),
    case(GatherNd(), GRID, data([[1]], I32), note="rows", expected=[[4, 5, 6]]),
    case(GatherNd(), GRID, data([[0, 3], [-1, -1]], I32), note="outside is zero", expected=[0, 6]),
    case(GatherNd(), normal(3, 4, 5), randint(0, 3, 2, 6, 2), note="batch"),
    case(GatherD(), GRID, scalar(1), data([[2, 0], [1, 1]], I32), expected=[[3, 1], [5, 5]]),
    case(GatherD(), normal(4, 5), scalar(0), randint(0, 4, 2, 3, dtype=I64), note="smaller"),
    case(ScatterNd(), data([[1], [3], [1]], I32), data([5, 6, 7]), ints(4), expected=[0, 12, 0, 6]),
    case(ScatterNd(), data([[0]], I32), data([[1, 2]], I32), ints(2, 2), note="rows", expected=[[1, 2], [0, 0]]),
    case(ScatterNdUpdate(), data([1, 2, 3]), data([[2], [0]], I32), data([9, 8]), expected=[8, 2, 9]),
    case(TensorScatterAdd(), data([1, 2, 3]), data([[2], [2]], I32), data([9, 8]), expected=[1, 2, 20]),
    case(TensorScatterDiv(), data([1, 2, 3]), data([[2], [2]], I32), data([2, 4]), expected=[1, 2, 0.375]),
    case(TensorScatterMax(), data([1, 2, 3]), data([[2], [1]], I32), data([2, 4]), expected=[1, 4, 3]),
    case(TensorScatterMin(), data([1, 2, 3]), data([[2], [1]], I32), data([2, 4]), expected=[1, 2, 2]),
    case(TensorScatterMul(), data([1, 2, 3]), data([[2], [2]], I32), data([2, 4]), expected=[1, 2, 24]),
    case(ScatterNd(), data([[4], [-5], [-1]], I32), data([5, 6, 7]), ints(4), note="outside", expected=[0, 0, 0, 7]),
    case(ScatterNdUpdate(), data([1, 2, 3]), data([[3], [0]], I32), data([9, 8]), note="outside", expected=[8, 2, 3]),
    case(ScatterElements(), data([1, 2]), data([-3, -1], I32), data([9, 8]), note="outside", expected=[1, 8]),
    case(ScatterElements(axis=1), GRID, data([[2], [0]], I32), data([[9], [8]]), expected=[[1, 2, 9], [8, 5, 6]]),
    case(
        OneHot(axis=-1), data([1, 5, -1], I32), scalar(3), scalar(2, F32), scalar(-1, F32),
        expected=[[-1, 2, -1], [-1] * 3, [-1] * 3],
    ),
    case(
        OneHot(axis=0), data([1, 0], I64), scalar(2, I64), const([0, 1], F32), note="first axis",
        expected=[[0, 1], [1, 0]],
    ),
    case(ArgMaxFusion(axis=1), data([[1, 3, 3], [9, 0, 1]]), expected=[1, 0]),
    case(ArgMaxFusion(axis=-1, keep_dims=True, out_max_value=True), GRID, note="values", expected=[[3], [6]]),
    case(ArgMaxFusion(axis=1, top_k=2), data([[1, 3, 2]]), note="two", expected=[[1, 2]]),
    case(ArgMinFusion(axis=0), data([[1, 3], [1, 2]]), expected=[0, 1]),
    case(TopKFusion(axis=-1, largest=1), data([[1, 3, 3, 2]]), scalar(3), expected=([[3, 3, 2]], [[1, 2, 3]])),
    case(
        TopKFusion(axis=0), data([[4, 1], [3, 1], [5, 0]]), ints(2), note="smallest",
        expected=([[3, 0], [4, 1]], [[1, 2], [0, 0]]),
    ),
    case(TopKFusion(axis=-1, largest=1), normal(3, 40), scalar(5), note="rows"),
    case(Unique(), data([3, 1, 3, 2], I32), expected=([3, 1, 2], [0, 1, 0, 2])),
    case(
        NonMaxSuppression(),
        data([[[0, 0, 1, 1], [0, 0.1, 1, 1.1], [0, 2, 1, 3]]]),
        data([[[0.9, 0.95, 0.3]]]),
        scalar(3, I64),
        scalar(0.5, F32),
        scalar(0.2, F32),
        expected=[[0, 0, 1], [0, 0, 2]],
    ),
    case(
        NonMaxSuppression(center_point_box=1),
        data([[[0.5, 0.5, 1, 1], [5, 5, 1, 1]]]),
        data([[[0.1, 0.9]]]),
        scalar(1, I64),
        note="centers",
        expected=[[0, 0, 1]],
    ),
    case(
        NMSWithMask(iou_threshold=0.5),
        data([[0, 0, 1, 1, 0.5], [0, 2, 1, 3, 0.25], [0, 0, 1, 1.25, 0.75]]),
        expected=(
            [[0, 0, 1, 1.25, 0.75], [0, 0, 1, 1, 0.5], [0, 2, 1, 3, 0.25]],
            [0, 1, 2],
            [True, False, True],
        ),
    ),
    case(NMSWithMask(), full((5, 5), 1.0), note="equal scores"),
    case(NMSWithMask(), data([[0, 0, 1, 1, 0.5]]), note="one", expected=([[0, 0, 1, 1, 0.5]], [0], [1])),
    case(NMSWithMask(), normal(0, 5), note="none"),
    case(
        ROIAlign(pooled_width=2, sample_num=1, roi_end_mode=0),
        data([[[[0], [1], [2], [3]]]]),
        data([[0, 0, 0, 2, 1], [0, 1, 0, 3, 1]]),
        expected=[[[[0.5], [1.5]]], [[[1.5], [2.5]]]],
    ),
    case(
        GridSampler2D(),
        data([[[[1], [2]], [[3], [4]]]]),
        data([[[[0, 0], [-0.5, -0.5], [-1, -1], [3, 0]]]]),
        expected=[[[[2.5], [1], [0.25], [0]]]],
    ),
    case(
        GridSampler2D(1, 1, True),
        data([[[[1], [2]], [[3], [4]]]]),
        data([[[[0.1, -0.1], [-9, 9], [np.nan, 0]]]]),
        note="nearest with a border",
        expected=[[[[2], [3], [1]]]],
    ),
    case(GridSampler2D(0, 2), normal(2, 5, 7, 3), normal(2, 3, 4, 2), note="mirrored"),
    case(GridSampler2D(0, 2, True), normal(2, 5, 7, 3), normal(2, 3, 4, 2), note="mirrored between corners"),
    case(GridSampler2D(), normal(1, 0, 3, 2), normal(1, 2, 2, 2), note="no pixel"),
    case(ROIAlign(2, 3, 0.5, 2, 1), normal(2, 7, 5, 3), data([[0, 1, 2, 9, 8], [1, -3, -9, 30, 4]]), note="outside"),
    case(ROIAlign(2, 2, 1.0, 3, 0), normal(1, 4, 4, 1), normal(0, 5), note="no regions"),
]


LINEAR, NEAREST, CUBIC = ResizeMethod.LINEAR, ResizeMethod.NEAREST, ResizeMethod.CUBIC
MODES = CoordinateTransformMode
LINE = data([[[[0], [4]]]])


def resize(method: ResizeMethod, mode: CoordinateTransformMode, height: int, width: int, **rest: object) -> Resize:
    """A resize to a fixed size."""
    return Resize(method, height, width, coordinate_transform_mode=mode, **rest)  # type: ignore[arg-type]


IMAGES: list[Case] = [
    case(resize(NEAREST, MODES.ASYMMETRIC, 1, 4), LINE, note="nearest", expected=[[[[0], [0], [4], [4]]]]),
    case(resize(NEAREST, MODES.ALIGN_CORNERS, 1, 3), LINE, note="nearest corners", expected=[[[[0], [4], [4]]]]),
    case(resize(NEAREST, MODES.HALF_PIXEL, 7, 5), normal(1, 3, 4, 2), note="nearest half pixel"),
    case(resize(LINEAR, MODES.ASYMMETRIC, 1, 4), LINE, note="linear", expected=[[[[0], [2], [4], [4]]]]),
    case(resize(LINEAR, MODES.ALIGN_CORNERS, 1, 3), LINE, note="linear corners", expected=[[[[0], [2], [4]]]]),
    case(resize(LINEAR, MODES.HALF_PIXEL, 1, 4), LINE, note="linear half pixel", expected=[[[[0], [1], [3], [4]]]]),
    case(resize(LINEAR, MODES.ALIGN_CORNERS, 1, 1), normal(1, 3, 3, 2), note="to one pixel"),
    case(resize(CUBIC, MODES.HALF_PIXEL, 7, 9, cubic_coeff=-0.75), normal(1, 4, 5, 3), note="cubic"),
    case(
        resize(CUBIC, MODES.ALIGN_CORNERS, 5, 5, cubic_coeff=-0.5, exclude_outside=1), normal(1, 4, 4, 1),
        note="cubic inside",
    ),
    case(Resize(NEAREST), normal(1, 3, 3, 2), ints(6, 6), note="size input"),
    case(Resize(LINEAR), normal(1, 3, 3, 2, dtype=F16), ints(1, 5, 4, 2), note="shape input fp16"),
    *(
        case(resize(NEAREST, MODES.HALF_PIXEL, 5, 5, nearest_mode=mode), normal(1, 2, 2, 1), note=f"to {mode.name}")
        for mode in NearestMode
    ),
    case(DepthToSpace(block_size=2), data([[[[1, 2, 3, 4]]]]), expected=[[[[1], [2]], [[3], [4]]]]),
    case(DepthToSpace(block_size=2, mode="CRD"), normal(1, 2, 3, 8), note="CRD"),
    case(DepthToSpace(block_size=2, mode="DCR"), normal(1, 2, 3, 8), note="DCR"),
    case(SpaceToDepth(block_size=2), data([[[[1], [2]], [[3], [4]]]]), expected=[[[[1, 2, 3, 4]]]]),
    case(
        SpaceToBatchND(block_shape=(2, 2), paddings=((0, 0), (1, 1))),
        data([[[[1], [2]], [[3], [4]]]]),
        expected=[[[[0], [2]]], [[[1], [0]]], [[[0], [4]]], [[[3], [0]]]],
    ),
    case(
        BatchToSpaceND(block_shape=(2, 2), crops=((0, 0), (1, 1))),
        data([[[[0], [2]]], [[[1], [0]]], [[[0], [4]]], [[[3], [0]]]]),
        expected=[[[[1], [2]], [[3], [4]]]],
    ),
]

CONSTANTS: list[Case] = [
    case(Fill(), scalar(2.5, F32), ints(2, 2), expected=[[2.5, 2.5], [2.5, 2.5]]),
    case(FillV2(), ints(3), scalar(7, I32), expected=[7, 7, 7]),
    case(ConstantOfShape(value=(1.5,)), ints(2), expected=[1.5, 1.5]),
    case(ConstantOfShape(data_type=35), ints(1, 2), note="int64", expected=[[0, 0]]),
    case(Range(), scalar(1), scalar(8), scalar(3), expected=[1, 4, 7]),
    case(Range(), scalar(1, F32), scalar(0, F32), scalar(-0.25, F32), note="down", expected=[1, 0.75, 0.5, 0.25]),
    case(Range(start=2, limit=5), note="attributes", expected=[2, 3, 4]),
    case(Range(), scalar(5), scalar(1), scalar(1), note="none", expected=[]),
    case(LinSpace(), scalar(0, F32), scalar(1, F32), scalar(5), expected=[0, 0.25, 0.5, 0.75, 1]),
]

MOVEMENT = SHAPES + SLICES + INDEXING + IMAGES + CONSTANTS
