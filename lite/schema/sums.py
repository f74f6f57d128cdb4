"""What the constants in a file beside a model come to, so that the model knows the file that was written with it.

The file ends with a digest of 16 bytes for each constant, their number in 8 bytes, little-endian, and MAGIC. In the
model the checkSum of a constant's externalData is PREFIX and the digest in hexadecimal. Whoever reads compares the two
and digests nothing: that takes the last pages of the file, where reading all of it would take as long as it is large.
"""
from __future__ import annotations

import struct
from collections.abc import Sequence

PREFIX = "blake2b:"
MAGIC = b"mindlite"
DIGEST = 16  # bytes
_END = struct.Struct("<Q8s")


def check_sum(digest: bytes) -> str:
    """As the model says it."""
    return f"{PREFIX}{digest.hex()}"


def table(digests: Sequence[bytes]) -> bytes:
    """The end of the file."""
    return b"".join(digests) + _END.pack(len(digests), MAGIC)


def check_sums(data: memoryview) -> frozenset[str]:
    """Those that a file ends with, as a model would say them; empty for a file of others."""
    if len(data) < _END.size:
        return frozenset()
    count, magic = _END.unpack(data[-_END.size :])
    first = len(data) - _END.size - count * DIGEST
    if magic != MAGIC or first < 0:
        return frozenset()
    return frozenset(check_sum(bytes(data[at : at + DIGEST])) for at in range(first, len(data) - _END.size, DIGEST))
