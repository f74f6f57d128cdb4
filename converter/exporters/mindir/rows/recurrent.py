"""Recurrent layers of `lite.ops.recurrent`, for which MindSpore has no primitive: one step after the other."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from converter.exporters.mindir.builder import Op
from converter.exporters.refusals import Unsupported
from lite.ops.enums import ActivationType
from lite.types import DType

Cell = Callable[[str, str], str]  # (what x contributes to a step, the state) -> the next state


def gru(op: Op) -> list[str]:
    """new = tanh(n + sigmoid(r + r') * n'),  h' = new + sigmoid(z + z') * (h - new)"""
    like = op.inputs[1].like()
    wide = like.like((like.shape[0], op.inputs[3].shape[0]))

    def cell(given: str, h: str) -> str:
        recurrent = op.call("MatMul", h, op.x(3), False, True, out=wide)
        recurrent = op.call("Add", recurrent, op.x(5), out=wide)
        (r, z, n), (r_h, z_h, n_h) = (
            op.item("Split", [whole, 1, 3], [like] * 3, 0, 1, 2) for whole in (given, recurrent)
        )
        reset = op.call("Sigmoid", op.call("Add", r, r_h, out=like), out=like)
        update = op.call("Sigmoid", op.call("Add", z, z_h, out=like), out=like)
        new = op.call("Tanh", op.call("Add", n, op.call("Mul", reset, n_h, out=like), out=like), out=like)
        return op.call("Add", new, op.call("Mul", update, op.call("Sub", h, new, out=like), out=like), out=like)

    return _unrolled(op, cell)


def rnn(op: Op) -> list[str]:
    """h' = activation(x_t W_x^T + b_x + h W_h^T + b_h)"""
    like = op.inputs[1].like()
    activation = "Tanh" if op.attrs.activation_type == ActivationType.TANH else "ReLU"

    def cell(given: str, h: str) -> str:
        recurrent = op.call("Add", op.call("MatMul", h, op.x(3), False, True, out=like), op.x(5), out=like)
        return op.call(activation, op.call("Add", given, recurrent, out=like), out=like)

    return _unrolled(op, cell)


def _unrolled(op: Op, cell: Cell) -> list[str]:
    """What x contributes to all steps as one product, and the steps; a sequence that has ended keeps its state."""
    op.static()
    if not op.out.size:
        raise Unsupported("it has no step")
    x, like, rows = op.inputs[0], op.inputs[1].like(), op.inputs[2].shape[0]
    steps, batch, channels = x.shape
    flat, each = x.like((steps * batch, rows)), x.like((batch, rows))
    given = op.call("MatMul", op.reshaped(0, (steps * batch, channels)), op.x(2), False, True, out=flat)
    given = op.call("Add", given, op.x(4), out=flat)
    given = op.call("Reshape", given, (steps, batch, rows), out=x.like((steps, batch, rows)))
    names: dict[str, Any] = {"input_names": ["x"], "output_names": ["y"]}
    attributes = {"num": steps, "axis": 0, **names}
    inputs = op.item("Unstack", [given], [each] * steps, *range(steps), attributes=attributes)
    ended = _ended(op, steps) if len(op.inputs) == 7 else None
    h, y, nothing = op.x(1), [], op.tensor(np.zeros(like.shape), like.dtype.dtype) if ended else ""
    for t, step in enumerate(inputs):
        new = cell(step, h)
        h = op.call("Select", ended[t], h, new, out=like) if ended else new
        y.append(op.call("Select", ended[t], nothing, new, out=like) if ended else new)
    return [op.apply("Stack", op.together(y, [like] * steps), axis=0, N=steps, num=steps, **names), h]


def _ended(op: Op, steps: int) -> list[str]:
    """For each step, which states' sequences have ended."""
    lengths, like = op.inputs[6], op.inputs[1].like(dtype=DType.BOOL)
    column = like.like((like.shape[0], 1))
    ends = op.reshaped(6, column.shape)
    over = (op.call("LessEqual", ends, op.number(t, lengths), out=column) for t in range(steps))
    return [op.call("BroadcastTo", one, like.shape, out=like) for one in over]
