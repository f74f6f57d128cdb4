"""Keep a triangle of each matrix, zero elsewhere.

    Tril  the elements on and below diagonal k       Triu  those on and above it

k is the second input, 0 (the main diagonal) where there is none; positive lies above it.
"""
from __future__ import annotations

import numpy as np

from lite.ops.checks import BOOLS, NUMBERS, check_dtype, check_rank_at_least
from lite.ops.registry import NoAttributes, op
from lite.ops.shapes import known_integer
from lite.types import Array, TensorSpec


class Tril(NoAttributes):
    """No attributes."""

    __slots__ = ()


@op(Tril)
def infer_tril(attrs: Tril, x: TensorSpec, k: TensorSpec | None = None) -> TensorSpec:
    """x [..., M, N] of any number type or bool, k one int32 or int64 -> the shape of x."""
    return _infer(attrs.op, x, k)


@infer_tril.reference
def tril(attrs: Tril, x: Array, k: Array | None = None) -> Array:
    return np.where(_diagonals(x) <= _diagonal(k), x, np.zeros((), x.dtype))


class Triu(NoAttributes):
    """No attributes."""

    __slots__ = ()


@op(Triu)
def infer_triu(attrs: Triu, x: TensorSpec, k: TensorSpec | None = None) -> TensorSpec:
    """x [..., M, N] of any number type or bool, k one int32 or int64 -> the shape of x."""
    return _infer(attrs.op, x, k)


@infer_triu.reference
def triu(attrs: Triu, x: Array, k: Array | None = None) -> Array:
    return np.where(_diagonals(x) >= _diagonal(k), x, np.zeros((), x.dtype))


def _infer(op_name: str, x: TensorSpec, k: TensorSpec | None) -> TensorSpec:
    check_dtype(op_name, x, NUMBERS | BOOLS)
    check_rank_at_least(op_name, x, 2)
    if k is not None:
        known_integer(op_name, "diagonal", k)
    return x.like()


def _diagonal(k: Array | None) -> int:
    return 0 if k is None else int(k.item())


def _diagonals(x: Array) -> Array:
    """Which diagonal each element of a matrix is on."""
    return np.arange(x.shape[-1]) - np.arange(x.shape[-2])[:, None]
