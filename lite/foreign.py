"""Names for files that are not models, by their first bytes; used only where a file is refused."""
from __future__ import annotations

import re
from typing import NamedTuple


class Kind(NamedTuple):
    """A kind of file. start: pattern of its first bytes. what: its name, after "found". advice: what to do with it."""

    start: bytes
    what: str
    advice: str


LOOKED_AT = 256  # bytes
_EXPORT = "export the network from MindSpore as MindIR, and run `mlite convert` on that"

MINDIR = Kind(rb"\n.{0,80}MindSpore", "a MindIR export", "run `mlite convert` on it first")
MS = Kind(
    b"....MSL2",
    "a .ms model, which is converted already",
    "run it with lite.Session, or `mlite run` under a name that ends in .ms",
)
CHECKPOINT = Kind(
    rb"\n[\x80-\xff]{0,4}[\x00-\x7f]\n[\x01-\x7f][ -~]+\x12",  # an entry, in it its tag, then the start of a tensor
    "a checkpoint, weights without a network",
    "export the network from MindSpore as MindIR, and run `mlite convert NETWORK.mindir --checkpoint FILE`",
)
_KINDS = (
    MINDIR,
    MS,
    Kind(b"....TFL3", "a TensorFlow Lite model", _EXPORT),
    Kind(rb"PK\x03\x04", "a zip archive, as PyTorch and numpy write", _EXPORT),
    Kind(rb"\x93NUMPY", "a numpy array", "it may be an input: mlite run MODEL.ms --input NAME=FILE"),
    Kind(rb"\x89HDF", "an HDF5 file", _EXPORT),
    Kind(rb"\x08[\x01-\x7f][\x12\x1a\x22\x2a\x32\x3a\x42]", "an ONNX model", _EXPORT),
    CHECKPOINT,
)


def recognize(data: bytes | memoryview) -> Kind | None:
    """The kind of a file that begins with these bytes; None where it is not known."""
    start = bytes(data[:LOOKED_AT])
    return next((kind for kind in _KINDS if re.match(kind.start, start, re.DOTALL)), None)
