"""Rows of float32 that become int8 codes while a network runs, each with a scale and a zero point of its own.

    low, high = min(0, the least of the row), max(0, the largest)        span = high - low
    scale, factor = span / 255, 255 / span                               0 and 0 where span is below 2^-100
    zero = round(-128 - low * factor)
    code = clamp(round(x * factor), -128 - zero, 127 - zero) + zero      x is about (code - zero) * scale

float32, each result rounded; `round` is to nearest, halves to even. Of a row with an element that is not finite, or a
span that is not, the scale is NaN, and so is all that is computed with it.

    DynamicQuant     the codes alone: in files, before a product that computes with them
    product          total = sum of (code - zero) * w: exact, in int32
                     y = activation(float32(total) * (scale * scale of w) + bias)

    LSTM, GRU, RNN   both products so, of x and of h, with weights that become codes once, when they are read:
                     scale of w = the largest of a row of w / 127, code = round(w / scale); all else float32

Here a product reads the float32 itself (lite/ops/quantized.py): the format has no place for the scales.
"""
from __future__ import annotations

import numpy as np

from lite.ops.checks import check_dtype, check_rank_at_least
from lite.ops.registry import Attributes, op
from lite.records import dataclass
from lite.types import Array, DType, TensorSpec

LEAST_SPAN = 2.0**-100  # of a row that is 0


@dataclass(frozen=True, slots=True)
class DynamicQuant(Attributes):
    """activation_channel: rows along the last axis, rather than all of x as one. symmetric: the zero point is 0."""

    ignored = ("dst_type", "prefer_axes", "prefer_axis", "transpose")

    symmetric: bool = False
    activation_channel: bool = False


@op(DynamicQuant)
def infer(attrs: DynamicQuant, x: TensorSpec) -> TensorSpec:
    """float32 with dimensions -> x's shape in int8."""
    check_dtype(attrs.op, x, {DType.FLOAT32})
    check_rank_at_least(attrs.op, x, 1)
    return x.like(dtype=DType.INT8)


@infer.reference
def reference(attrs: DynamicQuant, x: Array) -> Array:
    rows = x if attrs.activation_channel else x.reshape(1, -1)
    if attrs.symmetric:  # a range that is as wide on both sides
        largest = np.abs(rows).max(axis=-1, keepdims=True, initial=0)
        codes, zero, _ = codes_of(np.concatenate([rows, largest, -largest], axis=-1))
        codes = np.clip(codes[..., :-2] - zero, -128, 127)
    else:
        codes, _, _ = codes_of(rows)
    return codes.astype(np.int8).reshape(x.shape)


def codes_of(x: Array) -> tuple[Array, Array, Array]:
    """Codes and zero points, int32, and scales, float32, of rows [..., depth]; the last two are [..., 1]."""
    low, high = (pick(x, axis=-1, keepdims=True, initial=0) for pick in (np.fmin.reduce, np.fmax.reduce))
    span = high - low
    used = span >= np.float32(LEAST_SPAN)
    factor = np.where(used, np.float32(255) / span, np.float32(0))
    scale = np.where(used, span / np.float32(255), np.float32(0))
    bad = ~np.isfinite(x).all(axis=-1, keepdims=True) | ~np.isfinite(span)
    zero = np.rint(np.nan_to_num(np.float32(-128) - low * factor))
    scaled = np.nan_to_num(np.rint(x * factor))
    codes = np.clip(scaled, -128 - zero, 127 - zero) + zero
    return codes.astype(np.int32), zero.astype(np.int32), np.where(bad, np.float32(np.nan), scale).astype(np.float32)


def weight_codes_of(w: Array) -> tuple[Array, Array]:
    """int8 codes, and scales float32 [n], of weights [n, depth] of a recurrent layer."""
    rows = w.astype(np.float32)
    scale = np.abs(rows).max(axis=1, initial=0) / np.float32(127)
    scale = np.where(np.isfinite(scale) & (scale >= np.float32(LEAST_SPAN)), scale, np.float32(1))
    codes = np.clip(np.rint(np.nan_to_num(rows / scale[:, None])), -127, 127)
    return codes.astype(np.int8), scale.astype(np.float32)


def row_product(x: Array, w: Array) -> Array:
    """x [..., depth] times the rows of weights of a recurrent layer, float32 [..., n]."""
    codes, zero, scale = codes_of(x.astype(np.float32))
    weights, weight_scale = weight_codes_of(w)
    total = (codes - zero).astype(np.float64) @ weights.astype(np.float64).T
    y: Array = total.astype(np.float32) * (scale * weight_scale)
    return y
