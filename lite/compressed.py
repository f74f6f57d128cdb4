"""Codes of constants in the `.ms` format's two compressed forms, streams of bits, the highest bit of each byte first.

    INDEXING  how many values there are, those values, and for each code which of them it is
    SPARSE    the bits of a gap (8), the number of codes listed (32), values as above, for each code listed which it is,
              then for each how many codes before it are left out: those are the zero point, as are all after the last

A number of values takes `bits`, as do the values, as code + 2^(bits - 1); 2^bits of them are written as 0. Which value
it is takes as few bits as count them. Nothing is believed: whatever a stream says, the work is bounded by the number of
codes that the constant has.
"""
from __future__ import annotations

import numpy as np

from lite.types import Array

INDEXING, SPARSE = 1, 2  # Tensor.weightQuantCompressType
_MOST_GAP_BITS = 16
_MOST_CODES = 1 << 10  # of a byte of a stream: what a small file can make a reader hold is bounded
_CHUNK = 1 << 18  # numbers read at once


def expand(stream: Array, form: int, bits: int, size: int, zero_point: Array) -> Array:
    """`size` codes, int8 up to 8 bits, else int16. Raises ValueError where the stream does not hold them.

    zero_point: one, or one for each of as many equal runs of codes.
    """
    if size > _MOST_CODES * max(stream.size, 1):
        raise ValueError(f"expected up to {_MOST_CODES} codes a byte, found {stream.size} bytes for {size} codes")
    reader = _Reader(stream)
    gap_bits, listed = (reader.one(8), reader.one(32)) if form == SPARSE else (0, size)
    if gap_bits > _MOST_GAP_BITS or listed > size:
        expected = f"expected gaps of up to {_MOST_GAP_BITS} bits and up to {size} codes"
        raise ValueError(f"{expected}, found {gap_bits} bits and {listed} codes")
    count = reader.one(bits) or 1 << bits
    values = (reader.many(count, bits) - (1 << (bits - 1))).astype(np.int8 if bits <= 8 else np.int16)
    which = reader.many(listed, (count - 1).bit_length())
    if which.max(initial=0) >= count:
        raise ValueError(f"expected one of {count} values, found number {which.max()}")
    if form == INDEXING:
        return values[which]
    at = np.cumsum(reader.many(listed, gap_bits).astype(np.int64) + 1) - 1
    if listed and at[-1] >= size:
        raise ValueError(f"expected {size} codes, found one at {at[-1]}")
    if size % len(zero_point):
        raise ValueError(f"expected zero points for equal parts of {size} codes, found {len(zero_point)}")
    codes = np.repeat(zero_point.astype(values.dtype), size // len(zero_point))
    codes[at] = values[which]
    return codes


class _Reader:
    """Takes numbers off a stream, the highest bit first."""

    def __init__(self, stream: Array) -> None:
        self._bytes = np.concatenate([stream, np.zeros(2, np.uint8)])
        self._at, self._end = 0, 8 * stream.size

    def one(self, bits: int) -> int:
        """The next number, of up to 32 bits."""
        high = self.many(bits // 16, 16).tolist()
        low = self.many(1, bits % 16).tolist() if bits % 16 else []
        number = 0
        for part, width in zip([*high, *low], [16] * len(high) + [bits % 16], strict=False):
            number = number << width | part
        return number

    def many(self, count: int, bits: int) -> Array:
        """The next numbers, int32, each of up to 16 bits. Raises ValueError where the stream ends before."""
        if self._at + count * bits > self._end:
            raise ValueError(f"expected {self._at + count * bits} bits, found {self._end}")
        found = np.zeros(count, np.int32)
        for first in range(0, count if bits else 0, _CHUNK):
            at = np.arange(first, min(first + _CHUNK, count), dtype=np.int64) * bits + self._at
            byte = at >> 3
            window = self._bytes[byte].astype(np.int32) << 16
            window |= self._bytes[byte + 1].astype(np.int32) << 8
            window |= self._bytes[byte + 2]
            found[first : first + _CHUNK] = (window >> (24 - bits - (at & 7))) & ((1 << bits) - 1)
        self._at += count * bits
        return found
