"""Precision of the references: halves are computed in fp32 and rounded once, at the end."""
from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from lite.types import Array

Outputs = Array | tuple[Array, ...]
Product = Callable[[Array, Array], Array]
_MARK = "in_float32"


def in_float32(reference: Callable[..., Outputs]) -> Callable[..., Outputs]:
    """Decorator: fp16 arguments are widened to fp32, and where there were any, fp32 results are rounded to fp16."""

    @functools.wraps(reference)
    def widened(attrs: Any, *inputs: Array) -> Outputs:
        if not any(x.dtype == np.float16 for x in inputs):
            return reference(attrs, *inputs)
        result = reference(attrs, *(x.astype(np.float32) if x.dtype == np.float16 else x for x in inputs))
        return tuple(map(_narrow, result)) if isinstance(result, tuple) else _narrow(result)

    setattr(widened, _MARK, True)
    return widened


def is_in_float32(reference: Callable[..., Outputs] | None) -> bool:
    """Whether a reference computes halves as `in_float32` says."""
    return hasattr(reference, _MARK)


def _narrow(y: Array) -> Array:
    return y.astype(np.float16) if y.dtype == np.float32 else y


def product(x: Array, w: Array) -> Array:
    """x [..., depth] times the rows of w [n, depth]."""
    y: Array = wide(x) @ wide(w).T
    return y


def wide(x: Array) -> Array:
    """x in fp64 where it is floating point: for sums whose error should not grow with their length."""
    return x.astype(np.float64) if x.dtype.kind == "f" else x
