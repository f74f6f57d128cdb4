"""From bytes or a path to a parsed MindIR message. What is not a MindIR is refused, with what it looks like instead."""
from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from google.protobuf.message import DecodeError

from converter.encryption import decrypt
from converter.errors import ParseError
from converter.mindir.mind_ir_pb2 import ModelProto
from lite.foreign import MINDIR, recognize


@dataclass(frozen=True, slots=True)
class Container:
    """A parsed model. name: how messages call it; folder: where its sidecar files lie, None for bytes."""

    model: ModelProto
    name: str
    folder: Path | None


def open_container(
    source: str | os.PathLike[str] | bytes | bytearray | memoryview, key: bytes | None = None
) -> Container:
    """Parse a MindIR. key: of an encrypted one.

    Raises ParseError for anything else, OSError where a file cannot be read, and what decrypt raises.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        data, name, folder = bytes(source), "MindIR (bytes)", None
    else:
        path = Path(source)
        data, name, folder = path.read_bytes(), path.name, path.resolve().parent
    if not data:
        raise ParseError(f"{name}: empty; expected a MindIR, as mindspore.export(..., file_format='MINDIR') writes it")
    data = decrypt(data, key, name)
    found = recognize(data)
    if found not in (None, MINDIR):
        raise ParseError(f"{name}: this is {found.what}; {found.advice}")
    return Container(_parse(data, name), name, folder)


def _parse(data: bytes, name: str) -> ModelProto:
    model = ModelProto()
    damage = "it cannot be parsed as a protobuf message of that type"
    with suppress(DecodeError):
        model.ParseFromString(data)
        if any(isinstance(text, bytes) for text in _texts(model)):  # what protobuf gives where it is not UTF-8
            damage = "it has names that are not text"
        elif model.HasField("graph") and (model.graph.node or model.graph.output):
            return model
        else:
            damage = "it has no graph"
    kind = "a damaged or truncated MindIR" if data.startswith(b"\n\x03") else "no MindIR"
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
