"""What kind of file this is: decided from its first bytes and its version, before anything else is believed."""
from __future__ import annotations

import struct

from lite.errors import InvalidModelError, UnsupportedVersionError
from lite.schema import layout
from lite.schema.decode import Decoder

_ENCRYPTED = 0x7F3A5ED8
_MAJOR_VERSIONS = ("1", "2")


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
    from lite.foreign import recognize  # a model that is one does not pay for its patterns

    if kind := recognize(data):
        raise InvalidModelError(f"expected a .ms file, found {kind.what}; {kind.advice}")
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
    product, _, version = text.rpartition(" ")
    numbers = version.split(".", 2)
    if product != "MindSpore Lite" or len(numbers) != 3 or not all(part[:1].isdecimal() for part in numbers):
        raise InvalidModelError(f"version: expected 'MindSpore Lite X.Y.Z', found {text!r}")
    if numbers[0] not in _MAJOR_VERSIONS:
        raise UnsupportedVersionError(f"version: expected 1.x or 2.x, found {text!r}; convert the model again")
    if head["obfuscate"]:
        raise UnsupportedVersionError("the file is obfuscated; convert the model again without obfuscation")
    return version
