"""What a session is opened from: a path, whose file stays mapped no longer than the session lives, or bytes."""
from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lite
from lite import Session
from lite.errors import InvalidModelError

DIGITS = Path(__file__).resolve().parents[1] / "samples" / "digits" / "digits.ms"


@pytest.mark.parametrize("source", ["absent.ms", Path("absent.ms")], ids=["str", "path"])
def test_a_file_that_is_not_there_is_an_os_error(source: str | Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"absent\.ms"):
        Session(source)


@pytest.mark.parametrize("source", [5, 0, None, 1.5, ["model.ms"], np.zeros(4, np.uint8)], ids=repr)
def test_a_source_is_a_path_or_bytes(source: Any) -> None:
    with pytest.raises(TypeError, match=f"source is a {type(source).__name__}: expected a path or the bytes of a .ms"):
        Session(source)


def test_a_view_with_gaps_is_refused() -> None:
    with pytest.raises(TypeError, match="a memoryview with gaps"):
        Session(memoryview(bytes(64))[::2])


def test_bytes_that_are_a_path_are_told_apart() -> None:
    with pytest.raises(InvalidModelError, match="these bytes are the path of a file"):
        Session(str(DIGITS).encode())


@pytest.mark.parametrize("data", [b"", b"\0" * 100, bytearray(b"not a model"), memoryview(b"MSL2" * 9)], ids=repr)
def test_bytes_that_are_no_model_are_invalid(data: Any) -> None:
    with pytest.raises(lite.ModelError):
        Session(data)


def mappings(path: Path) -> int:
    """How often this process has the file mapped."""
    with open("/proc/self/maps", encoding="utf-8") as file:
        return sum(line.rstrip().endswith(str(path)) for line in file)


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="reads Linux's figures")
@pytest.mark.parametrize("how", ["closed", "dropped"])
def test_the_file_is_unmapped_without_the_collector(how: str) -> None:
    gc.collect()
    gc.disable()
    try:
        session = Session(DIGITS)
        session.run(np.zeros(session.inputs[0].shape, np.float32))
        assert mappings(DIGITS) == 1
        if how == "closed":
            session.close()
        else:
            del session
        assert mappings(DIGITS) == 0
    finally:
        gc.enable()
