"""Layers of recurrent cells that the schema cannot say, one direction, as MindSpore's nn.GRU and nn.RNN define them.

    GRULayer   r, z, n = x_t W_x^T + b_x,  r', z', n' = h W_h^T + b_h       three gates of `hidden` numbers each
               new = tanh(n + sigmoid(r + r') * n'),  h' = new + sigmoid(z + z') * (h - new)
    RNNLayer   h' = activation(x_t W_x^T + b_x + h W_h^T + b_h)

The schema's GRU multiplies h with the reset gate before the product with W_h; here that comes after it.
Inputs are x [T, N, C], h [N, H], W_x [gates H, C], W_h [gates H, H], b_x and b_h [gates H], and where sequences end
early their lengths [N]: from there on a sequence's state stays what it is, and its y is 0. Outputs are y [T, N, H] and
the last h.
"""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lite.ops.activation import sigmoid
from lite.ops.checks import FLOATS, INDICES, check_dtype, check_rank, check_same_dtype, check_shape
from lite.ops.enums import ActivationType
from lite.ops.numerics import Product, in_float32, product, wide
from lite.ops.registry import Attributes, NoAttributes, op
from lite.records import dataclass
from lite.types import Array, TensorSpec

ACTIVATIONS = frozenset({ActivationType.RELU, ActivationType.TANH})


class GRULayer(NoAttributes):
    """No attributes."""

    __slots__ = ()


@op(GRULayer)
def infer_gru(
    attrs: GRULayer,
    x: TensorSpec,
    h: TensorSpec,
    w_x: TensorSpec,
    w_h: TensorSpec,
    b_x: TensorSpec,
    b_h: TensorSpec,
    lengths: TensorSpec | None = None,
) -> tuple[TensorSpec, TensorSpec]:
    """All of one floating-point dtype, lengths of int32 or int64; shapes above."""
    return _infer(attrs.op, 3, (x, h, w_x, w_h, b_x, b_h), lengths)


@infer_gru.reference
@in_float32
def gru(
    attrs: GRULayer, x: Array, h: Array, w_x: Array, w_h: Array, b_x: Array, b_h: Array, lengths: Array | None = None
) -> tuple[Array, Array]:
    return gru_layer(product, attrs, x, h, w_x, w_h, b_x, b_h, lengths)


def gru_layer(
    multiply: Product, attrs: GRULayer, x: Array, h: Array, w_x: Array, w_h: Array, b_x: Array, b_h: Array,
    lengths: Array | None = None,
) -> tuple[Array, Array]:  # fmt: skip
    """The layer with this product of rows with weights."""
    bias = wide(b_h)

    def cell(given: Array, state: Array) -> Array:
        (r, z, n), (r_h, z_h, n_h) = np.split(given, 3, axis=-1), np.split(multiply(state, w_h) + bias, 3, axis=-1)
        new = np.tanh(n + sigmoid(r + r_h) * n_h)
        return np.asarray(new + sigmoid(z + z_h) * (state - new))

    return _run(cell, multiply(x, w_x) + wide(b_x), h, lengths)


@dataclass(frozen=True, slots=True)
class RNNLayer(Attributes):
    """activation_type: TANH or RELU."""

    activation_type: ActivationType = ActivationType.TANH

    def __post_init__(self) -> None:
        if self.activation_type not in ACTIVATIONS:
            raise ValueError(f"{self.op}.activation_type is {self.activation_type.name}: expected RELU or TANH")


@op(RNNLayer)
def infer_rnn(
    attrs: RNNLayer,
    x: TensorSpec,
    h: TensorSpec,
    w_x: TensorSpec,
    w_h: TensorSpec,
    b_x: TensorSpec,
    b_h: TensorSpec,
    lengths: TensorSpec | None = None,
) -> tuple[TensorSpec, TensorSpec]:
    """All of one floating-point dtype, lengths of int32 or int64; shapes above."""
    return _infer(attrs.op, 1, (x, h, w_x, w_h, b_x, b_h), lengths)


@infer_rnn.reference
@in_float32
def rnn(
    attrs: RNNLayer, x: Array, h: Array, w_x: Array, w_h: Array, b_x: Array, b_h: Array, lengths: Array | None = None
) -> tuple[Array, Array]:
    return rnn_layer(product, attrs, x, h, w_x, w_h, b_x, b_h, lengths)


def rnn_layer(
    multiply: Product, attrs: RNNLayer, x: Array, h: Array, w_x: Array, w_h: Array, b_x: Array, b_h: Array,
    lengths: Array | None = None,
) -> tuple[Array, Array]:  # fmt: skip
    """The layer with this product of rows with weights."""

    def cell(given: Array, state: Array) -> Array:
        total = given + multiply(state, w_h)
        return np.asarray(np.tanh(total) if attrs.activation_type == ActivationType.TANH else np.maximum(total, 0))

    return _run(cell, multiply(x, w_x) + wide(b_x) + wide(b_h), h, lengths)


def _infer(
    op_name: str, gates: int, tensors: tuple[TensorSpec, ...], lengths: TensorSpec | None
) -> tuple[TensorSpec, TensorSpec]:
    x, h, w_x, w_h, b_x, b_h = tensors
    check_dtype(op_name, x, FLOATS)
    check_same_dtype(op_name, *tensors)
    check_rank(op_name, x, 3)
    check_rank(op_name, h, 2)
    steps, batch, channels = x.shape
    hidden = h.shape[1]
    rows = -1 if hidden < 0 else gates * hidden
    check_shape(op_name, f"a state for {x}", h, (batch, -1))
    check_shape(op_name, f"weights for {x}", w_x, (rows, channels))
    check_shape(op_name, f"weights for {h}", w_h, (rows, hidden))
    for bias in (b_x, b_h):
        check_shape(op_name, f"a bias for {h}", bias, (rows,))
    if lengths is not None:
        check_dtype(op_name, lengths, INDICES)
        check_shape(op_name, f"a length for each sequence of {x}", lengths, (batch,))
    return x.like((steps, batch, hidden)), x.like((batch, hidden))


def _run(
    cell: Callable[[Array, Array], Array], given: Array, h: Array, lengths: Array | None
) -> tuple[Array, Array]:
    """The steps one after the other. given: what the inputs contribute, [T, N, gates H]."""
    state = wide(h)
    y = np.empty((len(given), *h.shape), state.dtype)
    for t, step in enumerate(given):
        new = cell(step, state)
        if lengths is None:
            state = y[t] = new
        else:
            going = (lengths > t)[:, None]
            state, y[t] = np.where(going, new, state), np.where(going, new, 0)
    return y.astype(h.dtype), state.astype(h.dtype)
