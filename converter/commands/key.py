"""The key of encrypted files, from a file, the environment or a prompt: others can see the command line."""
from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from converter.encryption import cipher_of, require_ciphers
from lite.errors import ConvertError

VARIABLE = "MINDLITE_KEY"
_HEX = "hex:"
_LONGEST = 1024  # bytes of a file with a key; more than any key has


def add_arguments(parser: argparse.ArgumentParser, of: str = "an encrypted .mindir or checkpoint") -> None:
    """Add --key-file. of: the files that the command reads."""
    parser.add_argument("--key-file", metavar="FILE", type=Path,
        help=f"file with the key of {of}, as it is or as hex:0011...; without it {VARIABLE} is read, or a prompt asks")


def key_for(args: argparse.Namespace, paths: Iterable[Path | None]) -> bytes | None:
    """The key, which a prompt asks for only where one of the files is encrypted. Raises ConvertError, OSError."""
    encrypted = [path for path in paths if path is not None and _is_encrypted(path)]
    if encrypted:
        require_ciphers()
    elif args.key_file is not None:
        print(f"nothing is encrypted: {args.key_file} is not needed", file=sys.stderr)
    if args.key_file is not None:
        with args.key_file.open("rb") as file:
            text = file.read(_LONGEST + 1)
        if len(text) > _LONGEST:
            raise ConvertError(f"{args.key_file} is not a key file: it has more than {_LONGEST} bytes")
        return _key(text.strip(b"\r\n"), str(args.key_file))
    if not encrypted:
        return None
    if given := os.environ.get(VARIABLE):
        return _key(os.fsencode(given), VARIABLE)
    if not sys.stdin.isatty():
        raise ConvertError(f"{encrypted[0]} is encrypted: give its key with --key-file, or in {VARIABLE}")
    from getpass import getpass

    return _key(getpass(f"key of {encrypted[0]}: ").encode(), "the key")


def _key(text: bytes, source: str) -> bytes:
    if not text.startswith(_HEX.encode()):
        return text
    try:
        return bytes.fromhex(text.decode().removeprefix(_HEX))
    except ValueError as error:
        raise ConvertError(f"{source}: {_HEX} is followed by pairs of hexadecimal digits") from error


def _is_encrypted(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return cipher_of(file.read(4)) is not None
