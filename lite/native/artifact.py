"""The file of a kernel pack: a shared object, a manifest and a checksum, so that one rename publishes all three.

    ELF shared object | manifest, JSON in UTF-8 | its length, 8 bytes little-endian | SHA-256 of all before | MAGIC

The dynamic loader ignores what follows the object, so the file is loaded as it is.
"""
from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from lite.errors import KernelBuildError
from lite.native.abi import ABI_VERSION


_MAGIC = b"MLPACK01"
_TAIL = 8 + hashlib.sha256().digest_size + len(_MAGIC)


@dataclass(frozen=True)
class Manifest:
    """What a pack holds.

    target: its level. sources: digest of what it was built from. kernels: name -> ((parameter, kind), ...), kind being
    "pointer", "int" or "float". constants: integers the kernels' data layouts depend on. tools: versions that built it.
    """

    target: str
    sources: str
    kernels: dict[str, tuple[tuple[str, str], ...]]
    constants: dict[str, int]
    tools: str = ""
    abi: int = ABI_VERSION


def seal(shared_object: bytes, manifest: Manifest) -> bytes:
    """The pack file of a shared object and its manifest."""
    text = json.dumps(vars(manifest), separators=(",", ":"), sort_keys=True).encode()
    body = shared_object + text + len(text).to_bytes(8, "little")
    return body + hashlib.sha256(body).digest() + _MAGIC


def unseal(data: bytes, name: str) -> Manifest:
    """The manifest of a pack file. Raises KernelBuildError where the bytes are not what `seal` wrote."""
    body, length = data[: 8 - _TAIL], int.from_bytes(data[-_TAIL : 8 - _TAIL], "little")
    checksum = data[8 - _TAIL : -len(_MAGIC)]
    if not data.endswith(_MAGIC) or hashlib.sha256(body).digest() != checksum:
        raise KernelBuildError(f"kernel pack {name} is damaged ({len(data)} bytes, checksum differs): delete it")
    fields = json.loads(body[-8 - length : -8])
    if fields["abi"] != ABI_VERSION:
        raise KernelBuildError(f"kernel pack {name} has ABI version {fields['abi']}, expected {ABI_VERSION}: delete it")
    fields["kernels"] = {
        kernel: tuple((name, kind) for name, kind in rows) for kernel, rows in fields["kernels"].items()
    }
    return Manifest(**fields)
