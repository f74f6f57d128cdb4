"""Rows for kernels of any type: comparisons, logic, integer arithmetic, choices, and results known beforehand."""
from __future__ import annotations

import numpy as np

from lite.kernels.codes import TYPES
from lite.ops.binary import (
    AddFusion,
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
from lite.ops.fill import ConstantOfShape, Fill, FillV2, LinSpace, Range
from lite.ops.select import Select, Where
from lite.ops.triangle import Tril, Triu
from lite.ops.unary import Abs, Cos, IsFinite, LogicalNot, Neg, OnesLike, Sin, Square, Tan, ZerosLike
from lite.types import Array, DType
from tests.kernels.case import case, every_pair, ints, normal, of_type, special

_INTEGERS = [name for name in TYPES if "int" in name]
_WIDTHS = ("float32", "int64", "float16", "bool")  # 4, 8, 2 and 1 bytes
_COMPARISONS = (Equal(), NotEqual(), Greater(), GreaterEqual(), Less(), LessEqual())
_ARITHMETIC = (AddFusion(), SubFusion(), MulFusion(), Maximum(), Minimum(), SquaredDifference(), RealDiv(), DivFusion())
_DIVISIONS = (FloorDiv(), FloorMod(), Mod())
_BITWISE = (BitwiseAnd(), BitwiseOr(), BitwiseXor())


def extremes(dtype: str) -> tuple[Array, Array]:
    """Every pair of the least, the largest, small and ordinary integers of a type."""
    limits = np.iinfo(dtype)
    values = {limits.min, limits.min + 1, limits.max, limits.max - 1, 0, 1, 2, 3, 7, 100}
    values |= {-1, -2, -3, -7, -100} if limits.min < 0 else set()
    return every_pair(np.array(sorted(values), dtype))


def special_pairs() -> tuple[Array, Array]:
    """Every pair of special numbers."""
    return every_pair(special(20))


def halved(x: Array, dtype: str) -> Array:
    """x in a floating-point type, which may be too small for it."""
    with np.errstate(over="ignore"):
        return x.astype(dtype)


def booleans(*shape: int) -> Array:
    """About half of them true."""
    return normal(*shape) > 0


HALVES = np.arange(0x7C00, dtype=np.uint16).view(np.float16).astype(np.float32)  # every finite one >= 0
MIDDLES = (HALVES[:-1] + HALVES[1:]) / 2  # exact in float32
BITS = np.arange(0x10000, dtype=np.uint16).view(np.float16)
ANGLES = np.concatenate([special(), np.linspace(-40, 40, 1001), 1.7 ** np.arange(160.0)]).astype(np.float32)

TYPED = [
    *(
        case(attrs, *extremes(dtype), note=dtype)
        for attrs in (*_COMPARISONS, *_ARITHMETIC, *_DIVISIONS, *_BITWISE)
        for dtype in _INTEGERS
    ),
    *(
        case(attrs, extremes(dtype)[0], note=dtype)
        for attrs in (Abs(), Neg(), Square(), IsFinite())
        for dtype in _INTEGERS
    ),
    *(
        case(attrs, *(halved(x, dtype) for x in special_pairs()), note=f"special {dtype}")
        for attrs in _COMPARISONS
        for dtype in ("float16", "float32", "float64")
    ),
    *(
        case(attrs, *(halved(x, dtype) for x in special_pairs()), note=f"special {dtype}")
        for attrs in _ARITHMETIC
        for dtype in ("float16", "float64")
        if (attrs, dtype) != (SquaredDifference(), "float16")
    ),
    *(
        case(attrs, *(x.astype(dtype) for x in (100 * normal(700), normal(700))), note=dtype)
        for attrs in _DIVISIONS
        for dtype in ("float16", "float32")
    ),
    *(
        case(attrs, scale * of_type("int64", 700), of_type("int64", 3, 700), note=f"times {scale}")
        for attrs in (*_DIVISIONS, DivFusion())
        for scale in (1, 10**12, 10**17)
    ),
    *(case(attrs, *special_pairs(), note="special") for attrs in _DIVISIONS),
    *(
        case(attrs, halved(special(), dtype), note=f"special {dtype}")
        for attrs in (Abs(), Neg(), Square())
        for dtype in ("float16", "float64")
    ),
    *(case(IsFinite(), halved(special(), dtype), note=dtype) for dtype in ("float16", "float32", "float64")),
    case(Cast(), BITS, ints(DType.FLOAT32), constants=(1,), note="every float16"),
    *(
        case(Cast(), sign * x, ints(DType.FLOAT16), constants=(1,), note="to the even of two float16")
        for sign in (1, -1)
        for x in (MIDDLES, np.nextafter(MIDDLES, np.float32(0)), np.nextafter(MIDDLES, np.float32(np.inf)))
    ),
    *(
        case(Cast(), x, ints(DType.FLOAT16), constants=(1,), note="almost the middle of two float16")
        for x in (np.nextafter(MIDDLES.astype(np.float64), side) for side in (-np.inf, np.inf))
    ),
    *(case(attrs, ANGLES, note="angles") for attrs in (Sin(), Cos())),
    case(Tan(), ANGLES[np.abs(ANGLES) < 1e6], note="angles"),
    *(case(attrs, booleans(3, 1), booleans(1, 300), note="logic") for attrs in (LogicalAnd(), LogicalOr(), Equal())),
    *(case(attrs, booleans(3, 1), booleans(1, 300), note="bool") for attrs in _BITWISE),
    case(LogicalNot(), booleans(2, 333)),
    case(AddFusion(), of_type("int32", 2, 9, 7, 19), of_type("int32", 2, 1, 1, 19), note="a channel of an image"),
    case(SubFusion(), of_type("int64", 2, 9, 7, 1), of_type("int64", 2, 9, 7, 19), note="a pixel"),
    case(Less(), normal(2, 1, 3, 1, 2, 1, 5), normal(1, 4, 1, 2, 1, 3, 5), note="rank 7"),
    case(Greater(), normal(), normal(7, 3), note="a number"),
    case(Equal(), np.int64(4), np.int64(4), note="two numbers"),
    case(MulFusion(), of_type("int32", 300, 401), of_type("int32", 300, 401), note="several units"),
    case(Less(), normal(300, 401), normal(300, 1), note="several units of rows"),
    case(Less(), normal(0, 3), normal(1, 3), note="empty"),
    *(
        case(attrs, booleans(*c), of_type(dtype, *a), of_type(dtype, *b), note=dtype)
        for dtype in _WIDTHS
        for attrs in (Select(),)
        for c, a, b in (
            ((5, 67), (5, 67), (5, 67)),
            ((4, 1), (4, 9), (1, 9)),
            ((4, 9), (), (4, 9)),
            ((4, 9), (4, 9), (1,)),
            ((2, 3, 1, 7), (3, 5, 1), (2, 1, 1, 7)),
            ((), (3,), (3,)),
            ((3, 0), (3, 0), (3, 0)),
        )
    ),
    case(Where(), booleans(300, 401), normal(300, 401), normal(), note="several units"),
    case(Where(), booleans(1, 300, 301), normal(2, 300, 301), normal(1, 1, 301), note="several units of rows"),
    *(
        case(attrs, of_type(dtype, 2, 5, 7), *k, constants=(1,), note=dtype)
        for attrs in (Tril(), Triu())
        for dtype in ("float32", "bool")
        for k in ((), (ints(0),), (ints(-2),), (ints(9),))
    ),
    *(case(Fill(), of_type(dtype, 1)[0], ints(3, 5), constants=(1,), note=dtype) for dtype in _WIDTHS),
    case(FillV2(), ints(2, 3), np.float32(2.5), constants=(0,)),
    case(FillV2(), ints(300, 500), np.float32(2.5), constants=(0,), note="several units"),
    case(ConstantOfShape(data_type=DType.INT16, value=(3.0,)), ints(2, 9), constants=(0,)),
    case(ConstantOfShape(), ints(2, 9), constants=(0,)),
    *(case(attrs, of_type(dtype, 3, 7), note=dtype) for attrs in (OnesLike(), ZerosLike()) for dtype in _WIDTHS),
    case(Range(start=3, limit=400, delta=2)),
    case(Range(), np.int64(9), np.int64(-300), np.int64(-1), constants=(0, 1, 2)),
    case(LinSpace(), np.float32(1), np.float32(4), np.int32(300), constants=(0, 1, 2)),
]
