"""Files that MindSpore encrypted: exports and checkpoints that were saved with `enc_key`.

A file is blocks of up to 64 MiB, each

    magic, 4 bytes: the cipher | AES-GCM: tag, 16 bytes | length of the rest of the block, 4 bytes
    | length of the initialization vector, 4 bytes | that vector | length of the text, 4 bytes | the text

with lengths little-endian. AES-GCM takes the first 12 bytes of the vector. AES-CBC and SM4-CBC pad as PKCS #7 does;
only AES-GCM notices a wrong key for certain.
"""
from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from typing import NamedTuple

from converter.errors import MissingPackageError, OptionError, ParseError

_CIPHERS = {b"\xd8\x5e\x3a\x7f": "AES-GCM", b"\xd9\x5e\x3a\x7f": "AES-CBC", b"\xda\x5e\x3a\x7f": "SM4-CBC"}
_KEY_BYTES = {"AES-GCM": (16, 24, 32), "AES-CBC": (16, 24, 32), "SM4-CBC": (16,)}
_TAG_BYTES = 16
_NONCE_BYTES = 12
_BLOCK_BYTES = 16  # of the ciphers


class _Block(NamedTuple):
    tag: bytes
    vector: bytes
    text: memoryview


def cipher_of(data: bytes | memoryview) -> str | None:
    """The cipher of a file that begins with these bytes; None where it is not encrypted."""
    return _CIPHERS.get(bytes(data[:4]))


def require_ciphers() -> None:
    """Raises MissingPackageError without the package that deciphers."""
    if importlib.util.find_spec("cryptography") is None:
        raise MissingPackageError("encrypted files need cryptography: pip install 'mindlite[crypto]'")


def decrypt(data: bytes, key: bytes | None, name: str) -> bytes:
    """What was encrypted as `data`, a file called `name`; `data` itself where it is not encrypted.

    Raises OptionError without a key or with one that does not fit, ParseError for a damaged file, MissingPackageError
    without the package that deciphers.
    """
    cipher = cipher_of(data)
    if cipher is None:
        return data
    require_ciphers()
    lengths = _KEY_BYTES[cipher]
    if key is None:
        raise OptionError(f"{name} is encrypted ({cipher}): give the key it was saved with (option key, or --key-file)")
    if len(key) not in lengths:
        expected = " or ".join(map(str, lengths))
        raise OptionError(f"{name} is encrypted ({cipher}): its key has {expected} bytes, the one given has {len(key)}")
    return b"".join(_deciphered(cipher, key, block, name) for block in _blocks(memoryview(data), cipher, name))


def _blocks(data: memoryview, cipher: str, name: str) -> Iterator[_Block]:
    damaged = ParseError(f"{name}: this encrypted file is damaged or cut short")
    at = 0

    def take(count: int) -> memoryview:
        nonlocal at
        if len(data) - at < count:
            raise damaged
        at += count
        return data[at - count : at]

    def length() -> int:
        return int.from_bytes(take(4), "little")

    while at < len(data):
        if cipher_of(take(4)) != cipher:
            raise damaged
        tag = bytes(take(_TAG_BYTES)) if cipher == "AES-GCM" else b""
        rest = length()
        begin = at
        vector = bytes(take(length()))
        text = take(length())
        if at - begin != rest or not vector:
            raise damaged
        yield _Block(tag, vector, text)


def _deciphered(cipher: str, key: bytes, block: _Block, name: str) -> bytes:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES, SM4
    from cryptography.hazmat.primitives.ciphers.modes import CBC, GCM

    wrong = ParseError(f"{name}: the key is not the one that this file was encrypted with, or the file is damaged")
    algorithm = SM4(key) if cipher == "SM4-CBC" else AES(key)
    try:
        mode = GCM(block.vector[:_NONCE_BYTES], block.tag) if cipher == "AES-GCM" else CBC(block.vector)
        decryptor = Cipher(algorithm, mode).decryptor()
        plain = decryptor.update(block.text) + decryptor.finalize()
    except (ValueError, InvalidTag) as error:
        raise wrong from error
    if cipher == "AES-GCM":
        return plain
    padding = plain[-1] if plain else 0
    if not 1 <= padding <= _BLOCK_BYTES or plain[-padding:] != bytes([padding]) * padding:
        raise wrong
    return plain[:-padding]
