"""Encrypted files, encrypted here as MindSpore does. Its own are in tests/conformance."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES, SM4
from cryptography.hazmat.primitives.ciphers.modes import CBC, GCM

import converter
from converter.checkpoint import read_checkpoint, write_checkpoint
from converter.cli import main
from converter.commands import key as commands_key
from converter.encryption import decrypt
from converter.errors import OptionError, ParseError

DIGITS = Path(__file__).resolve().parents[2] / "samples" / "digits" / "digits.mindir"
KEY = bytes(range(16))
CIPHERS = ("AES-GCM", "AES-CBC", "SM4-CBC")
VECTOR = bytes(range(50, 66))


def encrypt(data: bytes, cipher: str, key: bytes = KEY, block: int = 1 << 26) -> bytes:
    """As the docstring of converter.encryption says."""
    result = b""
    for start in range(0, len(data), block):
        part = data[start : start + block]
        tag = b""
        if cipher == "AES-GCM":
            encryptor = Cipher(AES(key), GCM(VECTOR[:12])).encryptor()
            text = encryptor.update(part) + encryptor.finalize()
            tag = encryptor.tag
        else:
            padding = 16 - len(part) % 16
            algorithm = SM4(key) if cipher == "SM4-CBC" else AES(key)
            encryptor = Cipher(algorithm, CBC(VECTOR)).encryptor()
            text = encryptor.update(part + bytes([padding]) * padding) + encryptor.finalize()
        magic = bytes([0xD8 + CIPHERS.index(cipher), 0x5E, 0x3A, 0x7F])
        rest = b"".join((len(VECTOR).to_bytes(4, "little"), VECTOR, len(text).to_bytes(4, "little"), text))
        result += magic + tag + len(rest).to_bytes(4, "little") + rest
    return result


@pytest.mark.parametrize("cipher", CIPHERS)
@pytest.mark.parametrize("block", [1 << 26, 1000, 16])
def test_what_was_encrypted_is_deciphered(cipher: str, block: int) -> None:
    data = DIGITS.read_bytes()[:3001]
    assert decrypt(encrypt(data, cipher, block=block), KEY, "x") == data
    assert decrypt(data, KEY, "x") == data


@pytest.mark.parametrize("size", [24, 32])
def test_longer_keys(size: int) -> None:
    assert decrypt(encrypt(b"text", "AES-CBC", bytes(size)), bytes(size), "x") == b"text"


@pytest.mark.parametrize("cipher", CIPHERS)
def test_keys_that_do_not_fit(cipher: str) -> None:
    data = encrypt(b"text", cipher)
    with pytest.raises(OptionError, match=rf"x is encrypted \({cipher}\): give the key"):
        decrypt(data, None, "x")
    with pytest.raises(OptionError, match=r"its key has 16 .*bytes, the one given has 5"):
        decrypt(data, b"short", "x")
    with pytest.raises(ParseError, match="the key is not the one"):
        decrypt(data, bytes(16), "x")


@pytest.mark.parametrize("cipher", CIPHERS)
def test_damage_is_a_typed_error(cipher: str) -> None:
    whole, rng = encrypt(bytes(500), cipher, block=128), np.random.default_rng(2)
    for _ in range(200):
        data = bytearray(whole[: rng.integers(4, len(whole) + 1)])
        for place in rng.integers(4, len(data) + 1, rng.integers(0, 4)):
            data[min(place, len(data) - 1)] = rng.integers(256)
        try:
            decrypt(bytes(data), KEY, "x")
        except ParseError as error:
            assert str(error).startswith("x: ")  # noqa: PT017


def test_an_export_and_a_checkpoint_are_read(tmp_path: Path) -> None:
    path = tmp_path / "digits.mindir"
    path.write_bytes(encrypt(DIGITS.read_bytes(), "AES-GCM"))
    assert converter.convert(path, {"key": KEY}) == converter.convert(DIGITS)
    write_checkpoint(tmp_path / "a.ckpt", {"w": np.arange(3)})
    (tmp_path / "b.ckpt").write_bytes(encrypt((tmp_path / "a.ckpt").read_bytes(), "AES-CBC"))
    np.testing.assert_array_equal(read_checkpoint(tmp_path / "b.ckpt", KEY)["w"], np.arange(3))
    assert "key" not in repr(converter.ConvertOptions(key=KEY)).replace("b'", "")
    with pytest.raises(OptionError, match="key is a str: expected bytes"):
        converter.ConvertOptions(key="text")  # type: ignore[arg-type]


def test_the_commands_take_the_key_from_a_file_the_environment_or_a_prompt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path, key = tmp_path / "digits.mindir", tmp_path / "key"
    path.write_bytes(encrypt(DIGITS.read_bytes(), "AES-GCM"))
    command = ["convert", str(path), "-o", str(tmp_path / "out.ms")]
    monkeypatch.delenv(commands_key.VARIABLE, raising=False)
    assert main(command) == 1
    assert "is encrypted: give its key with --key-file, or in MINDLITE_KEY" in capsys.readouterr().err
    for content in (KEY, KEY + b"\n", b"hex:" + KEY.hex().encode()):
        key.write_bytes(content)
        assert main([*command, "--key-file", str(key)]) == 0
    key.write_bytes(b"hex:xyz")
    assert main([*command, "--key-file", str(key)]) == 1
    assert "hex: is followed by pairs" in capsys.readouterr().err
    assert main([*command, "--key-file", "/dev/zero"]) == 1
    assert "/dev/zero is not a key file: it has more than 1024 bytes" in capsys.readouterr().err
    monkeypatch.setenv(commands_key.VARIABLE, f"hex:{KEY.hex()}")
    assert main(command) == 0
    assert main(["inspect", str(path)]) == 0
    monkeypatch.delenv(commands_key.VARIABLE)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("getpass.getpass", lambda prompt: f"hex:{KEY.hex()}")
    assert main(["run", str(path), "--random"]) == 0
