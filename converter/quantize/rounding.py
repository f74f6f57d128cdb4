"""Rounding with compensation: it keeps the outputs of a product close, rather than each of its weights.

The error of y = w x over the samples is (w - q) H (w - q)^T with H the sum of x x^T. Weights are rounded one after the
other; each one's error is spread over those that are still to be rounded, so that this stays least: with the upper
Cholesky factor U of the inverse of H, weight j takes its error / U[j, j] times U[j, k] to every k after it. What is 0,
as pruned weights are, stays 0.
"""
from __future__ import annotations

import numpy as np

from converter.quantize.clusters import Clusters
from converter.quantize.ranges import Even
from lite.types import Array

_DAMPING = (0.01, 0.1, 1.0, 10.0)  # of the mean of H's diagonal, added to it; more where less does not do
_BLOCK = 128  # columns whose errors reach the rest at once


def compensate(
    w: Array, hessian: Array, size: int, grid: Even | Clusters, keep_zeros: bool
) -> tuple[Array, Array, Array]:
    """Codes int32 of w [channels, depth], and scale and offset [channels * depth / size] of its groups of `size`.

    keep_zeros: weights that are 0 stay so.
    """
    rest = w.astype(np.float64)
    channels, depth = w.shape
    factor = _factor(hessian)
    pruned = (w == 0) & keep_zeros
    codes = np.zeros(w.shape, np.int32)
    scale, offset = (np.zeros((channels, depth // size), np.float32) for _ in range(2))
    for first in range(0, depth, _BLOCK):
        end = min(first + _BLOCK, depth)
        errors = np.zeros((channels, end - first))
        for j in range(first, end):
            group = j // size
            if j % size == 0:
                scale[:, group], offset[:, group] = grid.fit(_ahead(rest, errors, factor, first, end, j, j + size))
            column, s, o = rest[:, j], scale[:, group].astype(np.float64), offset[:, group]
            codes[:, j] = np.where(pruned[:, j], 0, grid.codes(column, s, o))
            error = (column - (codes[:, j] * s + o)) / factor[j, j]
            rest[:, j:end] -= error[:, None] * factor[j, j:end]
            errors[:, j - first] = error
        rest[:, end:] -= errors @ factor[first:end, end:]
    return codes, scale.reshape(-1), offset.reshape(-1)


def _ahead(rest: Array, errors: Array, factor: Array, first: int, end: int, start: int, stop: int) -> Array:
    """Columns [start, stop) of the weights that are left, with the errors of this block taken to those beyond it."""
    here: Array = rest[:, start:stop].copy()
    if stop > end and start > first:
        done = start - first
        here[:, end - start :] -= errors[:, :done] @ factor[first:start, end:stop]
    return here


def _factor(hessian: Array) -> Array:
    """The upper Cholesky factor of the inverse, of what is damped until it has one."""
    mean = float(np.mean(np.diag(hessian))) or 1.0
    found = (_inverse_factor(hessian + strength * mean * np.eye(len(hessian))) for strength in _DAMPING)
    return next((factor for factor in found if factor is not None), np.eye(len(hessian)))


def _inverse_factor(h: Array) -> Array | None:
    """The upper Cholesky factor of the inverse of h; None where h is not positive definite."""
    try:
        inverse = np.linalg.inv(np.linalg.cholesky(h))
        factor: Array = np.linalg.cholesky(inverse.T @ inverse).T
    except np.linalg.LinAlgError:
        return None
    return factor
