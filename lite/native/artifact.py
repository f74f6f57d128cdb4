"""The file of a kernel pack: a shared object, a manifest and a checksum, so that one rename publishes all three.

    ELF shared object | manifest, UTF-8 | length of the manifest, 8 bytes little-endian | checksum of all before | magic

The dynamic loader ignores what follows the object, so the file is loaded as it is. The manifest is a list of lines,
each a keyword and its values:

    abi 1
    target x86-64-v3
    sources 0c6f...                                digest of what the pack was built from
    tools llvmlite0.50.0-numba0.68.1
    constant tile_rows 6
    kernel scale_f32 x:pointer n:int alpha:float
"""
from __future__ import annotations

from typing import NamedTuple

from lite.errors import KernelBuildError
from lite.native.abi import ABI_VERSION

try:
    from _blake2 import blake2b  # hashlib would load OpenSSL, several milliseconds of every cold start
except ImportError:
    from hashlib import blake2b

_MAGIC = b"MLPACK01"
_CHECKSUM = 32
_TAIL = 8 + _CHECKSUM + len(_MAGIC)


class Manifest(NamedTuple):
    """What a pack holds.

    target: its level. sources: digest of what it was built from. tools: versions of what built it. kernels: name ->
    ((parameter, kind), ...), kind being "pointer", "int" or "float". constants: integers data layouts depend on.
    """

    target: str
    sources: str
    tools: str
    kernels: dict[str, tuple[tuple[str, str], ...]]
    constants: dict[str, int]


def checksum(data: bytes) -> bytes:
    """32 bytes that differ where the data differ."""
    return blake2b(data, digest_size=_CHECKSUM).digest()


def seal(shared_object: bytes, manifest: Manifest) -> bytes:
    """The pack file of a shared object and its manifest."""
    lines = [f"abi {ABI_VERSION}", f"target {manifest.target}"]
    lines += [f"sources {manifest.sources}", f"tools {manifest.tools}"]
    lines += [f"constant {name} {value}" for name, value in manifest.constants.items()]
    for kernel, parameters in manifest.kernels.items():
        lines.append(" ".join(["kernel", kernel, *(f"{name}:{kind}" for name, kind in parameters)]))
    text = "\n".join(lines).encode()
    body = shared_object + text + len(text).to_bytes(8, "little")
    return body + checksum(body) + _MAGIC


def shared_object(data: bytes) -> bytes:
    """What was sealed, of bytes that `unseal` accepts."""
    end = len(data) - _TAIL
    return data[: end - int.from_bytes(data[end : end + 8], "little")]


def unseal(data: bytes, name: str) -> Manifest:
    """The manifest of a pack file called `name`. Raises KernelBuildError where the bytes are not what `seal` wrote."""
    end = len(data) - _TAIL
    if end < 0 or not data.endswith(_MAGIC) or checksum(data[: end + 8]) != data[end + 8 : -len(_MAGIC)]:
        raise KernelBuildError(f"kernel pack {name} is damaged: its {len(data)} bytes do not match their checksum")
    length = int.from_bytes(data[end : end + 8], "little")
    rows: dict[str, list[list[str]]] = {}
    for line in data[end - length : end].decode().split("\n"):
        keyword, *values = line.split(" ")
        rows.setdefault(keyword, []).append(values)
    single = {keyword: values[0][0] for keyword, values in rows.items() if keyword not in ("constant", "kernel")}
    if single["abi"] != str(ABI_VERSION):
        raise KernelBuildError(f"kernel pack {name} has ABI version {single['abi']}, expected {ABI_VERSION}")
    kernels = {}
    for kernel, *parameters in rows.get("kernel", ()):
        pairs = (parameter.partition(":") for parameter in parameters)
        kernels[kernel] = tuple((parameter, kind) for parameter, _, kind in pairs)
    constants = {constant: int(value) for constant, value in rows.get("constant", ())}
    return Manifest(single["target"], single["sources"], single["tools"], kernels, constants)
