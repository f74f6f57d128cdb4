"""What is given instead of a MindIR is recognized, and damage gives typed errors only."""
from __future__ import annotations

import os
import random
import threading
from pathlib import Path

import pytest

from converter.errors import ParseError
from converter.mindir import container
from converter.mindir.mind_ir_pb2 import ModelProto
from converter.mindir.reader import read_mindir
from lite.errors import ConvertError, UnsupportedOpError

DIGITS = Path(__file__).parents[3] / "samples" / "digits" / "digits.mindir"

IMPOSTORS = {
    "empty": b"",
    "no MindIR": b"\n" * 60,
    "damaged or truncated MindIR: it cannot": DIGITS.read_bytes()[:5000],
    "damaged or truncated MindIR: it has no graph": ModelProto(ir_version="1.1").SerializeToString(),
    "a checkpoint": DIGITS.with_suffix(".ckpt").read_bytes(),
    "a .ms model": DIGITS.with_suffix(".ms").read_bytes(),
    "an ONNX model": b"\x08\x07\x12\x07pytorch",
    "a zip archive": b"PK\x03\x04" + b"\0" * 30,
}


@pytest.mark.parametrize("what", IMPOSTORS)
def test_impostors_are_recognized(what: str, tmp_path: Path) -> None:
    path = tmp_path / "model.mindir"
    path.write_bytes(IMPOSTORS[what])
    for source, name in ((path, "model.mindir"), (IMPOSTORS[what], "MindIR .bytes")):
        with pytest.raises(ParseError, match=f"{name}.*{what}"):
            read_mindir(source)


def test_a_file_that_cannot_be_read_is_an_oserror(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_mindir(tmp_path / "missing.mindir")
    with pytest.raises(IsADirectoryError):
        read_mindir(tmp_path)


def test_what_has_no_end_is_not_read_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open(tmp_path / "zeros.mindir", "wb") as file:
        file.truncate(1 << 35)
    for path in (Path("/dev/zero"), tmp_path / "zeros.mindir"):
        with pytest.raises(ParseError, match=f"{path.name}: this is no MindIR"):
            read_mindir(path)
    monkeypatch.setattr(container, "_MOST", len(DIGITS.read_bytes()))
    assert read_mindir(piped(tmp_path / "pipe", DIGITS.read_bytes())).inputs
    with pytest.raises(ParseError, match=r"longer: it has more than .* bytes, which no MindIR has"):
        read_mindir(piped(tmp_path / "longer", DIGITS.read_bytes() + b"\0"))


def piped(path: Path, data: bytes) -> Path:
    """A pipe that somebody else writes data to."""
    os.mkfifo(path)
    threading.Thread(target=path.write_bytes, args=(data,)).start()
    return path


def mutated(data: bytes, seed: int) -> bytes:
    """A few bytes changed, removed or doubled, or the end cut off."""
    rng = random.Random(seed)
    changed = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(changed))
        match rng.randrange(8):
            case 0:
                del changed[at : at + rng.randint(1, 40)]
            case 1:
                changed[at:at] = changed[at : at + rng.randint(1, 40)]
            case 2 if rng.random() < 0.2:
                del changed[at:]
            case 3:
                changed[at] = rng.choice((0, 1, 2, 8, 10, 18, 127, 128, 255))
            case _:
                changed[at] ^= 1 << rng.randrange(8)
    return bytes(changed)


def without_weights() -> bytes:
    """The sample with its weights left out of the mutations' way: mostly structure is left."""
    message = ModelProto.FromString(DIGITS.read_bytes())
    for parameter in message.graph.parameter:
        if len(parameter.raw_data) > 64:
            parameter.raw_data = b""
            parameter.dims[0] = 0
    return message.SerializeToString()


def is_refused(data: bytes) -> bool:
    """Whether reading raises one of the errors that it may raise."""
    try:
        read_mindir(data)
    except (ConvertError, UnsupportedOpError):
        return True
    return False


@pytest.mark.parametrize("seed", range(0, 1200, 100))
def test_corrupt_files_give_typed_errors(seed: int) -> None:
    original, structure = DIGITS.read_bytes(), without_weights()
    outcomes = [is_refused(mutated(original if s % 4 == 0 else structure, s)) for s in range(seed, seed + 100)]
    assert sum(outcomes) > 20


def test_corrupt_messages_that_still_parse_give_typed_errors() -> None:
    """Fields exchanged between nodes, tensors and attributes: well-formed protobuf, contradictory graphs."""
    original = DIGITS.read_bytes()
    for seed in range(400):
        rng = random.Random(seed)
        message = ModelProto.FromString(original)
        nodes = message.graph.node
        for _ in range(rng.randint(1, 3)):
            a, b = rng.choice(nodes), rng.choice(nodes)
            match rng.randrange(6):
                case 0:
                    a.op_type = b.op_type
                case 1 if a.input and b.input:
                    a.input[rng.randrange(len(a.input))] = rng.choice(b.input)
                case 2 if a.input:
                    del a.input[rng.randrange(len(a.input))]
                case 3 if a.attribute and b.attribute:
                    a.attribute[0].CopyFrom(b.attribute[0])
                case 4:
                    primitive, other = rng.choice(message.primitives), rng.choice(message.primitives)
                    primitive.op_type = other.op_type
                case _:
                    parameter = rng.choice(message.graph.parameter)
                    parameter.dims[:] = rng.sample(range(-1, 40), rng.randint(0, 5))
        is_refused(message.SerializeToString())
