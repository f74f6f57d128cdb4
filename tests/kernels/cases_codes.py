"""Rows of operators on codes."""
from __future__ import annotations

from typing import Any

import numpy as np

from lite import ops
from lite.delegates.base import Epilogue
from lite.ops.activation import Activation
from lite.ops.binary import AddFusion, MulFusion
from lite.ops.conv2d import Conv2DFusion
from lite.ops.conv2d_transpose import Conv2dTransposeFusion
from lite.ops.enums import ActivationType, PadMode
from lite.ops.full_connection import FullConnection
from lite.ops.matmul import MatMulFusion
from lite.ops.pool import AvgPoolFusion, MaxPoolFusion
from lite.ops.quantized import Affine, QuantDTypeCast, Quantized
from lite.ops.rectifier import LeakyRelu
from lite.ops.registry import Attributes
from lite.types import Array, DType, TensorSpec
from tests.kernels.case import Case, case, ending, holed, normal, special

X, Y = Affine((0.05,), (3,)), Affine((0.9,), (-7,))
SEVEN = Affine((0.1,), (-5,), bits=7)
_BIAS = Affine((1.0,), bits=32)
_NONE, _RELU, _RELU6 = ActivationType.NO_ACTIVATION, ActivationType.RELU, ActivationType.RELU6


def codes(*shape: int) -> Array:
    """Codes, the largest and the least among them."""
    return np.random.default_rng(shape).integers(-128, 128, shape).astype(np.int8)


def weights(outputs: int, axis: int) -> Affine:
    """Weights with a scale for each output."""
    return Affine(tuple(0.01 + 0.001 * i for i in range(outputs)), axis=axis)


def conv8(
    x: tuple[int, ...],
    outputs: int,
    kernel: tuple[int, int],
    *,
    stride: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
    pads: tuple[int, int, int, int] = (0, 0, 0, 0),
    group: int = 1,
    activation: ActivationType = ActivationType.NO_ACTIVATION,
    bias: bool = True,
    x_codes: Affine = X,
    y: Affine = Y,
    tame: int = 1,
    note: str = "",
) -> Case:
    """A convolution of codes, with weights so many times smaller than they could be."""
    inner = Conv2DFusion(
        kernel_size=kernel, stride=stride, dilation=dilation, pad_mode=PadMode.PAD, pad_list=pads, group=group,
        activation_type=activation,
    )  # fmt: skip
    w = codes(outputs, *kernel, x[3] // group) // tame
    inputs = [codes(*x) >> (8 - x_codes.bits), w, _biases(outputs)][: 3 if bias else 2]
    attrs = Quantized(inner, (x_codes, weights(outputs, 0), _BIAS)[: len(inputs)], (y,))
    return case(attrs, *inputs, constants=(1, 2), note=note)


def up8(
    x: tuple[int, ...],
    outputs: int,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    *,
    dilation: tuple[int, int] = (1, 1),
    pads: tuple[int, int, int, int] = (0, 0, 0, 0),
    more: tuple[int, int] = (0, 0),
    activation: ActivationType = ActivationType.NO_ACTIVATION,
    bias: bool = True,
    x_codes: Affine = X,
    note: str = "",
) -> Case:
    """A transposed convolution of codes. more: rows and columns added at the end."""
    inner = Conv2dTransposeFusion(
        kernel_size=kernel, stride=stride, dilation=dilation, pad_list=pads, group=1, activation_type=activation,
        output_paddings=more,
    )  # fmt: skip
    inputs = [codes(*x) >> (8 - x_codes.bits), codes(x[3], *kernel, outputs), _biases(outputs)][: 3 if bias else 2]
    attrs = Quantized(inner, (x_codes, weights(outputs, 3), _BIAS)[: len(inputs)], (Y,))
    return case(attrs, *inputs, constants=(1, 2), note=f"by {stride[0]} {note}".strip())


def _biases(n: int) -> Array:
    return np.random.default_rng(n).integers(-5000, 5000, n).astype(np.int32)


def dense(rows: int, depth: int, columns: int, *, transpose: bool = False) -> Case:
    """A matrix product with constant codes."""
    w = codes(columns, depth) if transpose else codes(depth, columns)
    axis = 0 if transpose else 1
    attrs = Quantized(MatMulFusion(transpose_b=transpose), (X, weights(columns, axis)), (Y,))
    return case(attrs, codes(rows, depth), w, constants=(1,), note="transposed" if transpose else "")


def by_row(
    x: tuple[int, ...], columns: int, *, inner: Attributes | None = None, bias: bool = False, note: str = ""
) -> Case:
    """A product whose rows become codes while it runs."""
    own = inner or MatMulFusion(transpose_b=True)
    swapped = isinstance(own, MatMulFusion) and not own.transpose_b
    shape = (x[-1], columns) if swapped else (columns, 1, 1, x[-1]) if len(x) == 4 else (columns, x[-1])
    attrs = Quantized(own, (None, weights(columns, 1 if swapped else 0), None)[: 2 + bias], (None,))
    inputs = (3 * normal(*x), codes(*shape), normal(columns))[: 2 + bias]
    return case(attrs, *inputs, constants=(1, 2), note=f"by row {note}".strip())


def odd_rows() -> Case:
    """Rows of zeros, of one sign, of numbers that are tiny, huge or not finite."""
    row = by_row((13, 67), 35, note="odd rows")
    x = row.inputs[0].copy()
    x[1], x[2], x[3] = 0, np.abs(x[2]), -np.abs(x[3])
    x[4] *= 1e-35
    x[5] *= 1e30
    x[6, 66], x[7, 3], x[8, 1] = np.nan, np.inf, -np.inf
    x[9] = special(67)
    return Case(row.attrs, (x, *row.inputs[1:]), row.constants, row.note)


def q(inner: Attributes, *inputs: Affine | None, y: Affine | None = Y) -> Quantized:
    """An operator of one output on codes."""
    return Quantized(inner, inputs, (y,))


_PIXEL = Conv2DFusion(kernel_size=(1, 1), stride=(1, 1), dilation=(1, 1), group=1)
_ROWS = [
    *(by_row(x, 35) for x in ((1, 1), (1, 7), (2, 64), (12, 130), (13, 33), (100, 16), (197, 65))),
    *(by_row((5, 24), n, bias=True) for n in (1, 15, 16, 17, 32, 33, 48, 67)),
    by_row((1, 4096), 40, bias=True),
    by_row((2, 3, 40), 21, inner=MatMulFusion(), note="columns last"),
    by_row((6, 40), 21, inner=FullConnection(activation_type=_RELU6), bias=True),
    by_row((2, 5, 7, 24), 21, inner=_PIXEL, bias=True, note="pixels"),
    *(ending(by_row((30, 40), n, bias=True)) for n in (9, 32)),
    ending(by_row((30, 40), 70), Activation(_RELU)),
    ending(by_row((30, 40), 70, bias=True), Activation(ActivationType.GELU), adds=False),
    by_row((300, 512), 520, bias=True, note="several units"),
    holed(by_row((9, 40), 21)),
    odd_rows(),
]  # fmt: skip
_SIZES = (1, 15, 16, 17, 63, 64, 65, 40_000)
_POOL: dict[str, Any] = {"kernel_size": (3, 3), "strides": (2, 2), "pad": (1, 1, 1, 0)}
_TO, _FROM = QuantDTypeCast(DType.FLOAT32, DType.INT8), QuantDTypeCast(DType.INT8, DType.FLOAT32)
_CASTS = [
    *(case(q(_TO, None, y=X), special(n), note="to codes") for n in _SIZES[3:]),
    case(q(_TO, None, y=Affine((0.1,), (5,), bits=7)), special(), note="to 7 bits"),
    *(case(q(_FROM, X, y=None), codes(n), note="from codes") for n in _SIZES),
]
_ELEMENTS = [
    *(case(q(AddFusion(), X, Y), codes(n), codes(1, n)) for n in _SIZES),
    case(q(AddFusion(activation_type=_RELU), X, Y), codes(3, 1, 20), codes(4, 1), note="broadcasts"),
    case(q(AddFusion(), X, Y), codes(3, 20), codes(20), constants=(1,), note="constant"),
    *(case(q(MulFusion(), X, Affine((0.1,), (9,)), y=Affine((0.01,), (1,))), codes(n), codes(1, n)) for n in _SIZES),
    case(q(MulFusion(activation_type=_RELU6), X, Y), codes(2, 5, 5, 33), codes(2, 1, 1, 33), note="each channel"),
    *(case(q(Activation(kind), X, y=Affine((1 / 128,), (0,))), codes(300), note=kind.name.lower())
      for kind in (ActivationType.SIGMOID, ActivationType.TANH, ActivationType.GELU, ActivationType.HSWISH)),
    *(case(q(LeakyRelu(0.1), X), codes(n), note="by table") for n in (1, 33, 64, 127, 4099, 40_000)),
]
_POOLS = [
    *(case(q(MaxPoolFusion(**_POOL), X, y=X), codes(2, 7, 6, c)) for c in (1, 16, 37)),
    *(case(q(AvgPoolFusion(**_POOL), X), codes(2, 7, 6, c)) for c in (1, 16, 37)),
    case(q(AvgPoolFusion(**_POOL, activation_type=_RELU), X), codes(1, 9, 9, 20), note="relu"),
    case(q(AvgPoolFusion(global_=True), X), codes(2, 7, 7, 65), note="all"),
    case(q(AvgPoolFusion(global_=True), X), codes(1, 15, 17, 40), note="all of 255"),
    case(q(AvgPoolFusion(global_=True), X), codes(1, 16, 16, 40), note="all of 256"),
    *(
        case(q(AvgPoolFusion(kernel_size=(k, k), strides=(1, 1), pad=(1, 1, 1, 1)), X), codes(1, 8, 9, c), note=f"{k}")
        for k in (2, 3, 5) for c in (31, 32, 33, 64, 100)
    ),
]

def adding8(row: Case, activation: ActivationType = ActivationType.NO_ACTIVATION) -> Case:
    """The row with the addition of other codes merged into it."""
    (y,) = ops.infer(row.attrs, tuple(TensorSpec.of(x) for x in row.inputs))
    addition = q(AddFusion(activation_type=activation), Y, X, y=Affine((1.1,), (-20,)))
    epilogue = Epilogue(len(row.inputs), codes=addition)
    return Case(row.attrs, (*row.inputs, codes(*y.shape)), row.constants, f"{row.note} adds", epilogue)


_UP = [
    *(up8((2, 5, 7, c), n, (2, 2), (2, 2), note="apart") for c, n in ((1, 1), (3, 1), (16, 8), (33, 17), (40, 48))),
    *(up8((1, 5, 6, 9), 7, (k, k), (2, 2), pads=(1, 1, 1, 1), more=(k % 2,) * 2) for k in (3, 4, 5, 6, 7)),
    up8((2, 6, 5, 8), 20, (8, 8), (4, 4), pads=(2, 2, 2, 2), activation=_RELU, note="shared in pairs"),
    up8((1, 6, 5, 8), 20, (3, 2), (2, 3), pads=(1, 0, 0, 1), bias=False, note="odd"),
    up8((1, 6, 5, 8), 20, (2, 3), (3, 5), more=(2, 1), activation=_RELU6, note="gaps"),
    up8((1, 6, 5, 8), 6, (3, 3), (2, 3), dilation=(2, 2), pads=(1, 1, 2, 0), note="dilated"),
    up8((1, 6, 5, 8), 6, (3, 2), (4, 6), dilation=(6, 3), note="dilated with gaps"),
    up8((1, 9, 8, 24), 20, (3, 3), (1, 1), pads=(1, 1, 1, 1), note="none between"),
    up8((1, 9, 12, 24), 20, (3, 3), (1, 1), pads=(4, 3, 4, 5), note="cut at all ends"),
    up8((1, 30, 30, 32), 64, (3, 3), (1, 1), pads=(1, 1, 1, 1), note="large"),
    up8((1, 9, 8, 4), 5, (3, 3), (2, 2), pads=(6, 4, 5, 5), note="cut at all ends"),
    up8((1, 1, 1, 40), 20, (3, 3), (2, 2), pads=(1, 1, 1, 1), note="one pixel"),
    up8((1, 1, 1, 40), 20, (1, 1), (3, 3), note="one pixel"),
    up8((1, 6, 5, 12), 9, (4, 4), (2, 2), pads=(1, 1, 1, 1), x_codes=SEVEN, note="7 bits"),
    up8((1, 40, 40, 32), 16, (2, 2), (2, 2), note="several units"),
]

CODES = [
    *_UP,
    *_CASTS,
    *_ELEMENTS,
    *_POOLS,
    *_ROWS,
    *(conv8((1, 9, 7, c), 5, (3, 3), pads=(1, 1, 1, 1), note="3x3") for c in (1, 3, 4, 8, 17)),
    *(conv8((1, 6, 5, 8), n, (1, 1), note="pixels") for n in (1, 15, 16, 17, 32, 33, 48, 67)),
    *(conv8((1, h, 1, 4), 20, (1, 1), note="rows") for h in (1, 5, 11, 12, 13, 25, 97)),
    *(conv8((1, 9, 100, c), 9, (1, 1), stride=(2, 3), note="some pixels") for c in (3, 8)),
    conv8((2, 40, 21, 3), 40, (7, 7), stride=(2, 2), pads=(3, 2, 3, 3), note="an image"),
    conv8((1, 9, 230, 5), 18, (3, 5), stride=(1, 2), pads=(1, 1, 2, 2), note="parts of rows"),
    conv8((1, 30, 8, 5), 18, (5, 1), stride=(3, 2), pads=(2, 2, 0, 0), dilation=(2, 1), note="columns"),
    conv8((1, 8, 30, 5), 18, (1, 5), stride=(3, 2), pads=(2, 0, 2, 2), dilation=(1, 3), note="rows, dilated"),
    conv8((1, 12, 12, 6), 18, (3, 3), pads=(5, 5, 5, 5), dilation=(5, 5), group=2, note="dilated"),
    conv8((2, 8, 9, 6), 7, (3, 2), stride=(2, 1), pads=(1, 0, 2, 1), dilation=(1, 2), note="odd", bias=False),
    *(conv8((2, 6, 9, c), c, (3, 3), pads=(1, 1, 1, 1), group=c, note="depthwise") for c in (2, 16, 33, 64, 65, 130)),
    *(
        conv8((1, 11, h, 40), 40, (k, k), stride=(s, s), pads=(k // 2,) * 4, group=40, note=f"depthwise by {s}")
        for k in (3, 5) for s in (1, 2, 3) for h in (7, 10)
    ),
    conv8((1, 12, 9, 70), 70, (2, 7), dilation=(2, 1), pads=(0, 1, 3, 3), group=70, activation=_RELU, note="depthwise"),
    conv8((1, 9, 9, 20), 20, (7, 7), pads=(3, 3, 3, 3), group=20, bias=False, note="depthwise"),
    conv8((1, 1, 1, 80), 80, (3, 3), pads=(1, 1, 1, 1), group=80, note="one pixel depthwise"),
    conv8((1, 5, 5, 12), 6, (3, 3), group=3, pads=(1, 1, 1, 1), activation=_RELU, note="groups"),
    conv8((1, 5, 5, 64), 8, (5, 5), pads=(2, 2, 2, 2), activation=_RELU6, y=Affine((0.05,), (-100,)), note="relu6"),
    conv8((1, 4, 4, 8), 8, (3, 3), pads=(3, 3, 3, 3), note="mostly padding"),
    conv8((1, 30, 30, 32), 64, (3, 3), pads=(1, 1, 1, 1), note="several units"),
    conv8((1, 3, 3, 16), 16, (1, 1), y=Affine((1e-4,), (0,)), note="saturates"),
    *(
        conv8((1, 6, 5, c), n, (1, 1), x_codes=SEVEN, tame=tame, note=f"7 bits, a {tame}th")
        for tame in (1, 3, 8) for c, n in ((1, 1), (4, 8), (11, 17), (64, 40), (130, 16))
    ),
    *(conv8((1, h, 1, 9), 20, (1, 1), x_codes=SEVEN, tame=3, note="7 bits, rows") for h in (1, 11, 12, 13, 25, 97)),
    conv8((2, 40, 21, 3), 40, (7, 7), stride=(2, 2), pads=(3, 2, 3, 3), x_codes=SEVEN, note="7 bits, an image"),
    conv8((1, 9, 230, 5), 18, (3, 5), stride=(1, 2), pads=(1, 1, 2, 2), x_codes=SEVEN, tame=3, note="7 bits, parts"),
    conv8((1, 12, 12, 6), 18, (3, 3), pads=(5,) * 4, dilation=(5, 5), group=2, x_codes=SEVEN, note="7 bits, dilated"),
    conv8((1, 9, 100, 8), 9, (1, 1), stride=(2, 3), x_codes=SEVEN, activation=_RELU, note="7 bits, some pixels"),
    conv8((1, 7, 7, 40), 40, (3, 3), pads=(1,) * 4, group=40, x_codes=SEVEN, note="7 bits, depthwise"),
    conv8((1, 7, 7, 40), 40, (3, 3), pads=(1,) * 4, x_codes=SEVEN, note="7 bits, 3x3"),
    adding8(conv8((1, 7, 5, 24), 21, (1, 1), x_codes=SEVEN, tame=3), _RELU),
    *(adding8(conv8((1, 7, 5, 8), n, (3, 3), pads=(1, 1, 1, 1)), a) for n in (5, 16, 40) for a in (_NONE, _RELU)),
    adding8(dense(9, 12, 21)),
    *(dense(1, 40, columns) for columns in (1, 16, 33, 48, 63, 64, 65, 130, 300)),
    *(dense(rows, depth, 19) for rows, depth in ((1, 1), (1, 7), (3, 64), (14, 130))),
    dense(5, 33, 21, transpose=True),
    case(
        Quantized(FullConnection(has_bias=True, activation_type=_RELU), (X, weights(10, 0), _BIAS), (Y,)),
        codes(3, 5, 8), codes(10, 40), _biases(10), constants=(1, 2),
    ),
]  # fmt: skip
