"""`.safetensors`: a JSON header that says where each tensor's bytes are, and the bytes.

    length of the header, 8 bytes little-endian
    {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...}
    all tensors' bytes, without gaps
"""
from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from converter.errors import ParseError
from lite.errors import ConvertError
from lite.halves import from_bfloat16
from lite.types import Array

_TYPES = {
    "BOOL": "?", "I8": "i1", "I16": "<i2", "I32": "<i4", "I64": "<i8",
    "U8": "u1", "U16": "<u2", "U32": "<u4", "U64": "<u8", "F16": "<f2", "F32": "<f4", "F64": "<f8", "BF16": "<u2",
}  # fmt: skip
_NAMES = {np.dtype(code): name for name, code in _TYPES.items() if name != "BF16"}
_METADATA = "__metadata__"
_HEADER_LIMIT = 100_000_000  # bytes, as the format says
_ALIGNMENT = 8


def is_one(data: bytes) -> bool:
    """Whether bytes begin as a `.safetensors` file does."""
    return data[8:9] == b"{" and 2 <= int.from_bytes(data[:8], "little") <= _HEADER_LIMIT


def decode(data: bytes, name: str) -> dict[str, Array]:
    """The arrays of a `.safetensors` file called `name`. Raises ParseError."""
    start = 8 + int.from_bytes(data[:8], "little")
    try:
        header = json.loads(data[8:start].decode("utf-8"), object_pairs_hook=_unrepeated)
    except (ValueError, RecursionError) as error:
        raise ParseError(f"{name}: its header is damaged: {error}") from error
    if start > len(data) or not isinstance(header, dict):
        raise ParseError(f"{name}: its header is damaged: it ends beyond the file or is no table")
    body = memoryview(data)[start:]
    header.pop(_METADATA, None)
    tensors = {key: _array(row, body, f"{name}: tensor {key!r}") for key, row in header.items()}
    places = sorted(tuple(row["data_offsets"]) for row in header.values())
    if [begin for begin, _ in places] + [len(body)] != [0, *(end for _, end in places)]:
        raise ParseError(f"{name}: it is damaged: its tensors are not one after the other, to the end")
    return tensors


def encode(tensors: Mapping[str, Array]) -> bytes:
    """The bytes of a `.safetensors` file. Raises ConvertError for a name or an element type that it lacks."""
    header, parts, offset = {}, [], 0
    for name, array in tensors.items():
        kind = _NAMES.get(array.dtype.newbyteorder("<"))
        if kind is None or name == _METADATA:
            raise ConvertError(f"tensor {name!r} is {array.dtype}, which a .safetensors file has no place for")
        parts.append(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes())
        header[name] = {"dtype": kind, "shape": array.shape, "data_offsets": [offset, offset + len(parts[-1])]}
        offset += len(parts[-1])
    try:
        text = json.dumps(header, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise ConvertError(f"a tensor's name is not text: {error}") from error
    text += b" " * (-len(text) % _ALIGNMENT)
    return b"".join((len(text).to_bytes(8, "little"), text, *parts))


def _array(row: Any, body: memoryview, where: str) -> Array:
    try:
        kind, shape, (begin, end) = row["dtype"], tuple(row["shape"]), row["data_offsets"]
        numbers = (*shape, begin, end)
    except (KeyError, TypeError, ValueError) as error:
        raise ParseError(f"{where}: its row in the header is damaged") from error
    if not all(type(n) is int and n >= 0 for n in numbers) or not begin <= end <= len(body):
        raise ParseError(f"{where}: its row in the header is damaged")
    if not isinstance(kind, str) or kind not in _TYPES:
        raise ParseError(f"{where} is of type {kind!r}; known are {', '.join(_TYPES)}")
    dtype = np.dtype(_TYPES[kind])
    if math.prod(shape) * dtype.itemsize != end - begin:
        raise ParseError(f"{where} of type {kind} and shape {list(shape)} has {end - begin} bytes")
    try:
        array = np.frombuffer(body[begin:end], dtype).reshape(shape)
    except ValueError as error:  # 65 dimensions, or none of one and too many of another
        raise ParseError(f"{where}: its shape {list(shape)} is beyond what can be held") from error
    if kind == "BF16":
        return from_bfloat16(array)
    return array.view(np.uint8) != 0 if kind == "BOOL" else array


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        raise ValueError("a name occurs twice")
    return table
