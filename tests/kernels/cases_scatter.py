"""Rows for kernels that put elements at indices, or turn parts of sequences around."""
from __future__ import annotations

from lite.ops.reverse import ReverseSequence
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
from tests.kernels.case import case, indices, ints, normal, of_type

_WIDTHS = ("float32", "int64", "float16", "bool")  # 4, 8, 2 and 1 bytes
_COMBINED = (TensorScatterAdd(), TensorScatterMax(), TensorScatterMin(), TensorScatterMul())

SCATTER = [
    *(
        case(attrs, of_type(dtype, 3, 4, 5), indices(index, -6, 6, 7, depth), of_type(dtype, *updates), note=dtype)
        for attrs in (ScatterNdUpdate(), *_COMBINED)
        for dtype, index in zip(("float32", "float64", "float16", "int8"), ("int32", "int64") * 2, strict=True)
        for depth, updates in ((1, (7, 4, 5)), (2, (7, 5)), (3, (7,)))
    ),
    *(
        case(ScatterNdUpdate(), of_type(dtype, 9, 3), indices("int64", 0, 9, 5, 1), of_type(dtype, 5, 3), note=dtype)
        for dtype in _WIDTHS
    ),
    case(TensorScatterDiv(), normal(4, 5), indices("int32", 0, 4, 6, 1), normal(6, 5)),
    case(TensorScatterAdd(), normal(50, 4000), indices("int32", 0, 50, 90, 1), normal(90, 4000), note="several units"),
    case(TensorScatterAdd(), of_type("int32", 9), indices("int32", 0, 9, 5, 0, 1), of_type("int32", 5, 0), note="none"),
    case(ScatterNd(), indices("int32", -4, 9, 5, 2, 1), normal(5, 2, 3), ints(8, 3), constants=(2,)),
    case(ScatterNd(), indices("int64", 0, 8, 5, 2), of_type("int64", 5), ints(8, 7), constants=(2,), note="int64"),
    *(
        case(ScatterElements(axis), of_type(dtype, 4, 5, 6), indices(index, -7, 7, 4, 3, 2), of_type(dtype, 4, 3, 2))
        for dtype, index in zip(_WIDTHS, ("int32", "int64") * 2, strict=True)
        for axis in (0, 1, -1)
    ),
    case(ScatterElements(1), normal(300, 400), indices("int32", 0, 400, 300, 90), normal(300, 90), note="units"),
    case(ScatterElements(), normal(90), indices("int32", 0, 90, 200), normal(200), note="a vector"),
    *(
        case(ReverseSequence(along, batch), of_type(dtype, 4, 5, 6, 3), lengths, note=f"{dtype} {along} {batch}")
        for dtype, (along, batch, lengths) in zip(
            _WIDTHS,
            (
                (0, 1, ints(0, 1, 2, 4, 9)),
                (1, 0, ints(5, 3, -2, 1).astype("int64")),
                (3, 1, ints(3, 2, 1, 0, 3)),
                (-2, 0, ints(6, 5, 4, 1)),
            ),
            strict=True,
        )
    ),
    case(ReverseSequence(0, 1), normal(90, 40, 70), indices("int32", 0, 90, 40), note="several units"),
]
