"""Recurrent layers of `lite.ops.recurrent`."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from converter.exporters.onnx.builder import Op
from converter.exporters.refusals import Unsupported
from lite.ops.enums import ActivationType
from lite.types import DType


def gru(op: Op) -> list[str]:
    """Gates r, z, n become z, r, n; the reset gate comes after the product."""
    return _layer(op, "GRU", (1, 0, 2), linear_before_reset=1)


def rnn(op: Op) -> list[str]:
    """One gate, tanh or ReLU."""
    activation = "Tanh" if op.attrs.activation_type == ActivationType.TANH else "Relu"
    return _layer(op, "RNN", (0,), activations=[activation])


def _layer(op: Op, name: str, order: Sequence[int], **attributes: Any) -> list[str]:
    hidden = op.inputs[1].shape[1]
    gates: list[np.ndarray] = []
    for spec in op.inputs[2:6]:
        if spec.value is None:
            raise Unsupported("its weights are computed while the network runs")
        gates.append(spec.value.reshape(len(order), hidden, -1)[list(order)].reshape(1, len(order) * hidden, -1))
    w, r, *biases = gates
    bias = op.constant(np.concatenate([b[..., 0] for b in biases], axis=1))
    lengths = ""
    if len(op.inputs) == 7:
        limits = (op.constant(n, np.int32) for n in (0, op.inputs[0].shape[0]))
        lengths = op.emit("Clip", op.cast(op.x(6), DType.INT32), *limits)
    state = op.emit("Unsqueeze", op.x(1), op.ints(0))
    inputs = [op.x(), op.constant(w), op.constant(r), bias, lengths, state]
    y, last = op.emit_all(name, inputs, 2, hidden_size=hidden, **attributes)
    return [op.emit("Squeeze", y, op.ints(1)), op.emit("Squeeze", last, op.ints(0))]
