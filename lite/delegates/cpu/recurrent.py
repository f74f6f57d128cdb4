"""Binds GRULayer and RNNLayer: one matrix product for what all inputs contribute, then the recurrence step by step.

Where sequences have lengths, no step is computed after the end of all, but that by row the inputs' product is whole.
As for LSTM, one native step does all time steps unless there is enough to do in each for several threads.
"""
from __future__ import annotations

import numpy as np

from lite.delegates.base import Argument, In, NativeClaim, NativeStep, Operation, Out, Packed, Temp
from lite.delegates.cpu.lstm import MOST_ROWS, TABLE, by_panel, input_steps
from lite.delegates.cpu.rows_i8 import state_weights
from lite.delegates.cpu.tile import Tile
from lite.delegates.cpu.work import BYTE, FLOP, split
from lite.ops.enums import ActivationType
from lite.ops.quantized import is_by_row
from lite.ops.recurrent import RNNLayer
from lite.types import Array, DType

_GATES = 3
_PANELS = 4  # that the RNN's kernel reads at once
_GIVEN_KEY = 10  # of the temporary; those of the product are smaller


def bind(operation: Operation, tile: Tile) -> NativeClaim | None:
    """float32, by row or not, constant weights and at least one step and one hidden number."""
    x, h, *parameters = operation.inputs[:6]
    known = [spec.value for spec in parameters if spec.value is not None]
    steps, batch, _ = x.shape
    if x.dtype != DType.FLOAT32 or len(known) < len(parameters) or steps * h.shape[1] == 0:
        return None
    hidden = h.shape[1]
    w_x, w_h, b_x, b_h = known
    by_row = is_by_row(operation.attrs)
    attrs = operation.attrs.inner if is_by_row(operation.attrs) else operation.attrs
    own: dict[str, Argument]
    if isinstance(attrs, RNNLayer):
        kernel, gates, slots = "rnn_f32", 1, _PANELS
        own = {"squashed": int(attrs.activation_type == ActivationType.TANH)}
        shift = tile.pack_bias(b_h, 1, hidden)
    else:
        kernel, gates, slots = "gru_f32", _GATES, _GATES
        own = {}
        w_x, w_h, b_x, shift = (
            by_panel(np.ascontiguousarray(w).reshape(_GATES, hidden, -1), tile) for w in (w_x, w_h, b_x, b_h)
        )
        b_x = b_x.reshape(-1)
    given = Temp(_GIVEN_KEY, steps * batch * len(w_x) * 4)
    lengths = operation.inputs[6:]
    wide = int(bool(lengths) and lengths[0].dtype == DType.INT64)
    if lengths and not by_row:
        inputs: tuple[NativeStep, ...] = (_given_step(x.shape, w_x, b_x, wide, given, tile),)
    else:
        inputs = input_steps(steps * batch, w_x, b_x, given, tile, by_row=by_row, replaces=2)
    state = state_weights(w_h, batch, tile, by_row=by_row)
    panels = tile.panels(hidden)
    cost = gates * tile.columns * hidden * max(4 * BYTE / 3, 2 * batch * FLOP)
    units = split(panels, cost)
    together = units.count == 1 or steps > MOST_ROWS
    arguments: dict[str, Argument] = {
        "given": given,
        **state.arguments,
        "bias": Packed(np.ascontiguousarray(shift)),
        "h": In(1),
        "lengths": In(6) if lengths else 0,
        "y": Out(0),
        "last": Out(1),
        **own,
        "steps": steps,
        "batch": batch,
        "hidden": hidden,
        "wide": wide,
        "panel_block": panels if together else units.block,
    }
    recurrence = [
        NativeStep(
            kernel,
            {**arguments, "first_step": first, "last_step": steps if together else first + 1},
            1 if together else units.count,
            scratch=tile.rows * slots * tile.columns * 4 + TABLE + state.scratch,
        )
        for first in ((0,) if together else range(steps))
    ]
    return NativeClaim((*inputs, *recurrence))


def _given_step(shape: tuple[int, ...], w: Array, bias: Array, wide: int, y: Temp, tile: Tile) -> NativeStep:
    """y = what input 0, of this shape, contributes to the steps that sequences have, by w [columns, channels]."""
    steps, batch, depth = shape
    columns = len(w)
    units = split(tile.panels(columns), 2 * steps * batch * depth * tile.columns * FLOP)
    arguments: dict[str, Argument] = {
        "x": In(0),
        "weights": Packed(tile.pack_weights(w), replaces=2),
        "bias": Packed(tile.pack_bias(bias, 1, columns)),
        "lengths": In(6),
        "y": y,
        "steps": steps,
        "batch": batch,
        "depth": depth,
        "columns": columns,
        "wide": wide,
        "panel_block": units.block,
    }
    return NativeStep("given_steps_f32", arguments, units.count, scratch=8 * tile.rows)
