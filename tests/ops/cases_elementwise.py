"""Rows for operators that treat each element alone, or each pair of elements."""
from __future__ import annotations

import numpy as np

from lite.ops.activation import Activation
from lite.ops.binary import (
    AddFusion,
    Atan2,
    BitwiseAnd,
    BitwiseOr,
    BitwiseXor,
    DivFusion,
    Equal,
    FloorDiv,
    FloorMod,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    LogicalAnd,
    LogicalOr,
    Maximum,
    Minimum,
    Mod,
    MulFusion,
    NotEqual,
    RealDiv,
    SquaredDifference,
    SubFusion,
)
from lite.ops.cast import Cast
from lite.ops.enums import ActivationType as A
from lite.ops.enums import EltwiseMode
from lite.ops.nary import AddN, Eltwise
from lite.ops.power import ExpFusion, PowFusion
from lite.ops.rectifier import Clip, Elu, LeakyRelu, PReLUFusion
from lite.ops.select import NonZero, Select, Where
from lite.ops.unary import (
    Abs,
    Acos,
    Acosh,
    Asin,
    Asinh,
    Atan,
    Atanh,
    Ceil,
    Cos,
    Cosh,
    Erf,
    Erfc,
    Expm1,
    Floor,
    IsFinite,
    Log,
    Log1p,
    LogicalNot,
    Neg,
    OnesLike,
    Reciprocal,
    Round,
    Rsqrt,
    Sin,
    Sinh,
    Sqrt,
    Square,
    Tan,
    Trunc,
    ZerosLike,
)
from tests.ops.case import Case, case, data, full, normal, positive, randint, scalar, uniform, weights

I32, I64, F16, F64, BOOL = np.int32, np.int64, np.float16, np.float64, np.bool_
NAN, INF = float("nan"), float("inf")

# What each activation makes of these, worked out from its definition in exact numbers.
POINTS = data([-4.0, -1.0, 0.0, 1.0, 7.0])
ACTIVATIONS: list[tuple[Activation, list[float]]] = [
    (Activation(), [-4, -1, 0, 1, 7]),
    (Activation(A.RELU), [0, 0, 0, 1, 7]),
    (Activation(A.SIGMOID), [0.01798620996, 0.26894142137, 0.5, 0.73105857863, 0.99908894881]),
    (Activation(A.RELU6), [0, 0, 0, 1, 6]),
    (Activation(A.ELU, alpha=2.0), [-1.96336872222, -1.26424111766, 0, 1, 7]),
    (Activation(A.LEAKY_RELU, alpha=0.125), [-0.5, -0.125, 0, 1, 7]),
    (Activation(A.ABS), [4, 1, 0, 1, 7]),
    (Activation(A.RELU1), [-1, -1, 0, 1, 1]),
    (Activation(A.SOFTSIGN), [-0.8, -0.5, 0, 0.5, 0.875]),
    (Activation(A.SOFTPLUS), [0.01814992792, 0.31326168752, 0.69314718056, 1.31326168752, 7.00091146645]),
    (Activation(A.TANH), [-0.99932929974, -0.76159415596, 0, 0.76159415596, 0.99999833694]),
    (Activation(A.SELU), [-1.72589863408, -1.11133073779, 0, 1.05070098736, 7.35490691148]),
    (Activation(A.HSWISH), [0, -1 / 3, 0, 2 / 3, 7]),
    (Activation(A.HSIGMOID), [0, 1 / 3, 0.5, 2 / 3, 1]),
    (Activation(A.THRESHOLDRELU, alpha=1.0), [0, 0, 0, 0, 7]),
    (Activation(A.HARD_TANH, min_val=-2.0, max_val=3.0), [-2, -1, 0, 1, 3]),
    (Activation(A.SIGN), [-1, -1, 0, 1, 1]),
    (Activation(A.SWISH), [-0.07194483985, -0.26894142137, 0, 0.73105857863, 6.99362264165]),
    (Activation(A.GELU), [-0.00012668496, -0.15865525393, 0, 0.84134474607, 6.99999999999]),
    (Activation(A.GELU, approximate=True), [-7.02459e-05, -0.15880800939, 0, 0.84119199061, 7]),
    (Activation(A.FAST_GELU), [-0.00441472419, -0.15420423475, 0, 0.84579576525, 6.99995321893]),
]

ACTIVATION_CASES = [
    case(attrs, POINTS, note=f"{attrs.activation_type.name} {'tanh' if attrs.approximate else ''}".strip(), expected=y)
    for attrs, y in ACTIVATIONS
]
ACTIVATION_TAILS = [
    case(attrs, source, note=f"{attrs.activation_type.name}{' tanh' if attrs.approximate else ''} {note}")
    for attrs, _ in ACTIVATIONS
    for note, source in [
        ("odd size", normal(3, 7, 11)),
        ("far out", uniform(-90, 90, 133)),
        ("fp16", normal(2, 37, dtype=F16)),
    ]
]

UNARY: list[Case] = [
    case(Abs(), data([-2.5, 0, 3]), expected=[2.5, 0, 3]),
    case(Abs(), data([-3, 4], I32), note="int32", expected=[3, 4]),
    case(Neg(), data([-2.5, 0, 3]), expected=[2.5, 0, -3]),
    case(Neg(), data([1, 0, 255], np.uint8), note="uint8", expected=[255, 0, 1]),
    case(Log(), data([1, 2, 0, 1e-30]), expected=[0, 0.69314718056, -INF, -69.0775527898]),
    case(Log(), uniform(1e-3, 50, 5, 19), note="many"),
    case(Log1p(), data([0, 1, 1e-6]), expected=[0, 0.69314718056, 9.999995e-7]),
    case(Sqrt(), data([0, 4, 2]), expected=[0, 2, 1.41421356237]),
    case(Rsqrt(), data([4, 0.25]), expected=[0.5, 2]),
    case(Reciprocal(), data([4, -0.5, 0]), expected=[0.25, -2, INF]),
    case(Square(), data([-3, 0.5]), expected=[9, 0.25]),
    case(Square(), data([-3, 5], I32), note="int32", expected=[9, 25]),
    case(Erf(), data([-1, 0, 0.3, 2, 9]), expected=[-0.84270079295, 0, 0.3286267594591, 0.99532226502, 1]),
    case(Erf(), normal(4, 33), note="many"),
    case(Sin(), data([0, 1.5707963267949]), expected=[0, 1]),
    case(Cos(), data([0, 3.1415926535898]), expected=[1, -1]),
    case(Floor(), data([-1.5, 2.0, 2.9]), expected=[-2, 2, 2]),
    case(Ceil(), data([-1.5, 2.0, 2.1]), expected=[-1, 2, 3]),
    case(Round(), data([0.5, 1.5, 2.5, -0.5, -2.6]), note="halves to even", expected=[0, 2, 2, 0, -3]),
    case(IsFinite(), data([1, NAN, INF, -INF]), expected=[True, False, False, False]),
    case(Trunc(), data([-1.5, 2.0, 2.9, INF]), expected=[-1, 2, 2, INF]),
    case(Tan(), data([0, 0.785398163397]), expected=[0, 1]),
    case(Acos(), data([1, -1, 0.5, 1.5]), expected=[0, 3.14159265359, 1.0471975512, NAN]),
    case(Acosh(), data([1, 2, 0.5]), expected=[0, 1.31695789692, NAN]),
    case(Asin(), data([1, -1, 0.5, -1.5]), expected=[1.57079632679, -1.57079632679, 0.523598775598, NAN]),
    case(Asinh(), data([0, 1, -1e-6, 1e30]), expected=[0, 0.88137358702, -1e-6, 69.77070997]),
    case(Atan(), data([0, 1, -INF]), expected=[0, 0.785398163397, -1.57079632679]),
    case(Atanh(), data([0, 0.5, -1, 2]), expected=[0, 0.549306144334, -INF, NAN]),
    case(Cosh(), data([0, 1, -2]), expected=[1, 1.54308063482, 3.76219569108]),
    case(Sinh(), data([0, 1, -1e-6]), expected=[0, 1.17520119364, -1e-6]),
    case(Expm1(), data([0, 1, 1e-6, -INF]), expected=[0, 1.71828182846, 1.0000005e-6, -1]),
    case(Erfc(), data([0, -1, 9, 1]), expected=[1, 1.84270079295, 4.1370318e-37, 0.15729920705]),
    case(Erfc(), data(0.5), note="a number", expected=0.479500122187),
    case(LogicalNot(), data([True, False], BOOL), expected=[False, True]),
    case(ZerosLike(), normal(2, 3), expected=[[0, 0, 0], [0, 0, 0]]),
    case(OnesLike(), data([5, 7], I64), note="int64", expected=[1, 1]),
    case(Sqrt(), uniform(0, 9, 3, 17, dtype=F16), note="fp16"),
    case(Neg(), normal(2, 3, dtype=F64), note="fp64"),
    case(ExpFusion(), data([0, 1, -2]), expected=[1, 2.71828182846, 0.13533528324]),
    case(ExpFusion(), uniform(-80, 80, 257), note="far out"),
    case(ExpFusion(base=2.0, scale=0.5, shift=1.0), data([0, 2, 4]), note="base 2", expected=[2, 4, 8]),
    case(PowFusion(), data([2, 3]), data([3, -1]), expected=[8, 1 / 3]),
    case(PowFusion(scale=2.0, shift=1.0), normal(3, 4), scalar(2.0, np.float32), note="linear inside"),
    case(PowFusion(), uniform(0.1, 4, 3, 5), scalar(0.5, np.float32), note="square root"),
    case(Elu(alpha=2.0), data([-1, 3]), expected=[-1.26424111766, 3]),
    case(LeakyRelu(negative_slope=0.25), data([-2, 3]), expected=[-0.5, 3]),
    case(LeakyRelu(negative_slope=0.2), normal(2, 5, 5, 3), note="image"),
    case(PReLUFusion(), data([[-2, -2, 4]]), weights(3), note="slope a channel"),
    case(PReLUFusion(channel_shared=True), data([[-2, 4]]), scalar(0.5, np.float32), note="shared", expected=[[-1, 4]]),
    case(Clip(min=-1.0, max=2.0), data([-5, 0.5, 9]), expected=[-1, 0.5, 2]),
    case(Clip(), data([-5, 0.5, 9]), scalar(0, np.float32), scalar(1, np.float32), note="inputs", expected=[0, 0.5, 1]),
    case(Cast(), data([1.9, -1.9, 300.0]), scalar(34), note="to int32", expected=[1, -1, 300]),
    case(
        Cast(),
        data([NAN, INF, -INF, 1e15, 3e9, -3e9, 2147483520.0]),
        scalar(34),
        note="to int32, out of range",
        expected=[-(2**31)] * 6 + [2147483520],
    ),
    case(
        Cast(),
        data([NAN, INF, -1e19, 1e15]),
        scalar(35),
        note="to int64, out of range",
        expected=[-(2**63), -(2**63), -(2**63), 999999986991104],
    ),
    case(Cast(), data([NAN, 3e9, -3e9, 70000.0]), scalar(33), note="to int16, low bits", expected=[0, 0, 0, 4464]),
    case(Cast(), data([0.4, 0, -2]), scalar(30), note="to bool", expected=[True, False, True]),
    case(Cast(), data([1, 0], BOOL), scalar(43), note="from bool", expected=[1, 0]),
    case(Cast(), data([300, -1], I32), scalar(32), note="int32 to int8 wraps", expected=[44, -1]),
    case(Cast(), data([1 / 3, 70000.0]), scalar(42), note="to fp16", expected=[0.333251953125, INF]),
    case(Cast(), normal(3, 5, dtype=F16), scalar(43), note="from fp16"),
    case(Cast(), data([2**40, -1], I64), scalar(43, I64), note="int64 to fp32", expected=[2.0**40, -1]),
    case(AddN(), normal(2, 3), normal(2, 3), normal(2, 3), note="three"),
    case(AddN(), data([1, 2], I32), data([3, 4], I32), note="int32", expected=[4, 6]),
    case(Eltwise(mode=EltwiseMode.PROD), data([1, 2]), data([3, 4]), note="product", expected=[3, 8]),
    case(Eltwise(mode=EltwiseMode.SUM), data([1, 2]), data([3, 4]), note="sum", expected=[4, 6]),
    case(Eltwise(mode=EltwiseMode.MAXIMUM), data([1, 9]), data([3, 4]), note="maximum", expected=[3, 9]),
]

X, Y = data([7, -7, 7, -7, 5], I32), data([2, 2, -2, -2, 0], I32)
FX, FY = data([7.5, -7.5, 7.5, -7.5]), data([2, 2, -2, -2])
BINARY: list[Case] = [
    case(AddFusion(), data([[1, 2], [3, 4]]), data([10, 20]), note="row", expected=[[11, 22], [13, 24]]),
    case(AddFusion(A.RELU), data([-3, 1]), data([1, 1]), note="relu", expected=[0, 2]),
    case(AddFusion(A.RELU6), data([-3, 9]), data([1, 1]), note="relu6", expected=[0, 6]),
    case(AddFusion(), normal(1, 7, 7, 13), normal(1, 7, 7, 13), note="residual"),
    case(AddFusion(), normal(4, 1, 6), normal(5, 1), note="both broadcast"),
    case(AddFusion(), normal(2, 3, 5), scalar(0.5, np.float32), note="scalar"),
    case(AddFusion(), normal(0, 3), normal(3), note="empty"),
    case(AddFusion(), normal(3, 37, dtype=F16), normal(37, dtype=F16), note="fp16"),
    case(AddFusion(), data([2**31 - 1], I32), data([1], I32), note="int32 wraps", expected=[-(2**31)]),
    case(SubFusion(), data([1, 2, 3]), data([10, 20, 30]), expected=[-9, -18, -27]),
    case(SubFusion(), normal(1, 5, 5, 4), normal(4), note="channels"),
    case(MulFusion(), data([1, 2, 3]), data([2, 0.5, -1]), expected=[2, 1, -3]),
    case(MulFusion(), normal(2, 5, 5, 6), normal(2, 1, 1, 6), note="squeeze and excite"),
    case(DivFusion(), FX, FY, expected=[3.75, -3.75, -3.75, 3.75]),
    case(DivFusion(), X, Y, note="int32 towards zero", expected=[3, -3, -3, 3, 0]),
    case(DivFusion(), data([1, -1, 0]), data([0, 0, 0]), note="by zero", expected=[INF, -INF, NAN]),
    case(RealDiv(), X, Y, note="int32 towards zero", expected=[3, -3, -3, 3, 0]),
    case(RealDiv(), normal(3, 5), positive(5), note="rows"),
    case(FloorDiv(), X, Y, note="int32", expected=[3, -4, -4, 3, 0]),
    case(FloorDiv(), FX, FY, note="fp32", expected=[3, -4, -4, 3]),
    case(FloorMod(), X, Y, note="int32", expected=[1, 1, -1, -1, 0]),
    case(FloorMod(), FX, FY, note="fp32", expected=[1.5, 0.5, -0.5, -1.5]),
    case(Mod(), X, Y, note="int32", expected=[1, -1, 1, -1, 0]),
    case(Mod(), FX, FY, note="fp32", expected=[1.5, -1.5, 1.5, -1.5]),
    case(Maximum(), data([1, NAN, 3]), data([2, 2, 2]), note="nan wins", expected=[2, NAN, 3]),
    case(Minimum(), data([1, 5, NAN]), data([2, 2, 2]), note="nan wins", expected=[1, 2, NAN]),
    case(Maximum(), randint(-9, 9, 3, 4), randint(-9, 9, 4), note="int32"),
    case(SquaredDifference(), data([1, 5]), data([4, 1]), expected=[9, 16]),
    case(Equal(), data([1, 2, NAN]), data([1, 3, NAN]), expected=[True, False, False]),
    case(NotEqual(), data([1, 2], I32), data([1, 3], I32), note="int32", expected=[False, True]),
    case(Greater(), data([[1], [3]]), data([2, 0]), note="broadcast", expected=[[False, True], [True, True]]),
    case(GreaterEqual(), data([1, 2, 3]), data([2, 2, 2]), expected=[False, True, True]),
    case(Less(), data([1, 2, 3], I64), data([2, 2, 2], I64), note="int64", expected=[True, False, False]),
    case(LessEqual(), data([1, 2, 3]), data([2, 2, 2]), expected=[True, True, False]),
    case(
        Atan2(),
        data([1, 1, -1, 0, -0.0, 1, INF]),
        data([1, -1, -1, -1, -1, 0, -INF]),
        expected=[q * 0.785398163397 for q in (1, 3, -3, 4, -4, 2, 3)],
    ),
    case(BitwiseAnd(), data([12, -1], I32), data([10, 6], I32), note="int32", expected=[8, 6]),
    case(BitwiseOr(), data([12, -2], I64), data([10, 1], I64), note="int64", expected=[14, -1]),
    case(BitwiseXor(), data([12, 255], np.uint8), data([10, 255], np.uint8), note="uint8", expected=[6, 0]),
    case(BitwiseXor(), data([1, 1], BOOL), data([0, 1], BOOL), note="bool", expected=[True, False]),
    case(LogicalAnd(), data([1, 1, 0], BOOL), data([1, 0, 0], BOOL), expected=[True, False, False]),
    case(LogicalOr(), data([1, 1, 0], BOOL), data([1, 0, 0], BOOL), expected=[True, True, False]),
    case(Select(), data([1, 0], BOOL), data([1, 2]), data([3, 4]), expected=[1, 4]),
    case(Select(), data([[1], [0]], BOOL), normal(2, 3), scalar(0, np.float32), note="broadcast"),
    case(Where(), data([1, 0], BOOL), data([1, 2], I32), data([3, 4], I32), note="int32", expected=[1, 4]),
    case(Where(), data([[0, 1], [1, 0]], BOOL), note="indices", expected=[[0, 1], [1, 0]]),
    case(NonZero(), data([[0, 2], [3, 0]]), expected=[[0, 1], [1, 0]]),
    case(NonZero(), full((2, 2), 0), note="none", expected=[[], []]),
]

ELEMENTWISE = ACTIVATION_CASES + ACTIVATION_TAILS + UNARY + BINARY
