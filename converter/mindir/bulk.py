"""A MindIR without the elements of its large parameters: these stay where they are until somebody asks for them.

protobuf copies what it parses, so a model would take its size three times before its first node is read: the file, the
message, and every tensor taken out of it. Here a parameter's elements (`raw_data`) become the place in the file where
they are (`external_data`), as MindSpore itself writes models beyond protobuf's limit; all else is as it was.
"""
from __future__ import annotations

import mmap
import secrets
from collections.abc import Iterator
from typing import NamedTuple

from converter.mindir.mind_ir_pb2 import GraphProto, ModelProto, TensorProto

Buffer = bytes | memoryview | mmap.mmap

OWN_FILE = f"\0{secrets.token_hex(8)}"  # the location of such places; no file can name it
_BULK = 1 << 12  # bytes, below which elements stay in the message
_BITS_OF_VARINT = 64
_BYTES = 2  # the wire type of what has a length: messages, strings and bytes
_FIXED = {1: 8, 5: 4}  # bytes of the other wire types but varints, and groups, which MindIR has not
_FIRST_KEY = 8  # of a field of number 1
_PATH = (
    (ModelProto.GRAPH_FIELD_NUMBER, ModelProto.FUNCTIONS_FIELD_NUMBER),
    (GraphProto.PARAMETER_FIELD_NUMBER,),
    (TensorProto.RAW_DATA_FIELD_NUMBER,),
)


class _Field(NamedTuple):
    """A field of a message: its number and wire type, and where it, what it holds and what follows it begin."""

    number: int
    wire: int
    begin: int
    body: int
    end: int


def without_bulk(data: Buffer) -> bytes:
    """The message with places for large elements. Raises ValueError where it is not well-formed as far as that goes."""
    return _rewritten(data, 0, len(data), 0)


def _rewritten(data: Buffer, begin: int, end: int, depth: int) -> bytes:
    parts, kept = [], begin
    for field in _fields(data, begin, end):
        if field.wire != _BYTES or field.number not in _PATH[depth]:
            continue
        if depth + 1 < len(_PATH):
            inner = _rewritten(data, field.body, field.end, depth + 1)
            head = _encoded(field.number << 3 | _BYTES) + _encoded(len(inner))
        elif field.end - field.body < _BULK:
            continue
        else:
            head, inner = b"", _place(field.body, field.end - field.body)
        parts += [bytes(data[kept : field.begin]), head, inner]
        kept = field.end
    return b"".join((*parts, data[kept:end]))


def _place(offset: int, length: int) -> bytes:
    place = TensorProto.ExternalDataProto(location=OWN_FILE, offset=offset, length=length)
    return TensorProto(external_data=place).SerializeToString()


def _fields(data: Buffer, begin: int, end: int) -> Iterator[_Field]:
    at = begin
    while at < end:
        key, body = _varint(data, at, end)
        wire = key & 7
        if wire == _BYTES:
            length, body = _varint(data, body, end)
            stop = body + length
        elif wire == 0:
            _, stop = _varint(data, body, end)
        elif wire in _FIXED:
            stop = body + _FIXED[wire]
        else:
            raise ValueError(f"a field of type {wire} at {at}")
        if key < _FIRST_KEY:
            raise ValueError(f"a field of number 0 at {at}")
        if stop > end:
            raise ValueError(f"the field at {at} ends beyond what it is in")
        yield _Field(key >> 3, wire, at, body, stop)
        at = stop


def _varint(data: Buffer, at: int, end: int) -> tuple[int, int]:
    """The number at `at`, and where what follows it begins."""
    number = 0
    for place, shift in zip(range(at, end), range(0, _BITS_OF_VARINT, 7), strict=False):
        byte = data[place]
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, place + 1
    raise ValueError(f"no number at {at}")


def _encoded(number: int) -> bytes:
    digits = []
    while number > 0x7F:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*digits, number))
