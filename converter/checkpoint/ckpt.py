"""MindSpore's `.ckpt`: a protobuf message with one entry a tensor, or several in a row for one that is large.

A file may end with "crc_num" and the checksum of all before it, ten bytes big-endian, which is checked.
"""
from __future__ import annotations

import binascii
import math
from collections.abc import Mapping
from itertools import groupby

import numpy as np
from google.protobuf.message import DecodeError

from converter.checkpoint.checkpoint_pb2 import Checkpoint, TensorProto
from converter.errors import ParseError
from lite.errors import ConvertError
from lite.halves import from_bfloat16
from lite.types import Array

_TYPES = {
    "Bool": "?", "Int8": "i1", "Int16": "<i2", "Int32": "<i4", "Int64": "<i8", "UInt8": "u1", "UInt16": "<u2",
    "UInt32": "<u4", "UInt64": "<u8", "Float16": "<f2", "Float32": "<f4", "Float64": "<f8", "Complex64": "<c8",
    "Complex128": "<c16",
}  # fmt: skip
_NAMES = {np.dtype(code): name for name, code in _TYPES.items()}
_BFLOAT16, _STRING = "BFloat16", "str"
_SLICE = 512 << 20  # bytes of one entry, as MindSpore has them
_CHECKSUM, _CHECKSUM_BYTES = b"crc_num", 10


def decode(data: bytes, name: str) -> dict[str, Array]:
    """The arrays of a `.ckpt` file called `name`. Raises ParseError."""
    message = Checkpoint()
    try:
        message.ParseFromString(_checked(data, name))
    except DecodeError as error:
        raise ParseError(f"{name}: no checkpoint, or a damaged one; expected a .ckpt or .safetensors file") from error
    tensors: dict[str, Array] = {}
    for tag, entries in groupby(message.value, key=lambda entry: entry.tag):
        parts = list(entries)
        if tag in tensors:
            raise ParseError(f"{name}: tensor {tag!r} occurs twice")
        if any(part.HasField("maptensor") for part in parts):
            raise ParseError(f"{name}: {tag!r} is a hash table, which no operator here reads")
        tensors[tag] = _array([part.tensor for part in parts], f"{name}: tensor {tag!r}")
    return tensors


def encode(tensors: Mapping[str, Array]) -> bytes:
    """The bytes of a `.ckpt` file. Raises ConvertError for an element type that it lacks."""
    parts = []
    for name, array in tensors.items():
        kind = _NAMES.get(array.dtype.newbyteorder("<"))
        if kind is None:
            raise ConvertError(f"tensor {name!r} is {array.dtype}, which a .ckpt has no type for")
        content = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
        for start in range(0, max(len(content), 1), _SLICE):
            message = Checkpoint()
            try:
                entry = message.value.add(tag=name)
            except (UnicodeEncodeError, ValueError) as error:
                raise ConvertError(f"a tensor's name is not text: {error}") from error
            entry.tensor.dims.extend(array.shape)
            entry.tensor.tensor_type = kind
            entry.tensor.tensor_content = content[start : start + _SLICE]
            parts.append(message.SerializeToString())
    return b"".join(parts)


def _checked(data: bytes, name: str) -> bytes:
    """The message, without the checksum behind it."""
    end = len(data) - _CHECKSUM_BYTES - len(_CHECKSUM)
    if end < 0 or data[end : end + len(_CHECKSUM)] != _CHECKSUM:
        return data
    if binascii.crc32(data[:end]) != int.from_bytes(data[-_CHECKSUM_BYTES:], "big"):
        raise ParseError(f"{name}: it is damaged: its checksum is not that of its content")
    return data[:end]


def _array(parts: list[TensorProto], where: str) -> Array:
    kind, shape = parts[-1].tensor_type, tuple(parts[-1].dims)
    content = parts[0].tensor_content if len(parts) == 1 else b"".join(part.tensor_content for part in parts)
    if kind == _STRING:
        text = content.decode("utf-32-le", "replace")
        return np.array(text)
    if kind != _BFLOAT16 and kind not in _TYPES:
        raise ParseError(f"{where} is of type {kind!r}; known are {', '.join(_TYPES)}, {_BFLOAT16}")
    dtype = np.dtype("<u2" if kind == _BFLOAT16 else _TYPES[kind])
    if shape == (0,) and content:
        shape = ()  # older files write a number so
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(content):
        raise ParseError(f"{where} of type {kind} and shape {list(shape)} has {len(content)} bytes")
    try:
        array = np.frombuffer(content, dtype).reshape(shape)
    except ValueError as error:  # 65 dimensions, or none of one and too many of another
        raise ParseError(f"{where}: its shape {list(shape)} is beyond what can be held") from error
    if kind == _BFLOAT16:
        return from_bfloat16(array)
    return array.view(np.uint8) != 0 if kind == "Bool" else array
