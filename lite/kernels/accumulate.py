"""Running sums and products of numbers of any type, and reductions of integers; types are dealt with in elements.py."""
from __future__ import annotations

from typing import Any

import numpy as np

from lite.kernels.codes import REDUCE
from lite.kernels.declare import Int, Pointer, f64, i64, kernel, routine
from lite.kernels.elements import (
    is_float,
    item_bytes,
    load_floats,
    load_integers,
    store_floats,
    store_integers,
)
from lite.kernels.index import row_offset

_SUM, _MAX, _MIN, _PROD, _SUM_SQUARE, _SUM_ABS = (
    REDUCE.index(name) for name in ("sum", "max", "min", "prod", "sum_square", "sum_abs")
)


@kernel
def accumulate(
    x: Pointer,
    y: Pointer,
    kind: Int,
    product: Int,
    rows: Int,
    n: Int,
    inner: Int,
    exclusive: Int,
    backwards: Int,
    block: Int,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """y[r, i, j] = sum of x[r, up to i, j]; x [rows / inner, n, inner] of type `kind`, an index in codes.TYPES.

    product: 1 for their product. exclusive: 1 leaves x[r, i, j] itself out. backwards: 1 starts from the end. Units:
    blocks of `block` rows.
    scratch: 8 bytes.
    """
    size = item_bytes(kind)
    for row in range(begin * block, min(end * block, rows)):
        outer = row // inner
        start = (outer * n * inner + row - outer * inner) * size
        total, count = np.float64(product), np.int64(product)
        for i in range(n):
            at = start + (n - 1 - i if backwards else i) * inner * size
            if is_float(kind):
                load_floats(x + at, kind, 1, scratch)
                before = total
                total = total * f64(scratch)[0] if product else total + f64(scratch)[0]
                f64(scratch)[0] = before if exclusive else total
                store_floats(scratch, kind, 1, y + at)
            else:
                load_integers(x + at, kind, 1, scratch)
                fewer = count
                count = count * i64(scratch)[0] if product else count + i64(scratch)[0]
                i64(scratch)[0] = fewer if exclusive else count
                store_integers(scratch, kind, 1, y + at)


@routine
def _join(mode: int, total: int, element: int) -> Any:
    if mode == _MAX:
        return max(total, element)
    if mode == _MIN:
        return min(total, element)
    if mode == _PROD:
        return total * element
    if mode == _SUM_SQUARE:
        return total + element * element
    return total + (abs(element) if mode == _SUM_ABS else element)


@kernel
def reduce_integers(
    x: Pointer,
    y: Pointer,
    kind: Int,
    mode: Int,
    kept: Pointer,
    results: Int,
    reduced: Pointer,
    passes: Int,
    n: Int,
    step: Int,
    divisor: Int,
    block: Int,
    begin: Int,
    end: Int,
    scratch: Pointer,
) -> None:
    """y[results] = the combination of at least one element each, divided by `divisor` towards zero; mode: codes.REDUCE.

    kept, reduced: dimensions for index.row_offset, of `results` and of `passes` elements; from each of the latter on, n
    elements are `step` bytes apart. kind: index in codes.TYPES. Units: blocks of `block` results. scratch: 8 bytes.
    """
    for result in range(begin * block, min(end * block, results)):
        source = x + row_offset(kept, result, 0)
        total = np.int64(1 if mode == _PROD else 0)
        if mode in (_MAX, _MIN):
            load_integers(source, kind, 1, scratch)
            total = i64(scratch)[0]
        for p in range(passes):
            here = source + row_offset(reduced, p, 0)
            for i in range(n):
                load_integers(here + i * step, kind, 1, scratch)
                total = _join(mode, total, i64(scratch)[0])
        target = y + result * item_bytes(kind)
        i64(scratch)[0] = total
        store_integers(scratch, kind, 1, target)
        if divisor > 1:  # the sum has wrapped around in its own type
            load_integers(target, kind, 1, scratch)
            i64(scratch)[0] = np.int64(np.float64(i64(scratch)[0]) / np.float64(divisor))
            store_integers(scratch, kind, 1, target)
