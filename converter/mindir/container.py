"""From bytes or a path to a parsed MindIR message. What is not a MindIR is refused, with what it looks like instead."""
from __future__ import annotations

import os
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
_CHECKPOINT = "a checkpoint: weights without a network"


@dataclass(frozen=True, slots=True)
class Container:
    """A parsed model. name: how messages call it; folder: where its sidecar files lie, None for bytes."""

    model: ModelProto
    name: str
    folder: Path | None


def open_container(source: str | os.PathLike[str] | bytes | bytearray | memoryview) -> Container:
    """Parse a MindIR. Raises ParseError for anything else, OSError where a file cannot be read."""
    if isinstance(source, bytes | bytearray | memoryview):
        data, name, folder = bytes(source), "the given bytes", None
    else:
        path = Path(source)
        data, name, folder = path.read_bytes(), path.name, path.resolve().parent
    if not data:
        raise ParseError(f"{name}: empty; expected a MindIR, as mindspore.export(..., file_format='MINDIR') writes it")
    for offset, signature, kind, advice in _SIGNATURES:
        if data.startswith(signature, offset):
            raise ParseError(f"{name} is {kind}; {advice}")
    return Container(_parse(data, name), name, folder)


def _parse(data: bytes, name: str) -> ModelProto:
    model = ModelProto()
    try:
        model.ParseFromString(data)
    except DecodeError as error:
        if _looks_like_checkpoint(data):
            raise ParseError(f"{name} is {_CHECKPOINT}; load it into the network and export that") from error
        kind = "a damaged or truncated MindIR" if data.startswith(b"\n\x03") else "no MindIR"
        raise ParseError(f"{name} is {kind}: it cannot be parsed as a protobuf message of that type") from error
    if model.HasField("graph") and (model.graph.node or model.graph.output):
        return model
    if _looks_like_checkpoint(data):
        raise ParseError(f"{name} is {_CHECKPOINT}; load it into the network and export that")
    kind = "a truncated MindIR" if model.ir_version == "1.1" else "no MindIR"
    raise ParseError(f"{name} is {kind}: it has no graph; expected a file that mindspore.export wrote")


def _looks_like_checkpoint(data: bytes) -> bool:
    """True where the bytes start as a checkpoint does: an entry (field 1) that starts with its tag (field 1)."""
    if data[:1] != b"\n":
        return False
    index = 1
    while index < min(len(data), 6) and data[index] & 0x80:  # the entry's length is a varint
        index += 1
    return data[index + 1 : index + 2] == b"\n"
