"""Products of two computed matrices, packed along rows or columns, in other orders than in memory, with masks; and of
one row with few columns.
"""
from __future__ import annotations

from lite.ops.activation import Activation
from lite.ops.enums import ActivationType
from lite.ops.full_connection import FullConnection
from lite.ops.matmul import MatMulFusion
from tests.kernels.case import adding, case, elsewhere, ending, normal

_HEADS = (0, 2, 1, 3)
_TANH = Activation(activation_type=ActivationType.TANH)

PACKED = [
    case(MatMulFusion(transpose_b=True), normal(3, 20, depth), normal(3, n, depth), note="along columns")
    for depth, n in ((16, 32), (26, 48), (7, 40), (40, 33), (1, 17))
]

ORDERED = [
    *(
        elsewhere(case(MatMulFusion(transpose_b=b), normal(2, 4, 30, 20), right, note="heads"), *orders, output=_HEADS)
        for b, right, orders in (
            (False, normal(2, 4, 20, 33), (_HEADS, _HEADS)),
            (False, normal(2, 4, 20, 33), ((), (0, 2, 3, 1))),
            (True, normal(2, 4, 33, 20), (_HEADS, _HEADS)),
            (False, normal(20, 33), (_HEADS, (1, 0))),
            (False, normal(1, 4, 20, 33), ((), (3, 2, 1, 0))),
        )
    ),
    elsewhere(case(MatMulFusion(True), normal(2, 20, 30), normal(2, 20, 33), note="depth first"), (0, 2, 1)),
    elsewhere(ending(case(MatMulFusion(), normal(2, 3, 7, 5), normal(2, 3, 5, 9)), _TANH), _HEADS, output=_HEADS),
    elsewhere(case(MatMulFusion(), normal(1, 12, 128, 40), normal(1, 12, 40, 128), note="units"), _HEADS, _HEADS),
]

MASKED = [
    adding(case(MatMulFusion(), normal(2, 3, 17, 5), normal(2, 3, 5, n), note="masked"), normal(*shape, n))
    for n in (32, 37)
    for shape in ((), (1,), (1, 1), (2, 1, 1), (3, 1), (2, 3, 1))
]

_ONE_BY_FEW = [
    case(FullConnection(), normal(1, 333), normal(n, 333), normal(n), constants=(1, 2), note="few columns")
    for n in (1, 5, 16)
]

FEW_COLUMNS = [
    *_ONE_BY_FEW,
    *(ending(few, _TANH) for few in _ONE_BY_FEW),
    adding(case(MatMulFusion(), normal(1, 333), normal(333, 7), constants=(1,), note="few columns"), normal(1, 7)),
    case(MatMulFusion(), normal(1, 70_000), normal(70_000, 12), constants=(1,), note="few columns, several units"),
]

PRODUCTS = [*PACKED, *ORDERED, *MASKED, *FEW_COLUMNS]
