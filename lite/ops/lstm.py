"""One layer of long short-term memory, one direction.

    i, f, g, o = split(x_t W_x^T + h W_h^T + b)                       four gates of `hidden` numbers each
    c' = sigmoid(f) * c + sigmoid(i) * tanh(g),  h' = sigmoid(o) * tanh(c'),  y_t = h'

Inputs are x [T, N, C], h [1, N, H], c [1, N, H] and the weights in one vector: W_x [4 H, C], W_h [4 H, H] and, where
has_bias, b [4 H], one after the other, gates in the order i, f, g, o. Outputs are y [T, N, H] and the last h and c.
"""
from __future__ import annotations

import numpy as np

from lite.ops.activation import sigmoid
from lite.ops.checks import FLOATS, check_dtype, check_range, check_rank, check_same_dtype, check_shape
from lite.ops.numerics import Product, in_float32, product, wide
from lite.ops.registry import Attributes, op
from lite.records import dataclass
from lite.types import Array, TensorSpec


@dataclass(frozen=True, slots=True)
class LSTM(Attributes):
    """input_size, hidden_size: C and H. num_layers, num_directions: 1, or 0 for not said; a stack is several nodes."""

    ignored = ("dropout",)  # zero at inference

    bidirectional: bool = False
    has_bias: bool = False
    input_size: int = 0
    hidden_size: int = 0
    num_layers: int = 0
    num_directions: int = 0
    zoneout_cell: float = 0.0
    zoneout_hidden: float = 0.0
    proj_size: int = 0

    def __post_init__(self) -> None:
        check_range(self, "input_size", 1)
        check_range(self, "hidden_size", 1)
        check_range(self, "num_layers", 0, 1)
        check_range(self, "num_directions", 0, 1)
        check_range(self, "proj_size", 0, 0)
        if self.bidirectional:
            raise ValueError(f"{self.op}.bidirectional is True: use two nodes and ReverseV2")
        if self.zoneout_cell or self.zoneout_hidden:
            raise ValueError(f"{self.op}.zoneout is {self.zoneout_cell}, {self.zoneout_hidden}: expected 0")


@op(LSTM)
def infer(
    attrs: LSTM, x: TensorSpec, h: TensorSpec, c: TensorSpec, weights: TensorSpec
) -> tuple[TensorSpec, TensorSpec, TensorSpec]:
    """All of one floating-point dtype; shapes above."""
    check_dtype(attrs.op, x, FLOATS)
    check_same_dtype(attrs.op, x, h, c, weights)
    check_rank(attrs.op, x, 3)
    steps, batch, _ = x.shape
    hidden = attrs.hidden_size
    check_shape(attrs.op, "x", x, (-1, -1, attrs.input_size))
    for state in (h, c):
        check_shape(attrs.op, f"a state for {x}", state, (1, batch, hidden))
    check_shape(attrs.op, "weights", weights, (4 * hidden * (attrs.input_size + hidden + attrs.has_bias),))
    return x.like((steps, batch, hidden)), x.like((1, batch, hidden)), x.like((1, batch, hidden))


@infer.reference
@in_float32
def reference(attrs: LSTM, x: Array, h: Array, c: Array, weights: Array) -> tuple[Array, Array, Array]:
    return layer(product, attrs, x, h, c, weights)


def layer(
    multiply: Product, attrs: LSTM, x: Array, h: Array, c: Array, weights: Array
) -> tuple[Array, Array, Array]:
    """The layer with this product of rows with weights."""
    gates, channels, hidden = 4 * attrs.hidden_size, attrs.input_size, attrs.hidden_size
    w_x, w_h, bias = np.split(wide(weights), [gates * channels, gates * (channels + hidden)])
    projected = multiply(x, w_x.reshape(gates, channels)) + (bias if attrs.has_bias else 0)
    recurrent = w_h.reshape(gates, hidden)
    state, cell = wide(h)[0], wide(c)[0]
    y = np.empty((*x.shape[:2], hidden), projected.dtype)
    for t, step in enumerate(projected):
        i, f, g, o = np.split(step + multiply(state, recurrent), 4, axis=-1)
        cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
        state = sigmoid(o) * np.tanh(cell)
        y[t] = state
    return y.astype(x.dtype), state[None].astype(x.dtype), cell[None].astype(x.dtype)
