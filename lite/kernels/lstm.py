"""The recurrent part of an LSTM layer, fp32, on the register tile of gemm.py.

What the inputs contribute to the gates has been computed for all steps at once, as one matrix product. A step adds what
the state h contributes and updates the cell. Gates are laid out [step, sample, panel, gate, TILE_COLUMNS]: the four
gates i, f, g, o of as many hidden numbers as a panel of weights is wide lie side by side, so that a panel's cells are
updated as soon as its gates are known. For one sample the four panels are read as four streams.
"""
from __future__ import annotations

from lite.kernels import vmath
from lite.kernels.declare import Int, Pointer, i64, kernel
from lite.kernels.gemm import TILE_COLUMNS, TILE_ROWS, gemm_tile_f32, share, tile_vectors
from lite.kernels.matmul import gemv_panels_f32
from lite.kernels.move import copy_words
from lite.kernels.rows_i8 import stage_states, state_product_i8
from lite.kernels.simd import Simd, micro
from lite.kernels.value import Value

GATES = 4  # no more than GEMV_PANELS
STATE_TABLE = 128  # bytes of scratch for the addresses of a tile's rows
_INFINITY = float("inf")


@micro("lstm_cell_f32", Pointer, Pointer, Pointer, Pointer, Int)
def lstm_cell_f32(s: Simd, gates: Value, cell: Value, new_cell: Value, state: Value, n: Value) -> None:
    """new_cell = sigmoid(f) cell + sigmoid(i) tanh(g), state = sigmoid(o) tanh(new_cell), for n <= TILE_COLUMNS."""
    panel = tile_vectors(s.target) * s.vector_bytes

    def body(j: Value, lanes: Value | None) -> None:
        i, f, g, o = (s.load(gates + gate * panel + 4 * j, lanes) for gate in range(GATES))
        kept = vmath.sigmoid(s, f) * s.load(cell + 4 * j, lanes)
        now = s.fma(vmath.sigmoid(s, i), vmath.tanh(s, g), kept)
        s.store(now, new_cell + 4 * j, lanes)
        s.store(vmath.sigmoid(s, o) * vmath.tanh(s, now), state + 4 * j, lanes)

    s.span(n, body)


@kernel
def lstm_f32(
    gates: Pointer,
    weights: Pointer,
    codes: Pointer,
    totals: Pointer,
    scale: Pointer,
    stride: Int,
    zeros: Pointer,
    h: Pointer,
    c: Pointer,
    y: Pointer,
    last_h: Pointer,
    last_c: Pointer,
    steps: Int,
    batch: Int,
    hidden: Int,
    first_step: Int,
    last_step: Int,
    panel_block: Int,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """Steps [first_step, last_step) of `steps`: y[steps, batch, hidden], after the last last_h and last_c too.

    gates: from the inputs and the bias, overwritten. weights: packed [panel, gate, hidden, TILE_COLUMNS]; or codes,
    totals and scale, as lite.kernels.rows_i8 takes them, of as many columns, and 0 for what is not there. zeros:
    GATES x TILE_COLUMNS of them. h, c: [batch, hidden] before the first step. Scratch: STATE_TABLE bytes of addresses,
    and for codes 8 bytes and `stride` bytes for each of the batch.
    Units: blocks of panel_block panels; several units may be used for one step at a time only.
    """
    width = TILE_COLUMNS()
    panels = (hidden + width - 1) // width
    row_bytes = panels * GATES * width * 4
    for t in range(first_step, last_step):
        before = h if t == 0 else y + (t - 1) * batch * hidden * 4
        cells = c if t == 0 else last_c
        now = y + t * batch * hidden * 4
        ends = scratch + STATE_TABLE
        staged = ends + batch * 8
        if codes != 0:
            stage_states(before, batch, hidden, stride, ends, staged)
        for panel in range(begin * panel_block, min(end * panel_block, panels)):
            column = panel * width
            panel_weights = weights + column * GATES * hidden * 4
            panel_gates = gates + t * batch * row_bytes + column * GATES * 4
            if codes != 0:
                state_product_i8(
                    staged, ends, batch, hidden, stride, GATES * width, column * GATES, codes, totals, scale, zeros,
                    panel_gates, row_bytes, panel_gates, scratch,
                )  # fmt: skip
            for row in range(0, batch if codes == 0 else 0, TILE_ROWS()):
                rows = min(TILE_ROWS(), batch - row)
                target = panel_gates + row * row_bytes
                if rows == 1:
                    source = before + row * hidden * 4
                    every = GATES * width
                    gemv_panels_f32(
                        GATES, source, hidden, panel_weights, target, every, target, 0, -_INFINITY, _INFINITY
                    )
                    continue
                for r in range(rows):
                    i64(scratch)[r] = before + (row + r) * hidden * 4
                for gate in range(GATES):
                    gate_weights = panel_weights + gate * hidden * width * 4
                    gemm_tile_f32(
                        scratch,
                        rows,
                        1,
                        hidden,
                        gate_weights,
                        target + gate * width * 4,
                        row_bytes,
                        width,
                        zeros,
                        target + gate * width * 4,
                        -_INFINITY,
                        _INFINITY,
                        gate_weights + hidden * width * 4,
                        share(1),
                    )
            count = min(width, hidden - column)
            for row in range(batch):
                place = (row * hidden + column) * 4
                lstm_cell_f32(panel_gates + row * row_bytes, cells + place, last_c + place, now + place, count)
                if t == steps - 1:
                    copy_words(now + place, last_h + place, count)
