"""Binds LSTM: one matrix product for what all inputs contribute to the gates, then the recurrence step by step.

A step waits for all of the one before. So one native step does all time steps, unless there is enough to do in each for
several threads: then every time step is a native step of its own.
"""
from __future__ import annotations

import numpy as np

from lite.delegates.base import Argument, In, NativeClaim, NativeStep, Operation, Out, Packed, Temp
from lite.delegates.cpu.matmul import product_steps
from lite.delegates.cpu.rows_i8 import row_steps, state_weights
from lite.delegates.cpu.tile import Tile
from lite.delegates.cpu.work import BYTE, FLOP, split
from lite.ops.dynamic import weight_codes_of
from lite.ops.lstm import LSTM
from lite.ops.quantized import is_by_row
from lite.types import Array, DType

_GATES = 4
_GATES_KEY = 10  # of the temporary; those of the product are smaller
MOST_ROWS = 1024  # of the op table for one layer
TABLE = 128  # bytes of scratch for the addresses of a tile's rows


def bind(operation: Operation, tile: Tile) -> NativeClaim | None:
    """float32, by row or not, constant weights and at least one step."""
    x, _, _, weights = operation.inputs
    by_row = is_by_row(operation.attrs)
    attrs = operation.attrs.inner if is_by_row(operation.attrs) else operation.attrs
    assert isinstance(attrs, LSTM), "the index names this module for it alone"
    steps, batch, channels = x.shape
    if x.dtype != DType.FLOAT32 or weights.value is None or steps == 0:
        return None
    hidden = attrs.hidden_size
    sizes = (_GATES * hidden * channels, _GATES * hidden * (channels + hidden))
    w_x, w_h, bias = np.split(weights.value, sizes)
    panels = tile.panels(hidden)
    columns = panels * _GATES * tile.columns
    gates = Temp(_GATES_KEY, steps * batch * columns * 4)
    given = by_panel(w_x.reshape(_GATES, hidden, channels), tile)
    shift = by_panel(bias.reshape(_GATES, hidden, 1), tile).reshape(-1) if attrs.has_bias else None
    inputs = input_steps(steps * batch, given, shift, gates, tile, by_row=by_row, replaces=3)
    cost = _GATES * tile.columns * hidden * max(4 * BYTE / 3, 2 * batch * FLOP)
    units = split(panels, cost)
    state = state_weights(by_panel(w_h.reshape(_GATES, hidden, hidden), tile), batch, tile, by_row=by_row)
    arguments: dict[str, Argument] = {
        "gates": gates,
        **state.arguments,
        "zeros": Packed(np.zeros(_GATES * tile.columns, np.float32)),
        "h": In(1),
        "c": In(2),
        "y": Out(0),
        "last_h": Out(1),
        "last_c": Out(2),
        "steps": steps,
        "batch": batch,
        "hidden": hidden,
        "panel_block": units.block,
    }
    together = units.count == 1 or steps > MOST_ROWS
    count = 1 if together else units.count
    if together:
        arguments["panel_block"] = panels
    recurrence = [
        NativeStep(
            "lstm_f32",
            {**arguments, "first_step": first, "last_step": steps if together else first + 1},
            count,
            scratch=TABLE + state.scratch,
        )
        for first in ((0,) if together else range(steps))
    ]
    return NativeClaim((*inputs, *recurrence))


def input_steps(
    rows: int, w: Array, bias: Array | None, y: Temp, tile: Tile, *, by_row: bool, replaces: int
) -> tuple[NativeStep, ...]:
    """y = what input 0 contributes to all steps: rows times w [columns, channels].T, plus bias.

    replaces: the input that w is, or a part of, see Packed.
    """
    if by_row:
        return row_steps(In(0), rows, *weight_codes_of(w), bias, y, tile, replaces=replaces)
    return product_steps(In(0), rows, w, bias, y, tile, replaces=replaces)


def by_panel(w: Array, tile: Tile) -> Array:
    """[gate, hidden, n] -> [panel x gate x tile columns, n], zeros beyond the last hidden number."""
    gates, hidden, n = w.shape
    panels = tile.panels(hidden)
    padded = np.zeros((gates, panels * tile.columns, n), np.float32)
    padded[:, :hidden] = w
    return padded.reshape(gates, panels, tile.columns, n).swapaxes(0, 1).reshape(-1, n)
