"""What kind of file this is: decided from its first bytes and its version, before anything else is believed."""
from __future__ import annotations

import re
import struct

from lite.errors import InvalidModelError, UnsupportedVersionError
from lite.schema import layout
from lite.schema.decode import Decoder

_ENCRYPTED = 0x7F3A5ED8
_MAJOR_VERSIONS = range(1, 3)

# How files begin that are given in a model's place, what they are, and what to do.
_EXPORT = "export the network from MindSpore as MindIR, and run `mlite convert` on that"
_OTHERS = (
    (re.compile(rb"\n.{0,80}MindSpore", re.DOTALL), "a MindIR export", "run `mlite convert` on it first"),
    (re.compile(rb"....TFL3", re.DOTALL), "a TensorFlow Lite model", _EXPORT),
    (re.compile(rb"PK\x03\x04"), "a zip archive, as PyTorch and numpy write", _EXPORT),
    (re.compile(rb"\x93NUMPY"), "a numpy array", "it may be an input: mlite run MODEL.ms --input NAME=FILE"),
    (re.compile(rb"\x89HDF"), "an HDF5 file", _EXPORT),
    (re.compile(rb"\x08[\x01-\x7f][\x12\x1a\x22\x2a\x32\x3a\x42]"), "an ONNX model", _EXPORT),
    # an entry, in it its tag, and behind that the start of a tensor
    (re.compile(rb"\n[\x80-\xff]{0,4}[\x00-\x7f]\n[\x01-\x7f][ -~]+\x12"), "a checkpoint, weights without a network",
     "load it into the network, export that as MindIR, and run `mlite convert` on it"),
)  # fmt: skip


def check_identifier(data: memoryview) -> None:
    """Raises InvalidModelError or UnsupportedVersionError where the bytes do not begin as a `.ms` file does."""
    if not len(data):
        raise InvalidModelError("expected a .ms file, found an empty one")
    if len(data) < 8:
        raise InvalidModelError(f"expected a .ms file of 8 bytes or more, found {len(data)}")
    if _ENCRYPTED in (*struct.unpack_from("<I", data), *struct.unpack_from(">I", data)):
        raise UnsupportedVersionError("the file is encrypted; decrypt it with the tool that exported it")
    found = bytes(data[4:8])
    if found == layout.IDENTIFIER:
        return
    expected = f"expected identifier {layout.IDENTIFIER.decode()} at byte 4"
    for start, kind, advice in _OTHERS:
        if start.match(data[:256]):
            raise InvalidModelError(f"expected a .ms file, found {kind}; {advice}")
    if found.isalnum():
        raise InvalidModelError(f"{expected}, found {found.decode()}: a FlatBuffers file of another kind")
    if _has_root(data):
        raise UnsupportedVersionError(
            f"{expected}, found none: files of version 1.0.0 number operators differently; convert the model again"
        )
    raise InvalidModelError(f"{expected}, found {found!r}: not a .ms file")


def _has_root(data: memoryview) -> bool:
    """True where the bytes begin like a FlatBuffers file without an identifier."""
    (root,) = struct.unpack_from("<I", data)
    if root % 4 or not 4 <= root <= len(data) - 4:
        return False
    vtable = root - struct.unpack_from("<i", data, root)[0]
    if not 4 <= vtable <= len(data) - 4:
        return False
    length, size = struct.unpack_from("<HH", data, vtable)
    return bool(4 <= length <= len(data) - vtable and 4 <= size <= len(data) - root)


def read_version(decoder: Decoder) -> str:
    """The version of the format, such as "2.7.0".

    Raises InvalidModelError where there is none, UnsupportedVersionError where it is unknown or the file is obfuscated.
    """
    head = decoder.root(layout.ROOT, only=("version",))
    text = head["version"] or ""
    found = re.match(r"MindSpore Lite (\d+)\.\d+\.\d+", text)
    if found is None:
        raise InvalidModelError(f"version: expected 'MindSpore Lite X.Y.Z', found {text!r}")
    if int(found[1]) not in _MAJOR_VERSIONS:
        raise UnsupportedVersionError(f"version: expected 1.x or 2.x, found {text!r}; convert the model again")
    if head["obfuscate"]:
        raise UnsupportedVersionError("the file is obfuscated; convert the model again without obfuscation")
    return text.removeprefix("MindSpore Lite ")
