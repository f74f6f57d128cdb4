"""The file of a kernel pack: a shared object, a manifest and a checksum, so that one rename publishes all three.

    ELF shared object | manifest, UTF-8 | length of the manifest, 8 bytes little-endian | checksum of all before | magic

The dynamic loader ignores what follows the object, so the file is loaded as it is. The checksum is there for accidents,
and computed whenever a pack is loaded: the sum of all 8-byte words, and their exclusive or. The manifest is a list of
lines, each a keyword and its values, filled up with line breaks to whole words:

    abi 3
    target x86-64-v3
    sources 0c6f...                                digest of what the pack was built from
    tools llvmlite0.50.0-numba0.68.1
    constant tile_rows 6
    kernel scale_f32 x:pointer n:int alpha:float
"""
from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lite.errors import KernelBuildError
from lite.native.abi import ABI_VERSION
from lite.records import dataclass

_MAGIC = b"MLPACK01"
_WORD = 8
_CHECKSUM = 2 * _WORD
_TAIL = _WORD + _CHECKSUM + len(_MAGIC)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a pack holds.

    target: its level. sources: digest of what it was built from. tools: versions of what built it. kernels: name ->
    "parameter:kind ...", kind being "pointer", "int" or "float". constants: integers data layouts depend on.
    """

    target: str
    sources: str
    tools: str
    kernels: Mapping[str, str]
    constants: Mapping[str, int]


def checksum(data: bytes | memoryview) -> bytes:
    """That of a whole number of words."""
    words = np.frombuffer(data, "<u8")
    return b"".join(int(f.reduce(words)).to_bytes(_WORD, "little") for f in (np.add, np.bitwise_xor))


def seal(shared_object: bytes, manifest: Manifest) -> bytes:
    """The pack file of a shared object and its manifest."""
    lines = [f"abi {ABI_VERSION}", f"target {manifest.target}"]
    lines += [f"sources {manifest.sources}", f"tools {manifest.tools}"]
    lines += [f"constant {name} {value}" for name, value in manifest.constants.items()]
    lines += [f"kernel {name} {parameters}" for name, parameters in manifest.kernels.items()]
    text = "\n".join(lines).encode()
    text += b"\n" * (-(len(shared_object) + len(text)) % _WORD)
    body = shared_object + text + len(text).to_bytes(_WORD, "little")
    return body + checksum(body) + _MAGIC


def shared_object(data: bytes) -> bytes:
    """What was sealed, of bytes that `unseal` accepts."""
    end = len(data) - _TAIL
    return data[: end - int.from_bytes(data[end : end + _WORD], "little")]


def unseal(file: bytes | memoryview, name: str) -> Manifest:
    """The manifest of a pack file called `name`. Raises KernelBuildError where the bytes are not what `seal` wrote."""
    data = memoryview(file)  # no part of it is copied
    end = len(data) - _TAIL
    sealed = data[: end + _WORD]
    if end < 0 or len(sealed) % _WORD or data[end + _WORD :] != checksum(sealed) + _MAGIC:
        raise KernelBuildError(f"kernel pack {name} is damaged: its {len(data)} bytes do not match their checksum")
    length = int.from_bytes(data[end : end + _WORD], "little")
    rows: dict[str, dict[str, str]] = {}
    for line in str(data[end - length : end], "utf-8").rstrip().split("\n"):
        keyword, value, *rest = line.split(" ", 2)
        rows.setdefault(keyword, {})[value] = rest[0] if rest else ""
    single = {keyword: next(iter(values)) for keyword, values in rows.items()}
    if single["abi"] != str(ABI_VERSION):
        raise KernelBuildError(f"kernel pack {name} has ABI version {single['abi']}, expected {ABI_VERSION}")
    constants = {constant: int(value) for constant, value in rows.get("constant", {}).items()}
    return Manifest(single["target"], single["sources"], single["tools"], rows.get("kernel", {}), constants)
