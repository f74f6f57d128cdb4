"""Reading and writing checkpoints. What MindSpore writes and reads is in tests/conformance."""
from __future__ import annotations

import binascii
import json
from pathlib import Path

import numpy as np
import pytest

from converter.checkpoint import ckpt, read_checkpoint, write_checkpoint
from converter.checkpoint.checkpoint_pb2 import Checkpoint
from converter.errors import ArgumentError, ParseError
from lite.errors import ConvertError
from lite.types import Array

RNG = np.random.default_rng(5)
KINDS = ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"]
TENSORS: dict[str, Array] = {
    **{f"layer.{kind}": RNG.integers(0, 2 if kind == "?" else 100, (2, 3)).astype(kind) for kind in KINDS},
    "number": np.array(2.5, np.float32),
    "none": np.zeros((0, 4), np.float32),
    "name with ✓": np.arange(5, dtype=">f4"),
}


def same(a: dict[str, Array], b: dict[str, Array]) -> None:
    assert list(a) == list(b)
    for name, array in a.items():
        np.testing.assert_array_equal(array, b[name])
        assert array.dtype.newbyteorder("=") == b[name].dtype.newbyteorder("=")


@pytest.mark.parametrize("suffix", [".ckpt", ".safetensors"])
def test_what_is_written_is_read(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"all{suffix}"
    write_checkpoint(path, TENSORS)
    same(read_checkpoint(path), TENSORS)
    same(read_checkpoint(path.read_bytes()), TENSORS)
    other = tmp_path / "called.otherwise"
    path.rename(other)
    same(read_checkpoint(str(other)), TENSORS)
    assert not read_checkpoint(other)["layer.f4"].flags.writeable


def test_large_tensors_are_several_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ckpt, "_SLICE", 100)
    tensors = {"a": np.arange(1000, dtype=np.int16).reshape(10, 100), "b": np.ones(3, np.float32)}
    data = ckpt.encode(tensors)
    message = Checkpoint()
    message.ParseFromString(data)
    assert len(message.value) == 21
    same(read_checkpoint(data), tensors)


def entry(kind: str, content: bytes, *dims: int, tag: str = "w") -> Checkpoint:
    message = Checkpoint()
    value = message.value.add(tag=tag)
    value.tensor.dims.extend(dims)
    value.tensor.tensor_type, value.tensor.tensor_content = kind, content
    return message


def test_bfloat16_strings_numbers_and_checksums() -> None:
    halves = np.array([1.5, -2.0, np.inf], np.float32).view(np.uint32) >> 16
    data = entry("BFloat16", halves.astype("<u2").tobytes(), 3).SerializeToString()
    data += entry("str", "häuser".encode("utf-32-le"), 0, tag="note").SerializeToString()
    data += entry("Int64", (7).to_bytes(8, "little"), 0, tag="epoch").SerializeToString()
    data += b"crc_num" + binascii.crc32(data).to_bytes(10, "big")
    found = read_checkpoint(data)
    np.testing.assert_array_equal(found["w"], np.array([1.5, -2, np.inf], np.float32))
    assert (str(found["note"]), found["epoch"].shape, int(found["epoch"])) == ("häuser", (), 7)
    damaged = data.replace(b"epoch", b"epock")
    with pytest.raises(ParseError, match="damaged: its checksum is not that of its content"):
        read_checkpoint(damaged)


def header(table: object, body: bytes = b"") -> bytes:
    text = table if isinstance(table, bytes) else json.dumps(table).encode()
    return len(text).to_bytes(8, "little") + text + body


ROW = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
BAD = {
    "empty; expected": b"",
    "no checkpoint, or a damaged one": b"\xff" * 40,
    "no checkpoint, or a damaged": b"\x10\x01",
    "this is a MindIR export": b"\n\x031.1\x12\x09MindSpore",
    "'w' of type Float32 and shape \\[3\\] has 8 bytes": entry("Float32", bytes(8), 3).SerializeToString(),
    "'w' is of type 'Float8'": entry("Float8", bytes(8), 8).SerializeToString(),
    "'w' occurs twice": b"".join(entry("Int8", b"1", tag=tag).SerializeToString() for tag in "wvw"),
    "shape \\[-2, -4\\] has 8 bytes": entry("Int8", bytes(8), -2, -4).SerializeToString(),
    "header is damaged": header(b'{"w": '),
    "header is damaged: a name occurs twice": header(b'{"w": 1, "w": 2}'),
    "'w': its row in the header is damaged": header({"w": {**ROW, "data_offsets": [0, 9]}}, bytes(8)),
    "row in the header is damaged": header({"w": {**ROW, "shape": ["2"]}}, bytes(8)),
    "its row in the header is": header({"w": 3}),
    "of type F32 and shape \\[3\\] has 8 bytes": header({"w": {**ROW, "shape": [3]}}, bytes(8)),
    "is of type 'F8_E4M3'": header({"w": {**ROW, "dtype": "F8_E4M3"}}, bytes(8)),
    "header is damaged: it ends beyond the file": (200).to_bytes(8, "little") + b"{}",
    "is of type \\[\\]": header({"w": {**ROW, "dtype": []}}, bytes(8)),
    "its shape \\[0, 4611686018427387904\\] is beyond": header(
        {"w": {**ROW, "shape": [0, 1 << 62], "data_offsets": [0, 0]}}
    ),
    "its shape .* is beyond what can be held": entry("Float32", bytes(4), *[1] * 65).SerializeToString(),
    "its tensors are not one after the other": header({"w": {**ROW, "data_offsets": [1, 9]}}, bytes(9)),
}


@pytest.mark.parametrize("message", BAD)
def test_what_is_no_checkpoint_is_refused(message: str) -> None:
    with pytest.raises(ParseError, match=message):
        read_checkpoint(BAD[message])


def test_a_file_that_does_not_begin_as_one_is_not_read(tmp_path: Path) -> None:
    with open(tmp_path / "zeros.ckpt", "wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(ParseError, match=r"zeros.ckpt: no checkpoint, or a damaged one"):
        read_checkpoint(tmp_path / "zeros.ckpt")


@pytest.mark.parametrize("suffix", [".ckpt", ".safetensors"])
def test_damaged_files_give_typed_errors(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"all{suffix}"
    write_checkpoint(path, TENSORS)
    whole, rng = path.read_bytes(), np.random.default_rng(11)
    for _ in range(300):
        data = bytearray(whole[: rng.integers(len(whole) // 2, len(whole) + 1)])
        for place in rng.integers(0, len(data), rng.integers(0, 8)):
            data[place] = rng.integers(256)
        try:
            read_checkpoint(bytes(data))
        except ParseError as error:
            assert str(error).startswith("checkpoint (bytes): ")  # noqa: PT017


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    for suffix in (".ckpt", ".safetensors"):
        with pytest.raises(ConvertError, match="'w' is object"):
            write_checkpoint(tmp_path / f"a{suffix}", {"w": np.array([None])})
        with pytest.raises(ConvertError, match="name is not text"):
            write_checkpoint(tmp_path / f"a{suffix}", {"\ud800": np.zeros(1)})
        with pytest.raises(ConvertError, match="is no array"):
            write_checkpoint(tmp_path / f"a{suffix}", {"w": [[1], [1, 2]]})  # type: ignore[dict-item]
    with pytest.raises(ConvertError, match=r"ends in .ckpt or .safetensors, not '.npz'"):
        write_checkpoint(tmp_path / "a.npz", {})
    with pytest.raises(ConvertError, match="__metadata__"):
        write_checkpoint(tmp_path / "a.safetensors", {"__metadata__": np.zeros(1)})
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ParseError, match="null: this is not a file"):
        read_checkpoint("/dev/null")
    with pytest.raises(ArgumentError, match="not a int"):
        read_checkpoint(3)  # type: ignore[arg-type]
