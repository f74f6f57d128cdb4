"""Rows for functions of each float32, or of each pair of them."""
from __future__ import annotations

from lite.ops.activation import Activation
from lite.ops.binary import (
    AddFusion,
    Atan2,
    DivFusion,
    Maximum,
    Minimum,
    MulFusion,
    RealDiv,
    SquaredDifference,
    SubFusion,
)
from lite.ops.enums import ActivationType
from lite.ops.nary import AddN, Eltwise, EltwiseMode
from lite.ops.power import ExpFusion
from lite.ops.rectifier import Clip, Elu, LeakyRelu, PReLUFusion
from lite.ops.unary import (
    Abs,
    Acos,
    Acosh,
    Asin,
    Asinh,
    Atan,
    Atanh,
    Ceil,
    Cosh,
    Erf,
    Expm1,
    Floor,
    Log,
    Log1p,
    Neg,
    Reciprocal,
    Round,
    Rsqrt,
    Sinh,
    Sqrt,
    Square,
    Trunc,
)
from tests.kernels.case import case, every_pair, normal, special

RELU, RELU6 = ActivationType.RELU, ActivationType.RELU6
_A = ActivationType

ELEMENTWISE = [
    *(
        case(Activation(activation_type=kind, alpha=0.3, min_val=-0.7, max_val=0.9), special(), note=kind.name.lower())
        for kind in ActivationType
        if kind not in (_A.LINEAR, _A.UNKNOWN)
    ),
    case(Activation(activation_type=_A.GELU, approximate=True), special(), note="gelu by tanh"),
    *(case(Activation(activation_type=_A.RELU), normal(n)) for n in (1, 3, 4, 7, 8, 15, 16, 17, 31, 33)),
    case(Activation(activation_type=_A.RELU), normal(), note="a number"),
    case(Activation(activation_type=_A.RELU), normal(2, 0, 3), note="empty"),
    case(Activation(activation_type=_A.TANH), normal(3, 33001), note="several units"),
    *(
        case(attrs, special(), special()[::-1].copy())
        for attrs in (
            AddFusion(),
            SubFusion(),
            MulFusion(),
            DivFusion(),
            RealDiv(),
            Maximum(),
            Minimum(),
            SquaredDifference(),
        )
    ),
    *(
        case(attrs, special())
        for attrs in (
            Abs(),
            Acos(),
            Acosh(),
            Asin(),
            Asinh(),
            Atan(),
            Atanh(),
            Ceil(),
            Cosh(),
            Erf(),
            Expm1(),
            Floor(),
            Log(),
            Log1p(),
            Neg(),
            Reciprocal(),
            Round(),
            Rsqrt(),
            Sinh(),
            Sqrt(),
            Square(),
            Trunc(),
        )
    ),
    case(Atan2(), *every_pair(special(24)), note="special"),
    case(Elu(alpha=0.5), special()),
    case(LeakyRelu(negative_slope=0.2), special()),
    case(Clip(min=-1.0, max=2.0), special()),
    case(ExpFusion(), special()),
    case(ExpFusion(base=2.0, scale=-0.5, shift=1.0), normal(35)),
    case(PReLUFusion(), normal(2, 3, 19), normal(19)),
    case(PReLUFusion(channel_shared=True), normal(2, 3, 19), normal(1)),
    case(AddN(), normal(2, 9), 2 * normal(2, 9), 3 * normal(2, 9)),
    case(AddN(), normal(2, 9)),
    *(case(Eltwise(mode=mode), normal(19), 2 * normal(19)) for mode in EltwiseMode if mode != EltwiseMode.UNKNOWN),
    case(AddFusion(activation_type=RELU), special(), special()[::-1].copy(), note="relu"),
    case(SubFusion(activation_type=RELU6), special(), normal(1), note="relu6"),
    case(SubFusion(), normal(2, 3, 5), normal(5), note="last axis"),
    case(SubFusion(), normal(5), normal(2, 3, 5), note="last axis, the other way"),
    case(DivFusion(), normal(), normal(7, 3), note="a number"),
    case(DivFusion(), normal(4, 1, 9), normal(1, 6, 1), note="outer"),
    case(MulFusion(), normal(2, 9, 7, 19), normal(2, 1, 1, 19), note="a channel of an image"),
    case(MulFusion(), normal(2, 9, 7, 19), normal(2, 9, 7, 1), note="a pixel"),
    case(MulFusion(), normal(2, 1, 3, 1, 2, 1, 5), normal(1, 4, 1, 2, 1, 3, 5), note="rank 7"),
    case(AddFusion(), normal(0, 3), normal(1, 3), note="empty"),
    case(AddFusion(), normal(300, 401), normal(300, 401), note="several units"),
    case(AddFusion(), normal(300, 401), normal(300, 1), note="several units of rows"),
    case(AddFusion(), normal(1, 1), normal(1), note="one element"),
]
