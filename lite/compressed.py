"""Codes of constants in the `.ms` format's two compressed forms, streams of bits, the highest bit of each byte first.

    INDEXING  how many values there are, those values, and for each code which of them it is
    SPARSE    the bits of a gap (8), the number of codes listed (32), values as above, for each code listed which it is,
              then for each how many codes before it are left out: those are the zero point, as are all after the last

The number of values takes `bits`, where 0 stands for 2^bits of them; so does each value, as code + 2^(bits - 1). An
index takes as few bits as the number of values allows. Streams are not trusted: whatever one says, the work is bounded
by the number of codes that the constant has.
"""
from __future__ import annotations

import numpy as np

from lite.types import Array

INDEXING, SPARSE = 1, 2  # Tensor.weightQuantCompressType
_MOST_GAP_BITS = 16
MOST_CODES = 1 << 10  # of a byte of a stream: what a small file can make a reader hold is bounded
_CHUNK = 1 << 16  # codes expanded at once


def expand(stream: Array, form: int, bits: int, size: int, zero_point: Array) -> Array:
    """`size` codes, int8 up to 8 bits, else int16. Raises ValueError where the stream does not hold them.

    zero_point: one, or one for each of as many equal runs of codes.
    """
    if size > MOST_CODES * max(stream.size, 1):
        raise ValueError(f"expected up to {MOST_CODES} codes a byte, found {stream.size} bytes for {size} codes")
    reader = _Reader(stream)
    gap_bits, listed = (reader.one(8), reader.one(32)) if form == SPARSE else (0, size)
    if gap_bits > _MOST_GAP_BITS or listed > size:
        expected = f"expected gaps of up to {_MOST_GAP_BITS} bits and up to {size} codes"
        raise ValueError(f"{expected}, found {gap_bits} bits and {listed} codes")
    count = reader.one(bits) or 1 << bits
    values = (reader.many(count, bits) - (1 << (bits - 1))).astype(np.int8 if bits <= 8 else np.int16)
    width = (count - 1).bit_length()
    gaps = reader.after(listed * width)
    gaps.after(listed * gap_bits)
    if size % len(zero_point):
        raise ValueError(f"expected zero points for equal parts of {size} codes, found {len(zero_point)}")
    if form == SPARSE:
        codes = np.repeat(zero_point.astype(values.dtype), size // len(zero_point))
    else:
        codes = np.empty(size, values.dtype)
    last = -1
    for first in range(0, listed, _CHUNK):
        some = min(_CHUNK, listed - first)
        which = reader.many(some, width)
        if which.max() >= count:
            raise ValueError(f"expected one of {count} values, found number {which.max()}")
        if form == INDEXING:
            codes[first : first + some] = values[which]
            continue
        at = np.cumsum(gaps.many(some, gap_bits) + 1, dtype=np.int64) + last
        last = int(at[-1])
        if last >= size:
            raise ValueError(f"expected {size} codes, found one at {last}")
        codes[at] = values[which]
    return codes


class _Reader:
    """Takes numbers off a stream, the highest bit first."""

    def __init__(self, stream: Array, at: int = 0) -> None:
        self._stream, self._at = stream, at
        self._end = 8 * stream.size + 7  # MindSpore Lite's converter drops the last bits that do not fill a byte

    def one(self, bits: int) -> int:
        """The next number, of up to 32 bits."""
        high = self.many(bits // 16, 16).tolist()
        low = self.many(1, bits % 16).tolist() if bits % 16 else []
        number = 0
        for part, width in zip([*high, *low], [16] * len(high) + [bits % 16], strict=False):
            number = number << width | part
        return number

    def after(self, bits: int) -> _Reader:
        """A reader of what follows that many bits. Raises ValueError where the stream ends before."""
        if self._at + bits > self._end:
            raise ValueError(f"expected {self._at + bits} bits, found {8 * self._stream.size}")
        return _Reader(self._stream, self._at + bits)

    def many(self, count: int, bits: int) -> Array:
        """The next numbers, int32, each of up to 16 bits. Raises ValueError where the stream ends before."""
        end = self.after(count * bits)._at
        if not bits:
            return np.zeros(count, np.int32)
        groups, offset = -(-count // 8), self._at & 7  # of 8 numbers, which take as many bytes as one takes bits
        first, last = self._at >> 3, (end + 7) >> 3
        window = np.zeros(bits * groups + 4, np.uint8)
        here = self._stream[first:last]
        window[: len(here)] = here
        found = np.empty((groups, 8), np.int32)
        for j in range(8):
            byte, bit = divmod(offset + j * bits, 8)
            width = (bit + bits + 7) >> 3
            column: Array = window[byte :: bits][:groups].astype(np.int32)
            for further in range(1, width):
                column <<= 8
                column |= window[byte + further :: bits][:groups]
            found[:, j] = (column >> (8 * width - bits - bit)) & ((1 << bits) - 1)
        self._at = end
        return found.reshape(-1)[:count]
