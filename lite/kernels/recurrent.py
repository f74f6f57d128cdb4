"""The recurrent part of GRU and RNN layers, fp32, on the register tile of gemm.py.

What the inputs contribute has been computed for all steps at once, as one matrix product; where sequences have lengths,
by `given_steps_f32`, for no more steps than these have. A step multiplies the state
with one group of panels of weights after the other, and makes of each product the states that it is about as soon as
it is known. In a GRU a group is the three gates r, z, n of as many hidden numbers as a panel is wide, laid out side by
side as in lstm.py; in an RNN it is as many panels as are read at once.

A sequence that has ended has y = 0, so that its state is not kept there: nobody needs that but at the end, and then it
is copied when the sequence ends. Steps after the end of all are not computed.
"""
from __future__ import annotations

from lite.kernels import vmath
from lite.kernels.declare import Int, Pointer, i32, i64, kernel, routine
from lite.kernels.gemm import TILE_COLUMNS, TILE_ROWS, gemm_tile_f32, share, tile_vectors
from lite.kernels.lstm import STATE_TABLE
from lite.kernels.matmul import gemv_panels_f32
from lite.kernels.move import copy_words, zero_words
from lite.kernels.rows_i8 import stage_states, state_product_i8
from lite.kernels.simd import Simd, micro
from lite.kernels.value import Value

GRU_GATES = 3
RNN_PANELS = 4  # no more than GEMV_PANELS, like the gates
_ROW_BLOCK = 256  # rows that stay in cache while panels of weights pass
_INFINITY = float("inf")


@micro("gru_cell_f32", Pointer, Pointer, Pointer, Pointer, Int)
def gru_cell_f32(s: Simd, given: Value, product: Value, state: Value, y: Value, n: Value) -> None:
    """y = new + sigmoid(z + z') (state - new), new = tanh(n + sigmoid(r + r') n'), for n <= TILE_COLUMNS numbers."""
    panel = tile_vectors(s.target) * s.vector_bytes

    def body(j: Value, lanes: Value | None) -> None:
        r, z, fresh = (s.load(given + gate * panel + 4 * j, lanes) for gate in range(GRU_GATES))
        r_state, z_state, kept = (s.load(product + gate * panel + 4 * j, lanes) for gate in range(GRU_GATES))
        new = vmath.tanh(s, s.fma(vmath.sigmoid(s, r + r_state), kept, fresh))
        s.store(s.fma(vmath.sigmoid(s, z + z_state), s.load(state + 4 * j, lanes) - new, new), y + 4 * j, lanes)

    s.span(n, body)


@micro("rnn_cell_f32", Int, Pointer, Pointer, Pointer, Int)
def rnn_cell_f32(s: Simd, squashed: Value, given: Value, product: Value, y: Value, n: Value) -> None:
    """y = max(given + product, 0), or where squashed is not 0 its hyperbolic tangent, for n numbers."""

    def relu(j: Value, lanes: Value | None) -> None:
        s.store(s.max(s.load(given + 4 * j, lanes) + s.load(product + 4 * j, lanes), 0.0), y + 4 * j, lanes)

    def tanh(j: Value, lanes: Value | None) -> None:
        s.store(vmath.tanh(s, s.load(given + 4 * j, lanes) + s.load(product + 4 * j, lanes)), y + 4 * j, lanes)

    s.either(squashed.equals(0), lambda: s.span(n, relu), lambda: s.span(n, tanh))


@routine
def _state_product(x: int, rows: int, depth: int, panels: int, weights: int, bias: int, y: int, table: int) -> None:
    """y[rows, panels x TILE_COLUMNS] = x[rows, depth] times that many packed panels, plus bias. rows <= TILE_ROWS."""
    width = TILE_COLUMNS()
    columns = panels * width
    if rows == 1:
        gemv_panels_f32(panels, x, depth, weights, y, columns, bias, 0, -_INFINITY, _INFINITY)
        return
    for row in range(rows):
        i64(table)[row] = x + row * depth * 4
    for panel in range(panels):
        part = weights + panel * depth * width * 4
        place = panel * width * 4
        ahead = part + depth * width * 4
        gemm_tile_f32(
            table, rows, 1, depth, part, y + place, columns * 4, width, bias + place, 0, -_INFINITY, _INFINITY, ahead,
            share(1),
        )  # fmt: skip


@routine
def _finish(
    t: int, steps: int, batch: int, hidden: int, h: int, lengths: int, wide: int, y: int, last: int, first: int, n: int
) -> None:
    """Numbers [first, first + n) of y[batch, hidden] after step t: 0 where sequences have ended, kept where they do."""
    for row in range(batch):
        end = steps
        if lengths != 0:
            end = min(i64(lengths)[row] if wide != 0 else i32(lengths)[row], steps)
        place = (row * hidden + first) * 4
        if t == max(end, 1) - 1:
            copy_words(y + place if end > 0 else h + place, last + place, n)
        if t >= end:
            zero_words(y + place, n)


@routine
def _longest(steps: int, batch: int, lengths: int, wide: int) -> int:
    """The steps after which all sequences have ended, at least one, which looks for sequences of none."""
    if lengths == 0:
        return steps
    longest = 1
    for row in range(batch):
        longest = max(longest, i64(lengths)[row] if wide != 0 else i32(lengths)[row])
    return min(longest, steps)


@kernel
def given_steps_f32(
    x: Pointer,
    weights: Pointer,
    bias: Pointer,
    lengths: Pointer,
    y: Pointer,
    steps: Int,
    batch: Int,
    depth: Int,
    columns: Int,
    wide: Int,
    panel_block: Int,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """y[steps, batch, columns] = x[steps, batch, depth] times packed weights plus bias, of the steps that are needed.

    lengths, wide: see gru_f32. Scratch: TILE_ROWS addresses. Units: blocks of panel_block panels.
    """
    width = TILE_COLUMNS()
    rows = _longest(steps, batch, lengths, wide) * batch
    stop = min(end * panel_block, (columns + width - 1) // width)
    for first in range(0, rows, _ROW_BLOCK):
        last = min(first + _ROW_BLOCK, rows)
        tiles = (last - first + TILE_ROWS() - 1) // TILE_ROWS()
        for panel in range(begin * panel_block, stop):
            column = panel * width
            part = weights + column * depth * 4
            ahead = part + depth * width * 4
            row = first
            for tile in range(tiles):
                height = (last - row + tiles - tile - 1) // (tiles - tile)
                for r in range(height):
                    i64(scratch)[r] = x + (row + r) * depth * 4
                target = y + (row * columns + column) * 4
                gemm_tile_f32(
                    scratch, height, 1, depth, part, target, columns * 4, columns - column, bias + column * 4, 0,
                    -_INFINITY, _INFINITY, ahead, share(tiles),
                )  # fmt: skip
                ahead += depth * share(tiles)
                row += height


@kernel
def gru_f32(
    given: Pointer,
    weights: Pointer,
    codes: Pointer,
    totals: Pointer,
    scale: Pointer,
    stride: Int,
    bias: Pointer,
    h: Pointer,
    lengths: Pointer,
    y: Pointer,
    last: Pointer,
    steps: Int,
    batch: Int,
    hidden: Int,
    wide: Int,
    first_step: Int,
    last_step: Int,
    panel_block: Int,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """Steps [first_step, last_step) of `steps`: y[steps, batch, hidden], and the state of each sequence when it ends.

    given: from the inputs and their bias, [step, sample, panel, gate, TILE_COLUMNS]. weights: packed [panel, gate,
    hidden, TILE_COLUMNS], bias alike. h: [batch, hidden] before the first step. lengths: int32 [batch], int64 where
    wide, 0 where all sequences have `steps`. codes, totals, scale, stride: see lstm_f32. Scratch: TILE_ROWS x
    GRU_GATES x TILE_COLUMNS numbers, then what lstm_f32 has there.
    Units: blocks of panel_block panels; several units may be used for one step at a time only.
    """
    width = TILE_COLUMNS()
    panels = (hidden + width - 1) // width
    table = scratch + TILE_ROWS() * GRU_GATES * width * 4
    longest = _longest(steps, batch, lengths, wide)
    for t in range(first_step, last_step):
        before = h if t == 0 else y + (t - 1) * batch * hidden * 4
        now = y + t * batch * hidden * 4
        if t >= longest:
            own = begin * panel_block * width
            count = min(end * panel_block * width, hidden) - own
            _finish(t, steps, batch, hidden, h, lengths, wide, now, last, own, count)
            continue
        ends = table + STATE_TABLE
        staged = ends + batch * 8
        if codes != 0:
            stage_states(before, batch, hidden, stride, ends, staged)
        for panel in range(begin * panel_block, min(end * panel_block, panels)):
            column = panel * width
            count = min(width, hidden - column)
            for row in range(0, batch, TILE_ROWS()):
                rows = min(TILE_ROWS(), batch - row)
                part = weights + column * GRU_GATES * hidden * 4
                shift = bias + column * GRU_GATES * 4
                if codes != 0:
                    columns = GRU_GATES * width
                    state_product_i8(
                        staged + row * stride, ends + row * 8, rows, hidden, stride, columns, column * GRU_GATES,
                        codes, totals, scale, shift, scratch, columns * 4, 0, table,
                    )  # fmt: skip
                else:
                    _state_product(before + row * hidden * 4, rows, hidden, GRU_GATES, part, shift, scratch, table)
                for r in range(rows):
                    place = ((row + r) * hidden + column) * 4
                    gates = given + (((t * batch + row + r) * panels + panel) * GRU_GATES * width) * 4
                    product = scratch + r * GRU_GATES * width * 4
                    gru_cell_f32(gates, product, before + place, now + place, count)
            _finish(t, steps, batch, hidden, h, lengths, wide, now, last, column, count)


@kernel
def rnn_f32(
    given: Pointer,
    weights: Pointer,
    codes: Pointer,
    totals: Pointer,
    scale: Pointer,
    stride: Int,
    bias: Pointer,
    h: Pointer,
    lengths: Pointer,
    y: Pointer,
    last: Pointer,
    squashed: Int,
    steps: Int,
    batch: Int,
    hidden: Int,
    wide: Int,
    first_step: Int,
    last_step: Int,
    panel_block: Int,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """As gru_f32, of one gate: given is [step, sample, hidden]. squashed: whether the activation is tanh, not ReLU.

    Scratch: TILE_ROWS x RNN_PANELS x TILE_COLUMNS numbers, and as above.
    """
    width = TILE_COLUMNS()
    stop = min(end * panel_block, (hidden + width - 1) // width)
    table = scratch + TILE_ROWS() * RNN_PANELS * width * 4
    longest = _longest(steps, batch, lengths, wide)
    for t in range(first_step, last_step):
        before = h if t == 0 else y + (t - 1) * batch * hidden * 4
        now = y + t * batch * hidden * 4
        if t >= longest:
            own = begin * panel_block * width
            count = min(stop * width, hidden) - own
            _finish(t, steps, batch, hidden, h, lengths, wide, now, last, own, count)
            continue
        ends = table + STATE_TABLE
        staged = ends + batch * 8
        if codes != 0:
            stage_states(before, batch, hidden, stride, ends, staged)
        for panel in range(begin * panel_block, stop, RNN_PANELS):
            panels = min(RNN_PANELS, stop - panel)
            column = panel * width
            count = min(panels * width, hidden - column)
            for row in range(0, batch, TILE_ROWS()):
                rows = min(TILE_ROWS(), batch - row)
                part = weights + column * hidden * 4
                shift = bias + column * 4
                if codes != 0:
                    columns = panels * width
                    state_product_i8(
                        staged + row * stride, ends + row * 8, rows, hidden, stride, columns, column, codes, totals,
                        scale, shift, scratch, columns * 4, 0, table,
                    )  # fmt: skip
                else:
                    _state_product(before + row * hidden * 4, rows, hidden, panels, part, shift, scratch, table)
                for r in range(rows):
                    place = ((row + r) * hidden + column) * 4
                    product = scratch + r * panels * width * 4
                    rnn_cell_f32(squashed, given + t * batch * hidden * 4 + place, product, now + place, count)
            _finish(t, steps, batch, hidden, h, lengths, wide, now, last, column, count)
