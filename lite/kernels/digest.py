"""A digest of bytes, as fast as memory is read: that something has changed shows, though not to one who hides it.

Every lane of four vectors goes its own way: h = (h ^ word) * odd number, then its high half is added to the low one.
Both steps can be undone, so that a changed word always changes its lane, and changes of several words cancel with a
chance of 2^-32 for each lane that has some.
"""
from __future__ import annotations

from lite.kernels.declare import Int, Pointer, i64, kernel, u8, u32
from lite.kernels.simd import Simd, micro
from lite.kernels.value import Value

_STREAMS = 4  # hide the latency of a product
_ODD = 0x5BD1E995


@micro("digest_words", Pointer, Int, Pointer)
def digest_words(s: Simd, x: Value, n: Value, state: Value) -> None:
    """Takes n words of 4 bytes into the state: _STREAMS vectors."""
    places = [state + stream * s.vector_bytes for stream in range(_STREAMS)]

    def block(i: Value, vectors: int, lanes: Value | None, *now: Value) -> tuple[Value, ...]:
        new = []
        for stream in range(vectors):
            h = (now[stream] ^ s.bits(s.load(x + 4 * i + stream * s.vector_bytes, lanes))) * _ODD
            new.append(h ^ ((h >> 16) & 0xFFFF))
        return *new, *now[vectors:]

    found = s.blocks(n, _STREAMS, block, *(s.bits(s.load(place)) for place in places))
    for place, h in zip(places, found, strict=True):
        s.store(s.from_bits(h), place)


@kernel
def digest(x: Pointer, parts: Pointer, count: Int, state: Pointer, begin: Int, end: Int, scratch: Pointer) -> None:
    """Takes parts of x into the state, 256 bytes. parts: `count` times where one begins and ends, int64.

    One unit. Scratch: a word.
    """
    for part in range(count):
        first = i64(parts)[2 * part]
        nbytes = i64(parts)[2 * part + 1] - first
        words = nbytes // 4
        digest_words(x + first, words, state)
        u32(scratch)[0] = 0
        for i in range(4 * words, nbytes):
            u8(scratch)[i - 4 * words] = u8(x + first)[i]
        digest_words(scratch, 1, state)
