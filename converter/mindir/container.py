"""From bytes or a path to a parsed MindIR message. What is not a MindIR is refused, with what it looks like instead."""
from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from google.protobuf.message import DecodeError

from converter.errors import ParseError
from converter.mindir.mind_ir_pb2 import ModelProto

_DECRYPT = "export it without enc_key, or decrypt it first with mindspore.load(..., dec_key=...) and export again"

# offset, bytes found there, what that is, what to do. A MindIR starts with its ir_version, a string: 0a 03 "1.1".
_SIGNATURES = (
    (0, b"\xd8\x5e\x3a\x7f", "an encrypted MindIR (AES-GCM)", _DECRYPT),
    (0, b"\xd9\x5e\x3a\x7f", "an encrypted MindIR (AES-CBC)", _DECRYPT),
    (0, b"\xda\x5e\x3a\x7f", "an encrypted MindIR (SM4-CBC)", _DECRYPT),
    (4, b"MSL", "a .ms model, which is converted already", "run it with lite.Session or `mlite run`"),
    (4, b"TFL3", "a TensorFlow Lite model", "export the network from MindSpore as MindIR"),
    (0, b"PK\x03\x04", "a zip archive, as PyTorch and numpy write", "export the network from MindSpore as MindIR"),
    (0, b"\x93NUMPY", "a numpy array", "give the .mindir file that mindspore.export wrote"),
    (0, b"\x89HDF", "an HDF5 file", "export the network from MindSpore as MindIR"),
    (0, b"\x08", "an ONNX model", "export the network from MindSpore with file_format='MINDIR'"),
)

# A checkpoint starts with an entry (field 1), that with its tag (field 1), and after the tag comes a tensor (field 2).
_CHECKPOINT_START = re.compile(rb"\n[\x80-\xff]{0,4}[\x00-\x7f]\n([\x01-\x7f])")


@dataclass(frozen=True, slots=True)
class Container:
    """A parsed model. name: how messages call it; folder: where its sidecar files lie, None for bytes."""

    model: ModelProto
    name: str
    folder: Path | None


def open_container(source: str | os.PathLike[str] | bytes | bytearray | memoryview) -> Container:
    """Parse a MindIR. Raises ParseError for anything else, OSError where a file cannot be read."""
    if isinstance(source, bytes | bytearray | memoryview):
        data, name, folder = bytes(source), "MindIR (bytes)", None
    else:
        path = Path(source)
        data, name, folder = path.read_bytes(), path.name, path.resolve().parent
    if not data:
        raise ParseError(f"{name}: empty; expected a MindIR, as mindspore.export(..., file_format='MINDIR') writes it")
    for offset, signature, kind, advice in _SIGNATURES:
        if data.startswith(signature, offset):
            raise ParseError(f"{name}: this is {kind}; {advice}")
    if _is_checkpoint(data):
        raise ParseError(f"{name}: this is a checkpoint, weights without a network; load it into one and export that")
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


def _is_checkpoint(data: bytes) -> bool:
    start = _CHECKPOINT_START.match(data)
    return start is not None and data[start.end() + start[1][0] :][:1] == b"\x12"
