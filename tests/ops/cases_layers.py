"""Rows for operators that sum over windows, rows or axes: convolution, pooling, products, norms, reductions."""
from __future__ import annotations

import numpy as np

from lite.ops.accumulate import CumProd, CumSum
from lite.ops.conv2d import Conv2DFusion
from lite.ops.conv2d_transpose import Conv2dTransposeFusion
from lite.ops.enums import ActivationType as A
from lite.ops.enums import PadMode, RoundMode
from lite.ops.full_connection import FullConnection
from lite.ops.group_norm import GroupNormFusion, InstanceNorm
from lite.ops.layer_norm import LayerNormFusion
from lite.ops.lstm import LSTM
from lite.ops.matmul import MatMulFusion
from lite.ops.normalize import LRN, L2NormalizeFusion, LpNormalization
from lite.ops.per_channel import BatchNorm, BiasAdd, FusedBatchNorm, ScaleFusion
from lite.ops.pool import AvgPoolFusion, MaxPoolFusion
from lite.ops.recurrent import GRULayer, RNNLayer
from lite.ops.reduce import ReduceFusion, ReduceMode
from lite.ops.softmax import LogSoftmax, Softmax
from tests.ops.case import Case, Source, case, const, data, full, ints, normal, positive, randint, scalar, weights

F16, I32, I64 = np.float16, np.int32, np.int64
SAME, VALID = PadMode.SAME, PadMode.VALID


def conv(stride: int = 1, dilation: int = 1, group: int = 1, pad: tuple[int, ...] = (), **rest: object) -> Conv2DFusion:
    """A convolution with the same stride and dilation both ways."""
    return Conv2DFusion(stride=(stride,) * 2, dilation=(dilation,) * 2, group=group, pad_list=pad, **rest)  # type: ignore[arg-type]


def deconv(stride: int = 1, dilation: int = 1, group: int = 1, **rest: object) -> Conv2dTransposeFusion:
    """A transposed convolution with the same stride and dilation both ways."""
    return Conv2dTransposeFusion(stride=(stride,) * 2, dilation=(dilation,) * 2, group=group, **rest)  # type: ignore[arg-type]


CONVOLUTIONS: list[Case] = [
    case(conv(), data([[[[1], [2]], [[3], [4]]]]), const([[[[1], [10]], [[100], [1000]]]]), expected=[[[[4321]]]]),
    case(conv(), normal(1, 6, 5, 3), weights(4, 3, 3, 3), weights(4), note="3x3 bias"),
    case(conv(pad=(1, 1, 1, 1)), normal(2, 7, 7, 5), weights(9, 3, 3, 5), weights(9), note="padded batch"),
    case(conv(2, pad=(0, 1, 0, 1)), normal(1, 8, 8, 3), weights(8, 3, 3, 3), note="stride 2 asymmetric"),
    case(conv(2, pad_mode=SAME), normal(1, 9, 8, 3), weights(16, 3, 3, 3), weights(16), note="same stride 2"),
    case(conv(pad_mode=SAME, pad=(9, 9, 9, 9)), normal(1, 5, 5, 2), weights(3, 2, 2, 2), note="same even kernel"),
    case(conv(pad_mode=VALID), normal(1, 5, 9, 2), weights(3, 1, 7, 2), note="valid 1x7"),
    case(conv(), normal(1, 7, 9, 16), weights(24, 1, 1, 16), weights(24), note="pointwise"),
    case(conv(2), normal(1, 7, 9, 16), weights(24, 1, 1, 16), note="pointwise stride 2"),
    case(conv(activation_type=A.RELU), normal(1, 6, 6, 8), weights(8, 3, 3, 8), weights(8), note="relu"),
    case(conv(activation_type=A.RELU6), normal(1, 6, 6, 8), weights(8, 3, 3, 8), weights(8), note="relu6"),
    case(conv(dilation=2, pad=(2, 2, 2, 2)), normal(1, 9, 9, 4), weights(6, 3, 3, 4), note="dilated"),
    case(conv(group=2), normal(1, 6, 6, 6), weights(10, 3, 3, 3), weights(10), note="two groups"),
    case(conv(group=8, pad_mode=SAME), normal(1, 7, 6, 8), weights(8, 3, 3, 1), weights(8), note="depthwise"),
    case(conv(2, group=17, pad_mode=SAME), normal(1, 9, 9, 17), weights(17, 5, 5, 1), note="depthwise 5x5 stride 2"),
    case(conv(group=4, activation_type=A.RELU6), normal(1, 5, 5, 4), weights(8, 3, 3, 1), note="depth multiplier 2"),
    case(conv(4, pad=(2, 2, 2, 2)), normal(1, 19, 19, 3), weights(8, 11, 11, 3), note="11x11 stride 4"),
    case(conv(3), normal(1, 3, 3, 1), weights(2, 3, 3, 1), note="one output pixel"),
    case(
        conv(dilation=3), normal(1, 6, 7, 1), weights(2, 3, 3, 1), note="fits nowhere",
        expected=np.zeros((1, 0, 1, 2)),
    ),
    case(conv(pad=(1, 1, 1, 1)), normal(1, 6, 6, 5, dtype=F16), weights(7, 3, 3, 5, dtype=F16), note="fp16"),
    case(
        conv(kernel_size=(3, 3), in_channel=3, out_channel=4), normal(1, 5, 5, 3), weights(4, 3, 3, 3),
        note="sizes said",
    ),
    case(
        Conv2DFusion(stride=(1, 2), dilation=(2, 1), group=1, pad_list=(0, 2, 1, 0)),
        normal(1, 10, 9, 3),
        weights(5, 3, 2, 3),
        note="uneven both ways",
    ),
    case(
        deconv(2),
        data([[[[1], [2]]]]),
        const([[[[1], [10]], [[100], [1000]]]]),
        note="2x2 stride 2",
        expected=[[[[1], [10], [2], [20]], [[100], [1000], [200], [2000]]]],
    ),
    case(deconv(2, pad_list=(1, 1, 1, 1)), normal(1, 5, 4, 6), weights(6, 4, 4, 3), weights(3), note="4x4 stride 2"),
    case(deconv(2, pad_mode=SAME), normal(1, 4, 4, 3), weights(3, 3, 3, 5), note="same"),
    case(
        deconv(3, pad_mode=SAME), normal(1, 3, 3, 2), weights(2, 2, 2, 4), weights(4),
        note="same stride above kernel",
    ),
    case(
        deconv(2, pad_mode=VALID, output_paddings=(1, 0)), normal(1, 3, 3, 2), weights(2, 3, 3, 2),
        note="output padding",
    ),
    case(deconv(2, group=2), normal(1, 3, 3, 4), weights(4, 2, 2, 3), weights(6), note="two groups"),
    case(deconv(dilation=2, activation_type=A.RELU), normal(1, 4, 4, 3), weights(3, 3, 3, 2), note="dilated relu"),
    case(deconv(), normal(1, 3, 4, 3, dtype=F16), weights(3, 3, 3, 2, dtype=F16), note="fp16"),
]

SQUARE = data([[[[1], [2], [3]], [[4], [5], [6]], [[7], [8], [9]]]])
POOLS: list[Case] = [
    case(
        MaxPoolFusion(kernel_size=(2, 2), strides=(2, 2), round_mode=RoundMode.CEIL),
        SQUARE,
        note="ceil",
        expected=[[[[5], [6]], [[8], [9]]]],
    ),
    case(
        AvgPoolFusion(kernel_size=(2, 2), strides=(2, 2), round_mode=RoundMode.CEIL),
        SQUARE,
        note="ceil counts only pixels",
        expected=[[[[3], [4.5]], [[7.5], [9]]]],
    ),
    case(
        AvgPoolFusion(kernel_size=(2, 2), strides=(2, 2), pad=(1, 0, 1, 0)),
        SQUARE,
        note="padding does not count",
        expected=[[[[1], [2.5]], [[5.5], [7]]]],
    ),
    case(
        MaxPoolFusion(kernel_size=(1, 1), strides=(2, 2), round_mode=RoundMode.CEIL),
        data([[[[1], [2], [3], [4]]]]),
        note="ceil starts no window outside",
        expected=[[[[1], [3]]]],
    ),
    case(MaxPoolFusion(kernel_size=(3, 3), strides=(2, 2), pad=(1, 1, 1, 1)), normal(1, 9, 9, 5), note="3x3 padded"),
    case(MaxPoolFusion(kernel_size=(3, 3), strides=(2, 2), pad_mode=SAME), normal(2, 8, 8, 17), note="same"),
    case(
        MaxPoolFusion(kernel_size=(5, 5), strides=(1, 1), pad_mode=SAME), normal(1, 6, 6, 3),
        note="5x5 same stride 1",
    ),
    case(MaxPoolFusion(kernel_size=(2, 1), strides=(2, 1), pad_mode=VALID), normal(1, 8, 5, 3), note="2x1"),
    case(MaxPoolFusion(global_=True), normal(2, 5, 7, 3), note="global"),
    case(MaxPoolFusion(kernel_size=(2, 2), strides=(1, 1)), full((1, 3, 3, 2), -5.0), note="all negative"),
    case(MaxPoolFusion(kernel_size=(2, 2), strides=(2, 2)), randint(-9, 9, 1, 4, 4, 2, dtype=np.int8), note="int8"),
    case(
        MaxPoolFusion(kernel_size=(2, 2), strides=(2, 2), activation_type=A.RELU), normal(1, 6, 6, 3), note="relu"
    ),
    case(AvgPoolFusion(kernel_size=(3, 3), strides=(1, 1), pad_mode=SAME), normal(1, 5, 6, 4), note="same"),
    case(AvgPoolFusion(kernel_size=(7, 7), strides=(1, 1)), normal(1, 7, 7, 10), note="whole"),
    case(AvgPoolFusion(kernel_size=(2, 16), strides=(2, 16), pad_mode=VALID), normal(1, 4, 32, 2), note="2x16"),
    case(AvgPoolFusion(global_=True), normal(2, 7, 7, 12), note="global"),
    case(AvgPoolFusion(global_=True), normal(1, 7, 7, 3, dtype=F16), note="fp16"),
]

PRODUCTS: list[Case] = [
    case(MatMulFusion(), data([[1, 2], [3, 4]]), data([[5, 6], [7, 8]]), expected=[[19, 22], [43, 50]]),
    case(MatMulFusion(transpose_b=True), normal(2, 40), weights(10, 40), weights(10), note="dense bias"),
    case(MatMulFusion(transpose_b=True), normal(1, 64), weights(10, 64), weights(10), note="one row"),
    case(MatMulFusion(transpose_a=True), normal(5, 3), normal(5, 4), note="transposed a"),
    case(MatMulFusion(True, True), normal(6, 3), normal(4, 6), note="both transposed"),
    case(MatMulFusion(), normal(2, 3, 7, 5), normal(2, 3, 5, 9), note="batched"),
    case(MatMulFusion(transpose_b=True), normal(2, 3, 7, 5), normal(2, 3, 7, 5), note="attention"),
    case(MatMulFusion(), normal(2, 1, 4, 5), normal(3, 5, 6), note="batch broadcasts"),
    case(MatMulFusion(), normal(2, 7, 5), weights(5, 9), weights(9), note="shared b"),
    case(MatMulFusion(activation_type=A.RELU), normal(9, 17), weights(17, 33), weights(33), note="relu"),
    case(MatMulFusion(), normal(3, 20, dtype=F16), weights(20, 7, dtype=F16), note="fp16"),
    case(MatMulFusion(), normal(2, 0), normal(0, 3), note="nothing summed", expected=np.zeros((2, 3))),
    case(MatMulFusion(), data([[1, 2]], I32), data([[3], [4]], I32), note="int32", expected=[[11]]),
    case(FullConnection(has_bias=True), normal(2, 3, 4), weights(5, 12), weights(5), note="flattens"),
    case(FullConnection(use_axis=True, axis=1), normal(1, 8, 3, 3), weights(6, 72), note="from axis 1"),
    case(FullConnection(use_axis=True, axis=-1), normal(2, 3, 7), weights(4, 7), weights(4), note="last axis"),
    case(
        FullConnection(activation_type=A.RELU), data([[1, 2]]), const([[1, 1], [-1, -1]]), note="relu",
        expected=[[3, 0]],
    ),
]

NORMS: list[Case] = [
    case(BiasAdd(), data([[1, 2], [3, 4]]), const([10, 20]), expected=[[11, 22], [13, 24]]),
    case(BiasAdd(), normal(1, 5, 5, 7), weights(7), note="image"),
    case(ScaleFusion(axis=-1), data([[1, 2]]), const([3, 4]), const([5, 6]), expected=[[8, 14]]),
    case(ScaleFusion(axis=1), normal(2, 3, 4), weights(3), note="middle axis"),
    case(ScaleFusion(axis=1, activation_type=A.RELU), normal(2, 3, 4), weights(3, 4), weights(3, 4), note="two axes"),
    case(BatchNorm(epsilon=1.0), data([[5, 10]]), const([1, 4]), const([3, 8]), expected=[[2, 2]]),
    case(BatchNorm(epsilon=1e-3, is_training=True), normal(2, 3, 3, 4), weights(4), positive(4), note="own statistics"),
    case(
        FusedBatchNorm(epsilon=1.0), data([[5]]), const([10]), const([1]), const([1]), const([3]), expected=[[21]]
    ),
    case(FusedBatchNorm(), normal(1, 4, 4, 6), positive(6), weights(6), weights(6), positive(6), note="image"),
    case(
        LayerNormFusion(begin_norm_axis=-1, begin_params_axis=-1, epsilon=0.0, elementwise_affine=True),
        data([[1, 3], [2, 6]]),
        const([2, 2]),
        const([1, 1]),
        expected=[[-1, 3], [-1, 3]],
    ),
    case(
        LayerNormFusion(begin_norm_axis=-1, begin_params_axis=-1, epsilon=1e-7, elementwise_affine=True),
        normal(2, 9, 64),
        positive(64),
        weights(64),
        note="encoder",
    ),
    case(
        LayerNormFusion(begin_norm_axis=1, begin_params_axis=1),
        normal(2, 3, 5),
        positive(3, 5),
        weights(3, 5),
        note="two axes",
    ),
    case(LayerNormFusion(begin_norm_axis=1, begin_params_axis=1), normal(2, 8), note="without gamma"),
    case(
        InstanceNorm(epsilon=0.0), data([[[[1, 4]], [[3, 8]]]]), const([1, 2]), const([0, 1]),
        expected=[[[[-1, -1]], [[1, 3]]]],
    ),
    case(InstanceNorm(epsilon=1e-5), normal(2, 5, 6, 3), positive(3), weights(3), note="image"),
    case(GroupNormFusion(num_groups=2), normal(2, 3, 3, 6), positive(6), weights(6), note="two groups"),
    case(GroupNormFusion(num_groups=1, epsilon=0.0), data([[[[1, 3]]]]), note="all channels", expected=[[[[-1, 1]]]]),
    case(LRN(depth_radius=1, bias=1.0, alpha=1.0, beta=1.0), data([[1, 2, 3]]), expected=[[1 / 6, 2 / 15, 3 / 14]]),
    case(LRN(depth_radius=2, bias=2.0, alpha=1e-4, beta=0.75), normal(1, 4, 4, 9), note="alexnet"),
    case(L2NormalizeFusion(axis=(1,), epsilon=1e-10), data([[3, 4], [0, 0]]), expected=[[0.6, 0.8], [0, 0]]),
    case(L2NormalizeFusion(epsilon=1e-4), normal(3, 5), note="all axes"),
    case(LpNormalization(axis=-1, p=1), data([[1, -3]]), note="p 1", expected=[[0.25, -0.75]]),
    case(LpNormalization(axis=0, p=2), data([[3], [4]]), note="p 2", expected=[[0.6], [0.8]]),
    case(Softmax(axis=(-1,)), data([[0, 0], [0, 1.0986122886681098]]), expected=[[0.5, 0.5], [0.25, 0.75]]),
    case(Softmax(axis=(1,)), normal(1, 3, 5, 5), note="inner axis"),
    case(Softmax(), normal(1, 1), note="one element", expected=[[1]]),
    case(Softmax(), full((4, 9), 88.0), note="would overflow without the shift"),
    case(Softmax(), normal(2, 3, 31), note="rows"),
    case(Softmax(), normal(2, 33, dtype=F16), note="fp16"),
    case(Softmax(axis=(1,)), normal(2, 0, 3), note="none"),
    case(LogSoftmax(axis=-1), normal(2, 0), note="none"),
    case(LogSoftmax(axis=-1), data([[0, 1.0986122886681098]]), expected=[[-1.3862943611, -0.2876820724]]),
    case(LogSoftmax(axis=1), normal(2, 5, 3), note="inner axis"),
]


def recurrent(gates: int) -> tuple[Source, ...]:
    """x, h, weights and biases of a layer with that many gates: five steps, two sequences of three to four numbers."""
    rows = 4 * gates
    return normal(5, 2, 3), normal(2, 4), weights(rows, 3), weights(rows, 4), weights(rows), weights(rows)


def reduce(mode: ReduceMode, **rest: object) -> ReduceFusion:
    """A reduction."""
    return ReduceFusion(mode=mode, **rest)  # type: ignore[arg-type]


M = ReduceMode
ROWS = data([[1, 2, 3], [-4, 5, 6]])
REDUCTIONS: list[Case] = [
    case(reduce(M.ReduceMean), ROWS, ints(1), note="mean", expected=[2, 7 / 3]),
    case(reduce(M.ReduceMax), ROWS, ints(0), note="max", expected=[1, 5, 6]),
    case(reduce(M.ReduceMin), ROWS, ints(0, 1), note="min of all", expected=-4),
    case(reduce(M.ReduceProd), ROWS, ints(-1), note="prod", expected=[6, -120]),
    case(reduce(M.ReduceSum, keep_dims=True), ROWS, ints(-1), note="sum kept", expected=[[6], [7]]),
    case(reduce(M.ReduceSumSquare), ROWS, ints(1), note="sum of squares", expected=[14, 77]),
    case(reduce(M.ReduceASum), ROWS, ints(1), note="sum of magnitudes", expected=[6, 15]),
    case(reduce(M.ReduceL2), data([[3, 4]]), ints(1), note="l2", expected=[5]),
    case(reduce(M.ReduceAll), data([[1, 0], [1, 1]], np.bool_), ints(1), note="all", expected=[False, True]),
    case(reduce(M.ReduceSum), ROWS, note="no axes means all", expected=13),
    case(reduce(M.ReduceSum), ROWS, ints(), note="empty axes mean all", expected=13),
    case(reduce(M.ReduceSum), ROWS, scalar(1), note="scalar axis", expected=[6, 7]),
    case(reduce(M.ReduceSum, reduce_to_end=True, coeff=0.5), normal(2, 3, 4), ints(1), note="to the end"),
    case(reduce(M.ReduceMean, keep_dims=True), normal(2, 7, 7, 9), ints(1, 2), note="global average"),
    case(reduce(M.ReduceMean), data([[-7, 2]], I32), ints(1, dtype=I64), note="int32 towards zero", expected=[-2]),
    case(reduce(M.ReduceMean), full((1, 4096), 4096.0, F16), ints(1), note="fp16", expected=[4096]),
    case(reduce(M.ReduceSum), normal(2, 0), ints(1), note="of nothing", expected=[0, 0]),
    case(CumProd(), data([2, 3, 4]), scalar(0), expected=[2, 6, 24]),
    case(CumProd(exclusive=True), data([2, 3, 4], I32), scalar(0), note="exclusive", expected=[1, 2, 6]),
    case(CumProd(True, True), data([[2, 3, 0]]), scalar(-1), note="both", expected=[[0, 0, 1]]),
    case(CumProd(True), normal(2, 0, 3), scalar(1), note="empty"),
    case(CumSum(), data([1, 2, 3]), scalar(0), expected=[1, 3, 6]),
    case(CumSum(exclusive=True), data([1, 2, 3], I32), scalar(0), note="exclusive", expected=[0, 1, 3]),
    case(CumSum(reverse=True), data([[1, 2], [3, 4]]), scalar(-1), note="reverse", expected=[[3, 2], [7, 4]]),
    case(CumSum(True, True), data([1, 2, 3]), ints(0), note="both", expected=[5, 3, 0]),
    case(
        LSTM(input_size=3, hidden_size=4, has_bias=True),
        normal(5, 2, 3),
        normal(1, 2, 4),
        normal(1, 2, 4),
        weights(4 * 4 * (3 + 4 + 1)),
        note="bias",
    ),
    case(
        LSTM(input_size=1, hidden_size=1),
        data([[[0]], [[0]]]),
        data([[[0]]]),
        data([[[1]]]),
        const([0] * 8),
        note="all gates half open",
        expected=([[[0.231058578630]], [[0.122459331202]]], [[[0.122459331202]]], [[[0.25]]]),
    ),
    case(GRULayer(), *recurrent(3)),
    case(GRULayer(), *recurrent(3), ints(5, 2), note="lengths"),
    case(GRULayer(), *recurrent(3), ints(5, 0), note="a sequence of no step"),
    case(
        GRULayer(),
        data([[[0]], [[0]]]),
        data([[1]]),
        *(const([[0], [0], [0]]), const([[0], [0], [2]]), const([0, 0, 0]), const([0, 0, 1])),
        note="all gates half open",
        expected=([[[0.952574126822]], [[0.924387410900]]], [[0.924387410900]]),
    ),
    case(RNNLayer(), *recurrent(1)),
    case(RNNLayer(), *recurrent(1), data([2, 9], np.int64), note="lengths"),
    case(
        RNNLayer(activation_type=A.RELU),
        data([[[1], [1]], [[2], [2]], [[-9], [-9]]]),
        data([[1], [1]]),
        *(const([[1]]), const([[2]]), const([0.5]), const([0.25])),
        ints(2, 3),
        note="sequences of two and three",
        expected=([[[3.75], [3.75]], [[10.25], [10.25]], [[0], [12.25]]], [[10.25], [12.25]]),
    ),
]

LAYERS = CONVOLUTIONS + POOLS + PRODUCTS + NORMS + REDUCTIONS
