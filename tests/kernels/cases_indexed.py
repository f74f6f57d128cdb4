"""Rows for kernels that follow indices, order elements, add them up, or copy them into margins."""
from __future__ import annotations

import numpy as np

from lite.kernels.codes import TYPES
from lite.ops.accumulate import CumProd, CumSum
from lite.ops.enums import ActivationType
from lite.ops.extremum import ArgMaxFusion, ArgMinFusion, TopKFusion
from lite.ops.gather import GatherD, GatherNd
from lite.ops.normalize import LRN, L2NormalizeFusion, LpNormalization
from lite.ops.one_hot import OneHot
from lite.ops.pad import PaddingMode, PadFusion
from lite.ops.permutation import FormatTranspose
from lite.ops.power import PowFusion
from lite.ops.reduce import ReduceFusion, ReduceMode
from lite.ops.space import BatchToSpaceND, SpaceToBatchND
from lite.types import Array, Format
from tests.kernels.case import case, every_pair, indices, ints, normal, of_type, special

_SUM = ReduceFusion(mode=ReduceMode.ReduceSum)
_WIDTHS = ("float32", "int64", "float16", "bool")  # 4, 8, 2 and 1 bytes
_INTEGERS = [name for name in TYPES if "int" in name]
_ORDERED = [name for name in TYPES if np.dtype(name).itemsize <= 4 and name != "bool"]
_COMBINED = [mode for mode in ReduceMode if mode not in (ReduceMode.ReduceAll, ReduceMode.ReduceL2)]


def few(dtype: str, *shape: int) -> Array:
    """Numbers among which many are equal."""
    return (2 * normal(*shape)).round().astype(dtype)


def values(dtype: str) -> tuple[Array, Array]:
    """Two numbers."""
    return of_type(dtype, 2)[:1], of_type(dtype, 3)[2:]


def pad(mode: PaddingMode, *pairs: tuple[int, int]) -> PadFusion:
    """Padding with a mirror image."""
    return PadFusion(paddings=pairs, padding_mode=mode)


def special_powers() -> tuple[Array, Array]:
    """Every pair of special numbers and small integers."""
    row = np.concatenate([special(16), np.array([1, -1, 2, 3, -2, 1e-30], np.float32)])
    return every_pair(row)


INDEXED = [
    *(
        case(GatherNd(), of_type(dtype, 3, 4, 5), indices(index, -5, 6, 7, 2, depth), note=f"{dtype} {index}")
        for dtype, index in zip(_WIDTHS, ("int32", "int64", "int32", "int64"), strict=True)
        for depth in (0, 1, 2, 3)
    ),
    case(GatherNd(), normal(0, 4), indices("int32", 0, 3, 2, 1), note="from nothing"),
    case(GatherNd(), normal(50, 40, 30), indices("int32", 0, 30, 4000, 2), note="several units"),
    *(
        case(GatherD(), of_type(dtype, 4, 5, 6), ints(1), indices(index, -7, 8, 4, 3, 6), constants=(1,), note=dtype)
        for dtype, index in zip(_WIDTHS, ("int32", "int64", "int32", "int64"), strict=True)
    ),
    case(GatherD(), normal(4, 5, 6), ints(0), indices("int64", 0, 4, 9, 5, 2), constants=(1,), note="first"),
    case(GatherD(), normal(4, 5, 6), ints(-1), indices("int64", 0, 6, 4, 5, 200), constants=(1,), note="last"),
    case(GatherD(), normal(90), ints(0), indices("int32", 0, 90, 50), constants=(1,), note="a vector"),
    case(GatherD(), normal(300, 400), ints(1), indices("int32", 0, 400, 300, 90), constants=(1,), note="several units"),
    *(
        case(OneHot(axis=axis), indices(index, -2, 9, 3, 5), np.int32(7), *values(dtype), constants=(1,), note=dtype)
        for dtype, index in zip(_WIDTHS, ("int32", "int64", "int32", "int64"), strict=True)
        for axis in (0, 1, -1)
    ),
    case(OneHot(axis=-1), indices("int64", 0, 9, 4), np.int32(9), of_type("int64", 2), constants=(1,), note="a pair"),
    case(
        OneHot(axis=-1),
        indices("int32", 0, 400, 9000),
        np.int32(400),
        *values("float32"),
        constants=(1,),
        note="several units",
    ),
    *(
        case(attrs, few(dtype, 5, 9, 7), note=dtype)
        for attrs in (ArgMaxFusion(axis=1), ArgMinFusion(axis=-1))
        for dtype in _ORDERED
    ),
    *(
        case(attrs(axis=axis, top_k=top_k, keep_dims=True, out_max_value=values), few("float32", 5, 9, 7))
        for attrs in (ArgMaxFusion, ArgMinFusion)
        for axis, top_k, values in ((0, 1, False), (1, 3, False), (2, 7, True), (-1, 1, True))
    ),
    *(
        case(attrs(axis=axis), special(60).reshape(4, 15), note="special")
        for attrs in (ArgMaxFusion, ArgMinFusion)
        for axis in (0, 1)
    ),
    case(ArgMaxFusion(axis=-1), normal(700, 90), note="several units"),
    *(
        case(TopKFusion(axis=axis, largest=largest), few(dtype, 6, 8, 5), ints(k), constants=(1,), note=f"{dtype} {k}")
        for dtype in ("float32", "float16", "int32", "uint8")
        for largest in (0, 1)
        for axis, k in ((-1, 5), (1, 3), (0, 0))
    ),
    case(TopKFusion(axis=0, largest=1), special(60), ints(60), constants=(1,), note="special"),
    case(TopKFusion(axis=0, largest=0), special(60), ints(60), constants=(1,), note="special"),
    case(TopKFusion(axis=-1, largest=1), normal(40, 1000), ints(50), constants=(1,), note="several units"),
    *(
        case(CumSum(exclusive, reverse), of_type(dtype, 3, 9, 5), ints(axis), constants=(1,), note=dtype)
        for dtype, exclusive, reverse, axis in (
            ("float32", False, False, 1),
            ("float16", True, False, 0),
            ("float64", False, True, 2),
            ("int8", True, True, -1),
            ("int32", False, False, 0),
            ("int64", False, True, 1),
        )
    ),
    case(CumSum(), normal(300, 400), ints(0), constants=(1,), note="several units"),
    *(
        case(CumProd(exclusive, reverse), of_type(dtype, 3, 9, 5), ints(axis), constants=(1,), note=dtype)
        for dtype, exclusive, reverse, axis in (
            ("float32", False, True, 1),
            ("float64", True, False, 2),
            ("int8", True, True, -1),
            ("int64", False, False, 0),
        )
    ),
    *(
        case(ReduceFusion(mode=mode), of_type(dtype, 3, 9, 5), ints(1), constants=(1,), note=f"{mode.name} {dtype}")
        for mode in _COMBINED
        for dtype in _INTEGERS
    ),
    *(
        case(_SUM, of_type("int32", 2, 3, 4, 5), ints(*axes), constants=(1,), note=f"axes {axes}")
        for axes in ((0,), (0, 2), (1, 3), (0, 1, 2, 3), ())
    ),
    *(
        case(ReduceFusion(mode=ReduceMode.ReduceAll, keep_dims=True), normal(4, 3) > -2, ints(axis), constants=(1,))
        for axis in (0, 1)
    ),
    case(_SUM, of_type("int64", 300, 401), ints(1), constants=(1,), note="several units"),
    *(
        case(pad(mode, (2, 1), (0, 3), (1, 0)), of_type(dtype, 3, 4, 5), note=f"{mode.name} {dtype}")
        for mode in (PaddingMode.REFLECT, PaddingMode.SYMMETRIC)
        for dtype in _WIDTHS
    ),
    case(pad(PaddingMode.REFLECT, (0, 0), (3, 3), (3, 3), (0, 0)), normal(1, 60, 80, 30), note="several units"),
    case(pad(PaddingMode.SYMMETRIC, (1, 1)), normal(1), note="one element"),
    *(
        case(SpaceToBatchND(block_shape=block, paddings=paddings), of_type(dtype, 2, 5, 6, 3), note=dtype)
        for dtype in ("float32", "int8")
        for block, paddings in (((2, 3), ((1, 0), (0, 0))), ((4, 2), ((7, 0), (3, 5))), ((1, 1), ((0, 0), (0, 0))))
    ),
    *(
        case(BatchToSpaceND(block_shape=block, crops=crops), of_type(dtype, 12, 3, 4, 5), note=dtype)
        for dtype in ("float32", "int64")
        for block, crops in (((2, 3), ((1, 0), (0, 2))), ((4, 1), ((5, 3), (1, 0))), ((1, 1), ((0, 0), (0, 0))))
    ),
    case(FormatTranspose(Format.NHWC, Format.NCHW), normal(2, 3, 40, 50)),
    case(FormatTranspose(), of_type("int8", 2, 3)),
    *(
        case(L2NormalizeFusion(axis=axes, epsilon=1e-4, activation_type=kind), normal(2, 5, 7, 19), note=kind.name)
        for axes in ((-1,), (1,), (0, 3), ())
        for kind in (ActivationType.NO_ACTIVATION, ActivationType.RELU)
    ),
    case(L2NormalizeFusion(axis=(1,), epsilon=1.0), 1e-3 * normal(4, 30), note="small"),
    case(L2NormalizeFusion(axis=(1,), epsilon=1e-10), normal(400, 700), note="several units"),
    *(case(LpNormalization(axis=axis, p=p), normal(4, 30, 5)) for axis in (0, 1, -1) for p in (1, 2)),
    *(
        case(LRN(depth_radius=radius, bias=2.0, alpha=0.1, beta=beta), 3 * normal(2, 3, 3, channels))
        for radius, beta, channels in ((0, 0.5, 7), (2, 0.75, 64), (1, 0.75, 35), (5, 1.0, 3), (100, 0.75, 20))
    ),
    case(LRN(depth_radius=2, bias=1.0, alpha=1e-4, beta=0.75), normal(1, 56, 56, 64), note="several units"),
    case(PowFusion(), *special_powers(), note="special"),
    case(PowFusion(), np.abs(normal(300, 401)), normal(300, 1), note="several units"),
    case(PowFusion(), normal(3, 17), np.float32(2), constants=(1,), note="square"),
    case(PowFusion(), normal(3, 17), np.float32(3), constants=(1,), note="cube"),
    case(PowFusion(), np.abs(normal(3, 17)), np.float32(0.5), constants=(1,), note="root"),
]
