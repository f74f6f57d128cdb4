"""Rows of operators on codes: what int8 networks compute."""
from __future__ import annotations

from typing import Any

import numpy as np

from lite.ops.activation import Activation
from lite.ops.binary import AddFusion, MulFusion
from lite.ops.conv2d import Conv2DFusion
from lite.ops.dynamic import DynamicQuant
from lite.ops.enums import ActivationType
from lite.ops.full_connection import FullConnection
from lite.ops.lstm import LSTM
from lite.ops.matmul import MatMulFusion
from lite.ops.pool import AvgPoolFusion, MaxPoolFusion
from lite.ops.quantized import Affine, QuantDTypeCast, Quantized
from lite.ops.recurrent import GRULayer, RNNLayer
from lite.ops.reshape import Reshape
from lite.ops.softmax import Softmax
from lite.types import DType
from tests.ops.case import Case, Source, case, const, data, normal
from tests.ops.case import weights as real_weights

X, Y = Affine((0.05,), (3,)), Affine((0.1,), (-7,))
SEVEN = Affine((0.1,), (5,), bits=7)


def codes(*shape: int, bits: int = 8) -> Source:
    """Random codes."""
    low = -(1 << (bits - 1))
    return Source(lambda seed: np.random.default_rng(seed).integers(low, -low, shape).astype(np.int8))


def weights(*shape: int) -> Source:
    """Random constant codes."""
    return Source(codes(*shape).make, constant=True)


def biases(n: int) -> Source:
    """Random constant biases."""
    return Source(lambda seed: np.random.default_rng(seed).integers(-999, 999, n).astype(np.int32), constant=True)


def each(n: int, axis: int = 0) -> Affine:
    """Weights with a scale for each of n channels."""
    return Affine(tuple(0.01 * (i + 1) for i in range(n)), axis=axis)


def q(inner: Any, *inputs: Affine | None, y: Affine | None = Y) -> Quantized:
    """A quantized operator of one output."""
    return Quantized(inner, inputs, (y,))


def by_row(inner: Any, stored: Affine, *, bias: bool = False) -> Quantized:
    """A product whose rows become codes while it runs."""
    return Quantized(inner, (None, stored, None)[: 2 + bias], (None,))


_RELU, _RELU6 = ActivationType.RELU, ActivationType.RELU6
_BIAS = Affine((1.0,), bits=32)
_CONV: dict[str, Any] = {"stride": (1, 1), "dilation": (1, 1), "group": 1, "pad_list": (1, 1, 1, 1)}
_POOL: dict[str, Any] = {"kernel_size": (2, 2), "strides": (2, 2), "pad": (0, 1, 0, 1)}
_POINT: dict[str, Any] = {"kernel_size": (1, 1), "stride": (1, 1), "dilation": (1, 1), "group": 1}
_ROWS = DynamicQuant(activation_channel=True)
_TO, _FROM = (DType.FLOAT32, DType.INT8), (DType.INT8, DType.FLOAT32)

QUANTIZED: list[Case] = [
    case(QuantDTypeCast(*_TO), data([0.5, 1.5, -2.5, 300, np.nan]), note="scale 1", expected=[0, 2, -2, 127, 0]),
    case(QuantDTypeCast(*_FROM), data([-3, 4], np.int8), note="from scale 1", expected=[-3.0, 4.0]),
    case(q(QuantDTypeCast(*_TO), None), normal(3, 4), note="quantized to codes"),
    case(q(QuantDTypeCast(*_TO), None, y=SEVEN), data([100, -100, 0]), note="7 bits", expected=[63, -64, 5]),
    case(q(QuantDTypeCast(*_FROM), X, y=None), data([3, 5, -17], np.int8), note="of codes", expected=[0.0, 0.1, -1.0]),
    case(
        q(Conv2DFusion(**_CONV), X, each(4), _BIAS), codes(1, 5, 4, 3), weights(4, 3, 3, 3), biases(4),
        note="quantized",
    ),
    case(
        q(Conv2DFusion(**{**_CONV, "group": 3}, activation_type=_RELU), X, each(3)),
        *(codes(2, 4, 4, 3), weights(3, 3, 3, 1)), note="quantized depthwise",
    ),
    case(
        q(FullConnection(has_bias=True, activation_type=_RELU6), X, Affine((0.02,)), _BIAS, y=Affine((0.1,), (-60,))),
        *(data([[3, 13, -7]], np.int8), const([[10, 0, 0], [0, 50, 50]], np.int8), const([100, 50_000], np.int32)),
        note="quantized", expected=[[-59, 0]],
    ),
    case(q(MatMulFusion(), X, each(5, axis=1)), codes(2, 3, 4), weights(4, 5), note="quantized"),
    case(
        q(AddFusion(), X, Y), data([3, 23, 127], np.int8), data([-7, 3, 127], np.int8), note="quantized",
        expected=[-7, 13, 127],
    ),
    case(q(AddFusion(activation_type=_RELU), X, Y), codes(2, 3), codes(2, 3), note="quantized with RELU"),
    case(q(MulFusion(), X, Y), codes(2, 3), codes(3), note="quantized"),
    case(q(AvgPoolFusion(**_POOL), X), codes(1, 5, 3, 4), note="quantized"),
    case(q(MaxPoolFusion(**_POOL), X, y=X), codes(1, 5, 3, 4), note="quantized"),
    case(q(MaxPoolFusion(**_POOL), X), codes(1, 5, 3, 4), note="stored in another way"),
    case(q(Reshape(), X, None, y=X), codes(2, 6), const([3, 4], np.int32), note="quantized"),
    case(q(Activation(ActivationType.SIGMOID), X, y=Affine((1 / 256,), (-128,))), codes(7), note="quantized"),
    case(q(Softmax(axis=(1,)), X, y=Affine((1 / 256,), (-128,))), codes(3, 7), note="quantized"),
    case(_ROWS, data([[0, 1, 255], [-255, 0, 0], [0, 0, 0]]), note="rows",
         expected=[[-128, -127, 127], [-128, 127, 127], [-128, -128, -128]]),
    case(DynamicQuant(), data([[0, 1], [-1, 254]]), note="one range", expected=[[-127, -126], [-128, 127]]),
    case(DynamicQuant(symmetric=True), data([-127.5, 63, 2, 0.5]), note="symmetric", expected=[-128, 63, 2, 0]),
    case(_ROWS, normal(2, 3, 40), note="of rank 3"),
    case(
        by_row(MatMulFusion(), Affine((0.5, 2.0), axis=1)), data([[0, 51, 255], [-255, 0, -1]]),
        const([[2, -1], [10, 0], [0, 3]], np.int8), note="by row", expected=[[255, 1530], [-255, 504]],
    ),
    case(
        by_row(MatMulFusion(transpose_b=True), each(5), bias=True), normal(2, 3, 4), weights(5, 4), real_weights(5),
        note="by row with bias",
    ),
    case(
        by_row(FullConnection(has_bias=True, activation_type=_RELU), Affine((1.0,)), bias=True),
        *(data([0, 255, np.nan, 1, 0, 0]), const([[1, 1]], np.int8), const([-5])), note="by row",
        expected=[[250], [np.nan], [0]],
    ),
    case(by_row(FullConnection(use_axis=True, axis=1), each(3)), normal(2, 3, 4), weights(3, 12), note="by row, axis"),
    case(
        Quantized(LSTM(input_size=3, hidden_size=2), (None,) * 4, (None,) * 3), normal(3, 2, 3), normal(1, 2, 2),
        normal(1, 2, 2), real_weights(40), note="by row",
    ),
    case(
        Quantized(RNNLayer(ActivationType.RELU), (None,) * 6, (None,) * 2), data([[[255, 0, 51]]]), data([[-51, 0]]),
        const([[127, 0, 0], [0, 0, 1]]), const([[1, 0], [127, 2]]), const([1, 0]), const([0, 10_000]), note="by row",
        expected=([[[32335, 3574]]], [[32335, 3574]]),
    ),
    case(
        Quantized(GRULayer(), (None,) * 6, (None,) * 2), normal(3, 2, 4), normal(2, 5), real_weights(15, 4),
        real_weights(15, 5), real_weights(15), real_weights(15), note="by row",
    ),
    case(by_row(Conv2DFusion(**_POINT), each(6)), normal(2, 3, 5, 4), weights(6, 1, 1, 4), note="by row"),
]  # fmt: skip
