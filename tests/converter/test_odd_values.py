"""Values of types that nobody expects: an error that says which option has it, never another exception."""
from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import converter
import lite
from converter.errors import OptionError
from lite.errors import LiteError
from lite.files import write_atomically
from tests.cli.conftest import DIGITS

MODEL = DIGITS / "digits.mindir"
LONGEST = 6000  # a path may have so many


class Unshowable:
    """An object whose own code fails."""

    def __repr__(self) -> str:
        raise RuntimeError("no words for this")


class InBytes(os.PathLike[bytes]):
    """A path that is no text."""

    def __fspath__(self) -> bytes:
        return b"pictures"


ODD: tuple[Any, ...] = (
    None, True, -1, 0, 1.5, 10**400, -(10**400), 10**5000, float("nan"), float("inf"), 1j, "", "a\0b", "\ud800",
    "x" * 5000, b"", b"x", [], [[]], ["minmax"], ["l2", 3], {}, {3: "a"}, {"a": 3}, {None: None}, (10**400, 1),
    np.zeros(0), np.ones(2), np.int8(1), np.float32(0.5), np.array("full"),
    np.array(3), object(), Unshowable(), InBytes(), int, iter(()), range(3),
)  # fmt: skip


def said(attempt: Callable[[], object]) -> str:
    """What it is refused with; empty where it is not."""
    try:
        attempt()
    except (LiteError, OSError) as error:
        return str(error)
    return ""


def ids(value: object) -> str:
    try:
        return repr(value)[:20]
    except Exception:
        return type(value).__name__


MAKERS: tuple[Callable[[str, Any], object], ...] = (
    lambda name, value: converter.Quantization(**{name: value}),
    lambda name, value: converter.Calibration(**{"path": "pictures", name: value}),
    lambda name, value: converter.Pruning(**{name: value}),
    lambda name, value: converter.ConvertOptions(**{name: value}),
)
KINDS = (converter.Quantization, converter.Calibration, converter.Pruning, converter.ConvertOptions)


@pytest.mark.parametrize("value", ODD, ids=ids)
def test_no_option_is_confused_by_an_odd_value(value: Any) -> None:
    for kind, make in zip(KINDS, MAKERS, strict=True):
        for field in fields(kind):
            assert len(said(partial(make, field.name, value))) < LONGEST


IMPOSSIBLE = ("a\0b", "\ud800", Path("a\0b"))


@pytest.mark.parametrize("path", IMPOSSIBLE, ids=repr)
def test_a_path_that_no_file_can_have_is_not_there(path: Any) -> None:
    model = MODEL.read_bytes()
    tries: tuple[Callable[[], object], ...] = (
        lambda: lite.Session(path),
        lambda: converter.convert(path),
        lambda: converter.convert(model, {"checkpoint": path}),
        lambda: converter.convert(model, {"config": path}),
        lambda: converter.convert(model, {"quantization": {"samples": {"path": path}}}),
        lambda: converter.convert(model, {"quantization": {"samples": {"path": {"image": path}}}}),
        lambda: converter.export(model, path, "ONNX"),
        lambda: write_atomically(path, b""),
    )
    for attempt in tries:
        with pytest.raises((FileNotFoundError, converter.ConvertError), match=r"no file can have this name|image"):
            attempt()


@pytest.mark.parametrize(
    ("checkpoint", "words"),
    [
        ({3: np.ones(3)}, "expected strings"),
        ({"a": [[1], [1, 2]]}, r"checkpoint\['a'\] is no array"),
        ({"a": np.ma.masked_less(np.arange(3), 1)}, "masked array"),
        ({"a": object()}, "is of another network"),
    ],
)
def test_a_checkpoint_is_arrays_by_name(checkpoint: Any, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        converter.convert(MODEL, {"checkpoint": checkpoint})
