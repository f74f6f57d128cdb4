"""Recurrent layers. MindSpore writes only LSTM as one primitive; its GRU and RNN are unrolled step by step."""
from __future__ import annotations

from converter.ir.graph import Value
from converter.mindir.lowering import Lowering, Unsupported
from converter.mindir.operands import Missing, Operand


def lstm(
    op: Lowering,
    x: Value,
    h: Value,
    c: Value,
    w: Value,
    *,
    input_size: int,
    hidden_size: int,
    num_layers: int = 1,
    has_bias: bool = True,
    bidirectional: bool = False,
    proj_size: int = 0,
) -> Operand:
    """x [T, N, C] -> y, the last h and c, and two results that only training needs."""
    if num_layers != 1 or bidirectional or proj_size:
        raise Unsupported("has several layers, two directions or a projection in one operator: use nn.LSTM")
    results = op.emit_all(
        "LSTM",
        x,
        h,
        c,
        op.emit("Reshape", w, op.ints((-1,), "weights/shape"), label="weights"),
        input_size=input_size,
        hidden_size=hidden_size,
        has_bias=has_bias,
        num_layers=1,
        num_directions=1,
    )
    missing = Missing("uses a result of LSTM that only training needs")
    return (*results, missing, missing)
