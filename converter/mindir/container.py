"""From bytes or a path to a parsed MindIR message. What is not a MindIR is refused, with what it looks like instead."""
from __future__ import annotations

import mmap
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from google.protobuf.message import DecodeError

from converter.encryption import cipher_of, decrypt
from converter.errors import ParseError
from converter.mindir.bulk import Buffer, without_bulk
from converter.mindir.mind_ir_pb2 import ModelProto
from lite.files import path_of
from lite.foreign import LOOKED_AT, MINDIR, recognize
from lite.types import Array

Read = Callable[[int, int], Array]

_MOST = (1 << 31) - 1  # bytes of a protobuf message
_FIRST_FIELD = b"\n"  # the key of ir_version


@dataclass(frozen=True, slots=True)
class Container:
    """A parsed model. name: how messages call it; folder: where its sidecar files lie, None for bytes.

    read: the bytes at an offset of the model's own file, as many as asked for or as there are; see bulk.py.
    """

    model: ModelProto
    name: str
    folder: Path | None
    read: Read


def open_container(
    source: str | os.PathLike[str] | bytes | bytearray | memoryview, key: bytes | None = None
) -> Container:
    """Parse a MindIR. key: of an encrypted one.

    Raises ParseError for anything else, OSError where a file cannot be read, and what decrypt raises.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        return _in_memory(bytes(source), key, "MindIR (bytes)", None)
    path = path_of(source)
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or not status.st_size:
            return _in_memory(_piped(file, path.name), key, path.name, path.resolve().parent)
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            if cipher_of(data[:4]) is not None:
                return _in_memory(bytes(data), key, path.name, path.resolve().parent)
            model = _parse(data, path.name)
        return Container(model, path.name, path.resolve().parent, _reader(path, file))


def _piped(file: BinaryIO, name: str) -> bytes:
    """What a pipe or a device gives, which may have no end. Raises ParseError for no MindIR, and for too much."""
    begin = file.read(LOOKED_AT)
    if begin and cipher_of(begin) is None and begin[:1] != _FIRST_FIELD:
        _parse(begin, name)
    data = begin + file.read(_MOST - len(begin) + 1)
    if len(data) > _MOST:
        raise ParseError(f"{name}: it has more than {_MOST:,} bytes, which no MindIR has: give a plain file")
    return data


def _in_memory(data: bytes, key: bytes | None, name: str, folder: Path | None) -> Container:
    if not data:
        raise ParseError(f"{name}: empty; expected a MindIR, as mindspore.export(..., file_format='MINDIR') writes it")
    data = decrypt(data, key, name)

    def read(offset: int, length: int) -> Array:
        return np.frombuffer(data, np.uint8)[offset : offset + length]

    return Container(_parse(data, name), name, folder, read)


def _reader(path: Path, opened: BinaryIO) -> Read:
    """Reads of the file that is opened, which is opened again for each: nothing has to be closed later."""
    expected = _identity(opened)

    def read(offset: int, length: int) -> Array:
        with path.open("rb") as file:
            if _identity(file) != expected:
                raise ParseError(f"{path.name}: the file changed while it was being read")
            return np.fromfile(file, np.uint8, length, offset=offset)

    return read


def _identity(file: BinaryIO) -> tuple[int, int, int, int]:
    status = os.fstat(file.fileno())
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _parse(data: Buffer, name: str) -> ModelProto:
    found = recognize(data[:LOOKED_AT])
    if found not in (None, MINDIR):
        raise ParseError(f"{name}: this is {found.what}; {found.advice}")
    model = ModelProto()
    damage = "it cannot be parsed as a protobuf message of that type"
    with suppress(DecodeError, ValueError):
        model.ParseFromString(without_bulk(data))
        if any(isinstance(text, bytes) for text in _texts(model)):  # what protobuf gives where it is not UTF-8
            damage = "it has names that are not text"
        elif model.HasField("graph") and (model.graph.node or model.graph.output):
            return model
        else:
            damage = "it has no graph"
    kind = "a damaged or truncated MindIR" if data[:2] == b"\n\x03" else "no MindIR"
    raise ParseError(f"{name}: this is {kind}: {damage}; expected a file that mindspore.export wrote")


def _texts(model: ModelProto) -> Iterator[object]:
    """Every name that a reader looks at."""
    for primitive in model.primitives:
        yield from (primitive.name, primitive.op_type, *(attribute.name for attribute in primitive.attribute))
    for graph in (model.graph, *model.functions):
        yield graph.name
        for tensor in graph.parameter:
            yield from (tensor.name, tensor.ref_key, tensor.external_data.location)
        for info in (*graph.input, *graph.output):
            yield info.name
        for node in graph.node:
            yield from (node.name, node.op_type, node.domain, *node.input, *node.output)
            yield from (attribute.name for attribute in node.attribute)
