"""Reading and writing checkpoints of either kind, told apart by their content, not their name."""
from __future__ import annotations

import os
from collections.abc import Mapping
from types import ModuleType

import numpy as np

from converter.checkpoint import safetensors
from converter.encryption import cipher_of, decrypt
from converter.errors import ArgumentError, MissingPackageError, ParseError
from lite.errors import ConvertError
from lite.files import path_of, write_atomically
from lite.foreign import CHECKPOINT, LOOKED_AT, recognize
from lite.types import Array

_ENTRY = b"\n"  # the key of a .ckpt's entries
_SUFFIXES = (".ckpt", ".safetensors")


def read_checkpoint(source: str | os.PathLike[str] | bytes, key: bytes | None = None) -> dict[str, Array]:
    """Arrays by name, in the file's order, read-only. source: a path, or the bytes of a file. key: of an encrypted one.

    bfloat16 becomes float32, exactly; a string that was saved among the parameters becomes an array of no dimensions.
    Raises ParseError for what is no checkpoint or is damaged; OptionError for a key that does not fit or is not there;
    OSError where a file cannot be read; MissingPackageError without protobuf for a `.ckpt`, or without cryptography.
    """
    if isinstance(source, bytes):
        name, data = "checkpoint (bytes)", source
    elif isinstance(source, str | os.PathLike):
        path = path_of(source)
        name = path.name
        if path.exists() and not path.is_file():
            raise ParseError(f"{name}: this is not a file; expected a .ckpt or .safetensors file")
        with path.open("rb") as file:
            data = file.read(LOOKED_AT)
            if not _may_be_one(data):  # and may be much more than memory holds
                raise _refusal(name, data)
            data += file.read()
    else:
        raise ArgumentError(f"a checkpoint is a path or bytes, not a {type(source).__name__}")
    data = decrypt(data, key, name)
    if safetensors.is_one(data):
        return safetensors.decode(data, name)
    if not _may_be_one(data):
        raise _refusal(name, data)
    tensors: dict[str, Array] = _ckpt().decode(data, name)
    return tensors


def _may_be_one(start: bytes) -> bool:
    """Whether a file that begins like this may be a checkpoint, encrypted or not."""
    if cipher_of(start) is not None or safetensors.is_one(start):
        return True
    return start[:1] == _ENTRY and recognize(start) in (None, CHECKPOINT)


def _refusal(name: str, data: bytes) -> ParseError:
    found = recognize(data)
    what = "empty" if not data else f"this is {found.what}" if found else "no checkpoint, or a damaged one"
    return ParseError(f"{name}: {what}; expected a .ckpt or .safetensors file")


def write_checkpoint(path: str | os.PathLike[str], tensors: Mapping[str, Array]) -> None:
    """Writes arrays as a `.ckpt` or `.safetensors` file, by the path's suffix; whole or not at all.

    Raises ConvertError for another suffix or an element type that the format lacks, OSError where it cannot be written.
    """
    target = path_of(path)
    suffix = target.suffix.lower()
    if suffix not in _SUFFIXES:
        raise ConvertError(f"a checkpoint ends in {' or '.join(_SUFFIXES)}, not {suffix!r}: {target}")
    try:
        arrays = {name: np.asarray(value) for name, value in tensors.items()}
    except ValueError as error:
        raise ConvertError(f"a tensor is no array: {error}") from error
    encode = safetensors.encode if suffix == ".safetensors" else _ckpt().encode
    write_atomically(target, encode(arrays))


def _ckpt() -> ModuleType:
    try:
        from converter.checkpoint import ckpt
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "google":
            raise
        raise MissingPackageError("a .ckpt needs protobuf: pip install 'mindlite[convert]'") from error
    return ckpt
