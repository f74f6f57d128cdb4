"""Operations the cpu delegate must run itself, one row each: odd sizes, tails, empty tensors, strides, broadcasting."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from lite.kernels.codes import TYPES
from lite.ops.activation import Activation
from lite.ops.cast import Cast
from lite.ops.concat import Concat, Stack, Unstack
from lite.ops.enums import ActivationType, PadMode, RoundMode
from lite.ops.full_connection import FullConnection
from lite.ops.gather import Gather
from lite.ops.group_norm import GroupNormFusion, InstanceNorm
from lite.ops.layer_norm import LayerNormFusion
from lite.ops.lstm import LSTM
from lite.ops.matmul import MatMulFusion
from lite.ops.numerics import is_in_float32
from lite.ops.pad import PadFusion
from lite.ops.per_channel import BatchNorm, BiasAdd, FusedBatchNorm, ScaleFusion
from lite.ops.pool import AvgPoolFusion, MaxPoolFusion
from lite.ops.recurrent import GRULayer, RNNLayer
from lite.ops.reduce import ReduceFusion, ReduceMode
from lite.ops.registry import Attributes, definition
from lite.ops.reverse import ReverseV2
from lite.ops.slice import Crop, SliceFusion
from lite.ops.softmax import LogSoftmax, Softmax
from lite.ops.space import DepthToSpace, SpaceToDepth
from lite.ops.split import Split
from lite.ops.strided_slice import StridedSlice
from lite.ops.tile import BroadcastTo, TileFusion
from lite.ops.transpose import Transpose
from lite.types import Array, DType
from tests.kernels.case import Case, case, conv, ending, holed, ints, normal, of_type, special
from tests.kernels.cases_codes import CODES
from tests.kernels.cases_elementwise import ELEMENTWISE
from tests.kernels.cases_images import APART, REGIONS, RESIZE, SAMPLED, TRANSPOSED
from tests.kernels.cases_indexed import INDEXED
from tests.kernels.cases_products import PRODUCTS
from tests.kernels.cases_scatter import SCATTER
from tests.kernels.cases_typed import TYPED, halved

RELU, RELU6 = ActivationType.RELU, ActivationType.RELU6
_A = ActivationType
_LINEAR = Activation()

MATMUL = [
    *(
        case(MatMulFusion(), normal(m, k), normal(k, n), constants=(1,))
        for m, k, n in (
            (1, 1, 1),
            (1, 7, 3),
            (2, 5, 16),
            (5, 9, 17),
            (6, 3, 33),
            (7, 8, 32),
            (13, 21, 15),
            (100, 31, 50),
        )
    ),
    *(
        case(MatMulFusion(), normal(1, k), normal(k, n), constants=(1,))
        for k, n in ((3, 64), (9, 40), (100, 333), (513, 1001))
    ),
    case(MatMulFusion(), normal(5, 9), normal(9, 17), note="both computed"),
    *(
        case(
            MatMulFusion(transpose_a=a, transpose_b=b, activation_type=RELU), *matrices, normal(18), constants=constants
        )
        for a, b, matrices in (
            (False, True, (normal(19, 11), normal(18, 11))),
            (True, False, (normal(11, 19), normal(11, 18))),
            (True, True, (normal(11, 19), normal(18, 11))),
        )
        for constants in ((1, 2), (2,))
    ),
    case(MatMulFusion(), normal(2, 3, 7, 5), normal(2, 3, 5, 9), note="batches"),
    case(MatMulFusion(), normal(2, 1, 7, 5), normal(3, 5, 9), note="batches broadcast"),
    case(MatMulFusion(), normal(7, 5), normal(2, 3, 5, 9), note="b alone has batches"),
    case(MatMulFusion(transpose_a=True), normal(3, 5, 7), normal(5, 9), constants=(1,), note="one b for all"),
    case(MatMulFusion(transpose_b=True), normal(3, 1, 7, 5), normal(2, 9, 5), constants=(1,), note="constant batches"),
    case(MatMulFusion(), normal(3, 0), normal(0, 4), constants=(1,), note="no depth"),
    case(MatMulFusion(), normal(0, 3), normal(3, 4), constants=(1,), note="no rows"),
    case(MatMulFusion(activation_type=RELU6), normal(300, 64), normal(64, 500), constants=(1,), note="several units"),
    case(MatMulFusion(), normal(12, 128, 64), normal(12, 64, 128), note="several units"),
    case(MatMulFusion(), normal(100, 1024), normal(1024, 133), constants=(1,), note="rows that compete for cache"),
    case(MatMulFusion(), normal(65, 70), normal(70, 133), constants=(1,), note="halves of the rows"),
    case(MatMulFusion(), normal(200, 513), normal(513, 2050), constants=(1,), note="large weights"),
    case(FullConnection(activation_type=RELU), normal(2, 3, 4), normal(5, 12), normal(5), constants=(1, 2)),
    case(FullConnection(use_axis=True, axis=1), normal(7, 3, 4), normal(33, 12), constants=(1,)),
    case(FullConnection(), normal(1, 2048), normal(1000, 2048), normal(1000), constants=(1, 2)),
]

CONVOLUTION = [
    conv((1, 5, 5, 3), 4, (3, 3), pads=(1, 1, 1, 1)),
    conv((2, 9, 7, 5), 17, (3, 2), stride=(2, 1), pads=(0, 1, 1, 0), activation=RELU),
    conv((1, 13, 11, 6), 8, (3, 3), dilation=(2, 3), mode=PadMode.SAME, group=2, note="dilated, grouped"),
    conv((1, 8, 8, 16), 40, (1, 1), activation=RELU6),
    conv((1, 8, 8, 16), 40, (1, 1), stride=(2, 2), bias=False),
    conv((2, 9, 7, 1024), 80, (1, 1), stride=(2, 3), activation=RELU, note="rows compete for cache lines"),
    conv((1, 3, 3, 16), 8, (1, 1), stride=(3, 3), note="one pixel out"),
    conv((1, 8, 8, 16), 40, (1, 1), pads=(1, 0, 2, 0), note="one pixel, padded"),
    conv((1, 1, 1, 3), 5, (3, 3), pads=(1, 1, 1, 1), note="one pixel in"),
    conv((1, 4, 4, 2), 3, (7, 7), pads=(5, 5, 5, 5), note="taps that never meet the image"),
    conv((3, 32, 32, 1), 6, (5, 5), mode=PadMode.VALID),
    conv((1, 16, 200, 3), 8, (3, 3), mode=PadMode.SAME, stride=(2, 2)),
    conv((0, 5, 5, 3), 4, (3, 3), note="no images"),
    conv((1, 30, 30, 32), 64, (3, 3), pads=(1, 1, 1, 1), activation=RELU, note="several units"),
    conv((1, 60, 60, 32), 64, (3, 3), stride=(2, 2), pads=(1, 1, 1, 1), activation=RELU, note="several units"),
    conv((1, 7, 7, 64), 256, (3, 3), pads=(1, 1, 1, 1), note="units are panels"),
    conv((1, 6, 6, 12), 24, (3, 3), group=4, pads=(1, 1, 1, 1)),
    conv((1, 6, 6, 4), 8, (3, 3), group=4, pads=(1, 1, 1, 1), note="two outputs a channel"),
    *(
        conv((2, 11, 13, 19), 19, kernel, group=19, stride=stride, mode=mode, activation=RELU6)
        for kernel in ((3, 3), (5, 5), (2, 4))
        for stride in ((1, 1), (2, 2), (3, 1))
        for mode in (PadMode.SAME, PadMode.VALID)
    ),
    *(conv((1, 5, n, 17), 17, (3, 3), group=17, pads=(1, 1, 1, 1), note="runs") for n in (4, 5, 7, 8, 9, 15, 17)),
    conv((1, 5, 0, 17), 17, (3, 3), group=17, pads=(2, 2, 2, 2), note="no columns"),
    conv((1, 9, 9, 33), 33, (3, 3), group=33, dilation=(2, 2), pads=(2, 2, 2, 2), bias=False),
    conv((1, 3, 3, 40), 40, (5, 5), group=40, pads=(2, 2, 2, 2), note="narrower than a run"),
    conv((1, 56, 56, 64), 64, (3, 3), group=64, pads=(1, 1, 1, 1), note="several units"),
    *(conv((1, 110, 110, c), 2, (90, 90), mode=PadMode.VALID, note="a filter of many taps") for c in (1, 9)),
    conv((2, 9, 7, 9), 17, (3, 2), stride=(2, 1), pads=(0, 1, 1, 0), activation=RELU),
    conv((1, 1, 1, 9), 5, (3, 3), pads=(1, 1, 1, 1), note="one pixel in"),
    conv((1, 4, 4, 9), 3, (7, 7), pads=(5, 5, 5, 5), note="taps that never meet the image"),
    conv((1, 13, 200, 12), 8, (3, 3), mode=PadMode.SAME, stride=(2, 2)),
    *(
        conv((2, 13, 30, channels), outputs, (5, 3), stride=stride, pads=(2, 1, 3, 0), note="few outputs")
        for channels, outputs in ((1, 6), (2, 1), (3, 8), (3, 10))
        for stride in ((1, 1), (2, 2), (1, 3), (3, 4))
    ),
    *(conv((1, 7, 21, 1), outputs, (3, 3), activation=RELU, note="few outputs") for outputs in range(2, 8)),
    *(conv((1, 6, 70, 1), outputs, (3, 5), pads=(1, 1, 2, 2), activation=RELU) for outputs in range(1, 9)),
    *(ending(conv((1, 6, 33, 2), n, (3, 3)), Activation(activation_type=_A.TANH), adds=False) for n in (3, 9)),
    holed(conv((1, 9, 40, 2), 5, (3, 4), pads=(1, 1, 1, 2), stride=(1, 2))),
    holed(conv((1, 9, 10, 2), 24, (3, 3), pads=(1, 1, 1, 1))),
    conv((2, 150, 160, 3), 24, (3, 3), stride=(2, 2), mode=PadMode.SAME, note="several strips"),
    conv((1, 3, 9000, 2), 3, (3, 3), pads=(1, 1, 1, 1), activation=RELU6, note="a row beyond a strip"),
    conv((1, 7, 7, 500), 500, (3, 3), group=500, stride=(2, 2), mode=PadMode.SAME, note="blocks of channels"),
    conv((1, 9, 10, 20), 20, (5, 5), group=20, stride=(1, 2), pads=(2, 2, 1, 4), note="odd pads"),
    conv((1, 2, 9, 8), 8, (3, 3), group=8, pads=(2, 2, 2, 2), note="rows in the padding alone"),
]

def lstm(steps: int, batch: int, channels: int, hidden: int, bias: bool = True, note: str = "") -> Case:
    """Constant weights."""
    weights = normal(4 * hidden * (channels + hidden + bias)) / np.float32(np.sqrt(channels + hidden))
    attrs = LSTM(has_bias=bias, input_size=channels, hidden_size=hidden)
    state, cell = normal(1, batch, hidden), 2 * normal(1, batch, hidden)
    return case(attrs, normal(steps, batch, channels), state, cell, weights, constants=(3,), note=note)


def recurrent(
    attrs: Attributes, steps: int, batch: int, channels: int, hidden: int, *lengths: int, note: str = ""
) -> Case:
    """Constant weights. lengths: of the sequences, where they are given."""
    gates = hidden if isinstance(attrs, RNNLayer) else 3 * hidden
    weights = [normal(gates, n) / np.float32(np.sqrt(channels + hidden)) for n in (channels, hidden)]
    inputs = [normal(steps, batch, channels), normal(batch, hidden), *weights, *normal(2, gates)]
    return case(attrs, *inputs, *([ints(*lengths)] if lengths else []), constants=(2, 3, 4, 5), note=note)


_LAYERS = (GRULayer(), RNNLayer(), RNNLayer(activation_type=_A.RELU))

RECURRENT = [
    *(
        recurrent(attrs, steps, batch, 5, hidden, note=str(index))
        for steps, batch, hidden in ((1, 1, 1), (3, 1, 17), (2, 3, 16), (4, 14, 70))
        for index, attrs in enumerate(_LAYERS)
    ),
    *(recurrent(attrs, 4, 5, 3, 9, 4, 1, 0, 9, 2, note=f"lengths {i}") for i, attrs in enumerate(_LAYERS)),
    *(recurrent(attrs, 6, 3, 5, 40, 2, 3, 1, note=f"all end early {i}") for i, attrs in enumerate(_LAYERS)),
    *(recurrent(attrs, 6, 2, 5, 40, 0, -1, note=f"no steps {i}") for i, attrs in enumerate(_LAYERS)),
    *(recurrent(attrs, 2, 0, 3, 4, note="no samples") for attrs in _LAYERS[:2]),
    *(recurrent(_LAYERS[0], 3, batch, 7, 600, *(2, 3)[:batch], note="several units") for batch in (1, 2)),
    *(recurrent(a, 4, 1, 7, n, 2, note="ends early") for a, n in ((_LAYERS[0], 600), (_LAYERS[1], 1500))),
    *(recurrent(_LAYERS[1], 3, batch, 7, 1500, *(2, 3)[:batch], note="several units") for batch in (1, 2)),
    recurrent(_LAYERS[0], 1025, 1, 2, 300, note="many steps"),
    *(lstm(steps, batch, 5, hidden) for steps, batch, hidden in ((1, 1, 1), (3, 1, 17), (2, 3, 16), (4, 14, 33))),
    lstm(3, 25, 1, 8, bias=False),
    lstm(2, 0, 3, 4, note="no samples"),
    lstm(5, 1, 1024, 40, note="rows that compete for cache"),
    *(lstm(3, batch, 7, 600, note="several units") for batch in (1, 2)),
    lstm(1025, 1, 2, 300, note="many steps"),
]

_GELU, _HSWISH, _RELU = (Activation(activation_type=kind) for kind in (_A.GELU, _A.HSWISH, _A.RELU))
_LEAKY = Activation(activation_type=_A.LEAKY_RELU, alpha=0.1)

EPILOGUES = [
    ending(row, activation, adds=adds)
    for row in (
        conv((2, 7, 5, 9), 19, (3, 3), pads=(1, 1, 1, 1)),
        conv((1, 30, 30, 32), 64, (3, 3), pads=(1, 1, 1, 1), note="several units"),
        conv((1, 60, 60, 32), 64, (3, 3), stride=(2, 2), note="several units"),
        conv((1, 6, 6, 12), 24, (3, 3), group=4),
        conv((1, 9, 9, 16), 40, (1, 1)),
        case(MatMulFusion(), normal(1, 100), normal(100, 333), constants=(1,)),
        case(MatMulFusion(transpose_a=True), normal(3, 5, 7), normal(5, 9), constants=(1,)),
        case(MatMulFusion(), normal(12, 128, 64), normal(12, 64, 128), note="several units"),
        case(FullConnection(), normal(9, 50), normal(33, 50), normal(33), constants=(1, 2)),
    )
    for activation, adds in ((_LINEAR, True), (_RELU, True), (_HSWISH, True), (_GELU, False), (_LEAKY, False))
]
EPILOGUES += [ending(conv((2, 11, 13, 19), 19, (3, 3), group=19, stride=(2, 2)), _HSWISH, adds=False)]

POOL = [
    *(
        case(pool(kernel_size=(3, 2), strides=(2, 3), pad=(1, 1, 1, 0), round_mode=mode), normal(2, 9, 8, 21))
        for pool in (MaxPoolFusion, AvgPoolFusion)
        for mode in RoundMode
    ),
    case(
        MaxPoolFusion(kernel_size=(2, 2), strides=(2, 2), pad_mode=PadMode.SAME, activation_type=RELU),
        normal(1, 7, 7, 5),
    ),
    case(AvgPoolFusion(kernel_size=(3, 3), strides=(1, 1), pad_mode=PadMode.SAME), normal(1, 6, 5, 65)),
    case(MaxPoolFusion(kernel_size=(2, 2), strides=(1, 1)), special(64).reshape(1, 4, 4, 4), note="special numbers"),
    case(MaxPoolFusion(kernel_size=(3, 3), strides=(1, 1)), special(75).reshape(1, 5, 5, 3), note="special numbers"),
    case(AvgPoolFusion(global_=True, activation_type=RELU6), normal(2, 7, 7, 130)),
    case(AvgPoolFusion(global_=True), normal(1, 7, 7, 2048), note="units are channels"),
    case(MaxPoolFusion(global_=True), normal(1, 3, 1, 9)),
    case(MaxPoolFusion(kernel_size=(3, 3), strides=(2, 2)), normal(1, 112, 112, 64), note="several units"),
]

SOFTMAX = [
    *(case(Softmax(), normal(3, n)) for n in (1, 2, 7, 8, 9, 31, 128, 1001)),
    case(Softmax(axis=(1,)), normal(2, 5, 7)),
    case(Softmax(axis=(0,)), normal(9, 33)),
    case(Softmax(axis=(1,)), normal(1, 3, 5, 5)),
    case(Softmax(), np.full((4, 9), 88.0, np.float32), note="would overflow without the shift"),
    case(Softmax(), special(45).reshape(3, 15), note="special numbers"),
    case(Softmax(), np.array([[-np.inf, 0.0, 1.0], [-1e4, 2.0, -np.inf]], np.float32), note="masked"),
    case(Softmax(), normal(12, 128, 128), note="several units"),
    case(Softmax(), normal(0, 4), note="empty"),
    *(case(LogSoftmax(axis=axis), 5 * normal(3, 17, 5)) for axis in (-1, 0, 1)),
]

NORM = [
    *(
        case(LayerNormFusion(begin_norm_axis=-1, begin_params_axis=-1), normal(3, n), normal(n), normal(n))
        for n in (1, 7, 64, 129)
    ),
    case(LayerNormFusion(begin_norm_axis=1), 100 + normal(4, 3, 5), note="no factors, a large mean"),
    case(LayerNormFusion(begin_norm_axis=-2, begin_params_axis=-2), normal(2, 3, 5), normal(3, 5), normal(3, 5)),
    case(
        LayerNormFusion(begin_norm_axis=-1, begin_params_axis=-1),
        normal(256, 768),
        normal(768),
        normal(768),
        note="several units",
    ),
    case(
        FusedBatchNorm(epsilon=1e-3),
        normal(2, 5, 4, 19),
        *(normal(19) for _ in "so"),
        normal(19),
        normal(19) ** 2,
        constants=(1, 2, 3, 4),
    ),
    case(BatchNorm(epsilon=1e-3), normal(6, 9), normal(9), normal(9) ** 2, constants=(1, 2)),
    *(
        case(attrs, shift + normal(*shape), normal(shape[-1]), 2 + normal(shape[-1]))
        for shape in ((2, 5, 6, 3), (1, 30, 31, 70), (3, 4, 1))
        for attrs in (InstanceNorm(epsilon=1e-5), GroupNormFusion(num_groups=1))
        for shift in (0, 50)
    ),
    case(GroupNormFusion(num_groups=32), normal(2, 60, 60, 320), normal(320), normal(320), note="several units"),
    case(GroupNormFusion(num_groups=5), normal(2, 9, 35)),
    case(GroupNormFusion(num_groups=7), 50 + normal(2, 1, 7), normal(7), normal(7) / 100, note="of one element"),
    case(ScaleFusion(axis=-1, activation_type=RELU), normal(2, 3, 21), normal(21), normal(21)),
    case(ScaleFusion(axis=1), normal(2, 3, 21), normal(3, 21), constants=(1,)),
    case(ScaleFusion(axis=1, activation_type=RELU6), normal(2, 3, 4, 5), normal(3, 4), normal(3, 4), note="inner axes"),
    case(ScaleFusion(axis=0, activation_type=RELU), normal(2, 3), normal(2), note="no offset"),
    case(BiasAdd(), normal(2, 3, 5, 9), normal(9), constants=(1,)),
]


def reduce_case(mode: ReduceMode, x: Array, *axes: int, note: str = "", **attrs: Any) -> Case:
    """A reduction with constant axes."""
    return case(ReduceFusion(mode=mode, **attrs), x, ints(*axes), constants=(1,), note=f"{mode.name} {axes} {note}")


REDUCE = [
    *(reduce_case(mode, normal(2, 3, 37), 2) for mode in ReduceMode if mode != ReduceMode.ReduceAll),
    *(reduce_case(mode, normal(2, 7, 37), 1, keep_dims=True) for mode in ReduceMode if mode != ReduceMode.ReduceAll),
    *(
        reduce_case(ReduceMode.ReduceSum, normal(2, 3, 4, 5, 7), *axes)
        for axes in ((0,), (0, 2), (0, 2, 4), (1, 3), (0, 1, 2, 3), ())
    ),
    reduce_case(ReduceMode.ReduceMean, normal(2, 7, 7, 65), 1, 2),
    reduce_case(ReduceMode.ReduceMean, normal(1, 1, 1), 0),
    reduce_case(ReduceMode.ReduceMax, special(60).reshape(4, 15), 1, note="special"),
    reduce_case(ReduceMode.ReduceMin, special(60).reshape(4, 15), 0, note="special"),
    reduce_case(ReduceMode.ReduceSum, normal(3, 4, 5), 1, reduce_to_end=True, coeff=0.5),
    reduce_case(ReduceMode.ReduceMean, normal(64, 4000), 1, note="several units"),
    reduce_case(ReduceMode.ReduceMean, normal(64, 4000), 0, note="several units of columns"),
]

MOVE = [
    *(
        case(Transpose(), normal(2, planes, 9, columns), ints(0, 2, 3, 1), constants=(1,), note="planes")
        for planes in range(2, 10)
        for columns in (3, 8)
    ),
    *(
    case(Transpose(), of_type(dtype, *shape), ints(*perm), constants=(1,), note=dtype)
        for shape, perm in (
            ((5, 7), (1, 0)),
            ((33, 65), (1, 0)),
            ((2, 3, 40, 24), (0, 2, 3, 1)),
            ((2, 20, 30, 3), (0, 3, 1, 2)),
            ((2, 9, 4, 16), (0, 2, 1, 3)),
            ((2, 9, 4, 16), (0, 2, 3, 1)),
            ((3, 2, 5, 2, 4, 2), (5, 3, 1, 4, 2, 0)),
            ((2, 1, 3), (1, 0, 2)),
            ((3, 0, 2), (2, 0, 1)),
        )
        for dtype in ("float32", "int64", "int16", "bool")
    ),
    case(Transpose(), normal(1, 64, 112, 112), ints(0, 2, 3, 1), constants=(1,), note="several units"),
    case(Concat(axis=-1), normal(2, 3, 5), normal(2, 3, 0), normal(2, 3, 18)),
    case(Concat(axis=1), of_type("int64", 2, 3, 5), of_type("int64", 2, 1, 5)),
    case(Concat(axis=0), of_type("int8", 3), of_type("int8", 4)),
    *(
        case(Concat(axis=-1), of_type("int8", 3, 4, n), of_type("int8", 3, 4, 5), note="bytes")
        for n in (1, 3, 4, 7, 8, 15, 16, 26, 31, 32, 33, 63, 64, 65, 127, 128, 300, 5000)
    ),
    *(
        case(Transpose(), of_type("int8", 2, c, h, w), ints(0, 2, 3, 1), constants=(1,), note="planes of bytes")
        for c in (2, 3, 4, 5) for h, w in ((3, 5), (4, 4), (7, 9), (16, 17), (64, 48))
    ),
    case(Transpose(), of_type("int8", 2, 9, 5, 26), ints(0, 2, 1, 3), constants=(1,), note="short rows"),
    case(Concat(axis=3), normal(1, 56, 56, 64), normal(1, 56, 56, 32), note="several units"),
    case(Stack(axis=-1), normal(4, 9), normal(4, 9), normal(4, 9)),
    case(Stack(axis=0), normal(), normal()),
    case(Unstack(axis=1), normal(3, 4, 5)),
    case(Split(output_num=3, axis=1), normal(2, 9, 5)),
    case(Split(size_splits=(1, -1, 2), output_num=3, axis=-1), of_type("int16", 3, 7)),
    case(SliceFusion(axes=(2, 0)), normal(4, 3, 9), ints(2, 1), ints(5, -1), constants=(1, 2)),
    case(Crop(axis=1, offsets=(1, 2)), normal(2, 5, 9), normal(2, 3, 4)),
    *(
        case(
            StridedSlice(**masks),
            of_type(dtype, 6, 7, 8),
            ints(*begin),
            ints(*end),
            ints(*step),
            constants=(1, 2, 3),
            note=dtype,
        )
        for dtype in ("float32", "int8")
        for masks, begin, end, step in (
            ({}, (1, 2, 3), (5, 6, 8), (2, 1, 3)),
            ({"begin_mask": 4, "end_mask": 4}, (4, -1, 0), (0, -6, 0), (-2, -1, -1)),
            ({"ellipsis_mask": 1, "shrink_axis_mask": 2}, (0, -3), (0, 0), (1, 1)),
            ({"new_axis_mask": 2}, (1, 0, 2), (2, 0, 5), (1, 1, 1)),
        )
    ),
    case(StridedSlice(shrink_axis_mask=3), normal(4, 5), ints(1, -1), ints(2, 0), ints(1, 1), constants=(1, 2, 3)),
    case(Unstack(), normal(3)),
    case(ReverseV2(axis=(0, 2)), normal(3, 4, 5)),
    case(TileFusion(dims=(2, 3, 2)), normal(2, 1, 5)),
    case(TileFusion(), of_type("bool", 3), ints(4, 2), constants=(1,)),
    case(BroadcastTo(shape=(2, 3, 4)), normal(3, 1)),
    case(BroadcastTo(shape=(5,)), normal()),
    *(case(DepthToSpace(block_size=2, mode=mode), normal(2, 3, 4, 24)) for mode in ("DCR", "CRD")),
    case(SpaceToDepth(block_size=2), of_type("int64", 1, 4, 6, 3)),
    *(
        case(PadFusion(paddings=((1, 2), (0, 1), (3, 0)), constant_value=7), of_type(dtype, 2, 3, 5), note=dtype)
        for dtype in ("float32", "int64", "int16", "int8")
    ),
    case(PadFusion(constant_value=-1.5), normal(2, 0), ints(1, 1, 2, 0), constants=(1,), note="nothing inside"),
    *(
        case(
            Gather(),
            of_type(dtype, 3, 5, 4),
            np.array([[0, 4], [-1, -5], [5, -6]], index),
            ints(1),
            constants=(2,),
            note=f"{dtype} {index}",
        )
        for dtype in ("float32", "int64", "int16", "bool")
        for index in ("int32", "int64")
    ),
    case(Gather(), normal(0, 4), ints(0, 1), ints(0), constants=(2,), note="from nothing"),
    case(Gather(), normal(1000, 300), ints(*range(0, 1000, 2)), ints(0), constants=(2,), note="several units"),
    case(Gather(), normal(5), np.int64(3), ints(0), constants=(2,), note="a number"),
    *(
        case(
            Cast(),
            (9 * normal(41)).astype(source),
            ints(DType.of(result)),
            constants=(1,),
            note=f"{source} to {result}",
        )
        for source in TYPES
        for result in TYPES
    ),
    *(
        case(Cast(), special(), ints(DType.of(result)), constants=(1,), note=f"special numbers to {result}")
        for result in TYPES
    ),
]

WHOLE = [
    *PRODUCTS,
    *ELEMENTWISE,
    *MATMUL,
    *RECURRENT,
    *CONVOLUTION,
    *TRANSPOSED,
    *APART,
    *RESIZE,
    *REGIONS,
    *SAMPLED,
    *EPILOGUES,
    *POOL,
    *SOFTMAX,
    *NORM,
    *REDUCE,
    *MOVE,
    *TYPED,
    *INDEXED,
    *SCATTER,
    *CODES,
]


def first_halved() -> Iterator[Case]:
    """Of each operator whose halves are computed in float32 the first row, in float16."""
    rows = {row.attrs.op: row for row in reversed(WHOLE)}
    for op, row in rows.items():
        if is_in_float32(definition(op).evaluate) and all(x.dtype != np.float16 for x in row.inputs):
            inputs = tuple(halved(x, "float16") if x.dtype == np.float32 else x for x in row.inputs)
            yield replace(row, inputs=inputs, note=f"{row.note} halves".strip())


CASES = [*WHOLE, *first_halved()]
