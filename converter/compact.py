"""Store codes in the form of the `.ms` format that takes the fewest bytes; lite/compressed.py explains the forms.

Codes are stored plainly or packed, by index where few values occur, or sparse where most are the zero point. In a
sparse stream, gaps of 2^bits or more codes are bridged by listing zero points. Plain codes of 8 bits are read from the
mapped file without a copy, so another form has to be much smaller.
"""
from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from lite.coded import Coded
from lite.compressed import INDEXING, MOST_CODES, SPARSE
from lite.records import replace
from lite.types import Array

_WORTH = 0.9  # of the bytes of plain codes, at most
_GAP_BITS = range(1, 13)
_ROWS = 24  # of a matrix with offsets, from which on nodes take less than parameters
_TABLE_BYTES, _FIELD_BYTES, _REFERENCE_BYTES = 16, 4, 4  # of a scale among the parameters
_NODE_BYTES = 400  # of nodes that make numbers of codes
_CHUNK = 1 << 16  # numbers written at once; a multiple of 8


class _Listed(NamedTuple):
    """The codes that a stream lists. gaps: how many are left out before each; width: bits that a gap takes."""

    codes: Array
    gaps: Array
    width: int


def compact(data: Coded) -> Coded:
    """The same constant, with its codes in the shortest form."""
    if data.form:
        return data
    size, bits, limit = int(np.prod(data.shape)), data.bits, _WORTH * data.nbytes
    codes = data.codes().reshape(-1)
    streams = [(INDEXING, _Listed(codes, codes[:0], 0), 0)]
    zero = int(data.zero_point[0])
    if (data.zero_point == zero).all() and np.count_nonzero(codes == zero) > size // 4:
        streams.append((SPARSE, _without(codes, zero), 40))
    best: Coded | None = None
    for form, listed, header in streams:
        values = _values(listed.codes, bits)
        nbits = header + bits * (1 + len(values)) + len(listed.codes) * ((len(values) - 1).bit_length() + listed.width)
        nbytes = -(-nbits // 8)
        if nbytes < limit and size <= MOST_CODES * nbytes:
            limit, best = nbytes, replace(data, words=_stream(listed, values, bits, form, nbytes), form=form)
    return data if best is None else best


def stored_bytes(data: Coded) -> int:
    """About how many bytes of a file the codes take, with their scales and offsets."""
    has_offsets, count = bool(data.mean_corr.any()), len(data.scale)
    nbytes: int = compact(data).nbytes
    if not in_parameters(data):
        columns = [data.scale, data.mean_corr] if has_offsets else [data.scale]
        return nbytes + _NODE_BYTES + sum((2 if fits_half(column) else 4) * count for column in columns)
    tables = len(np.unique(np.stack([data.scale, data.mean_corr], axis=1), axis=0))  # equal ones are one
    each = _TABLE_BYTES + _FIELD_BYTES * (has_offsets + (data.bits != 8))
    return nbytes + _REFERENCE_BYTES * count + each * tables


def fits_half(numbers: Array) -> bool:
    """Whether float32 numbers are float16 numbers too, so that files can have them in 2 bytes each."""
    with np.errstate(over="ignore"):
        return np.array_equal(numbers.astype(np.float16), numbers)


def in_parameters(data: Coded) -> bool:
    """Whether a constant's scales and offsets are written as parameters: where they can, and nodes are not shorter."""
    rows, is_matrix = len(data.scale), len(data.shape) == 2
    return _has_axis(data) and not (is_matrix and data.shape[0] == rows >= _ROWS and bool(data.mean_corr.any()))


def _has_axis(data: Coded) -> bool:
    """Whether a constant's parameters are as the format knows them: one, or one for each element of an axis."""
    outer, channels, _ = data.blocks
    if channels == 1:
        return not data.mean_corr.any()  # readers do not look for a correction of all elements
    return any(math.prod(data.shape[:d]) == outer and n == channels for d, n in enumerate(data.shape))


def _values(codes: Array, bits: int) -> Array:
    """The values that occur, in order; one where there are none, as readers expect."""
    low = -(1 << (bits - 1))
    counts = np.bincount(codes.astype(np.int64) - low, minlength=1)
    found: Array = np.flatnonzero(counts) + low
    return found if len(found) else np.zeros(1, np.int64)


def _without(codes: Array, zero: int) -> _Listed:
    """The codes to list when zero points are left out, with gaps of the width that takes the fewest bits."""
    at = np.flatnonzero(codes != zero)
    gaps = np.diff(at, prepend=-1) - 1
    each = 1 + (len(np.unique(codes[at])) - 1).bit_length() if len(at) else 1
    width = min(_GAP_BITS, key=lambda w: (len(at) + int((gaps >> w).sum())) * (each + w))
    bridges = gaps >> width
    listed = np.full(len(at) + int(bridges.sum()), zero, codes.dtype)
    left_out = np.full(len(listed), (1 << width) - 1)
    places = np.arange(len(at)) + np.cumsum(bridges)
    listed[places] = codes[at]
    left_out[places] = gaps & ((1 << width) - 1)
    return _Listed(listed, left_out, width)


def _stream(listed: _Listed, values: Array, bits: int, form: int, nbytes: int) -> Array:
    stream = np.zeros(nbytes + 1, np.uint8)
    at, half = 0, 1 << (bits - 1)
    if form == SPARSE:
        at = _put(stream, at, np.array([listed.width]), 8)
        at = _put(stream, at, np.array([len(listed.codes)]), 32)
    at = _put(stream, at, np.array([len(values) % (1 << bits)]), bits)
    at = _put(stream, at, values + half, bits)
    which = np.zeros(1 << bits, np.int64)
    which[values + half] = np.arange(len(values))
    at = _put(stream, at, which[listed.codes.astype(np.int64) + half], (len(values) - 1).bit_length())
    _put(stream, at, listed.gaps, listed.width)
    return stream[:nbytes]


def _put(stream: Array, at: int, numbers: Array, width: int) -> int:
    """Write numbers of `width` bits from bit `at` on; gives the bit where the next ones go."""
    places = np.arange(width - 1, -1, -1)
    for first in range(0, len(numbers) if width else 0, _CHUNK):
        part = numbers[first : first + _CHUNK]
        single = (part[:, None] >> places) & 1
        packed = np.packbits(np.concatenate([np.zeros(at & 7, np.uint8), single.astype(np.uint8).reshape(-1)]))
        stream[at >> 3 : (at >> 3) + len(packed)] |= packed
        at += len(part) * width
    return at
