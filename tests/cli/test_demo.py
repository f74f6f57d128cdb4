"""`mlite demo`: what it says and writes."""
from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from converter.commands.contact_sheet import contact_sheet
from tests.cli.conftest import Mlite


def test_demo(mlite: Mlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    report = mlite("demo", "--json").json
    assert report["images"] == 360
    assert report["accuracy"] >= 0.98
    assert report["written"] == [str(Path("mlite-demo/digits.ms")), str(Path("mlite-demo/digits.png"))]
    with Image.open("mlite-demo/digits.png") as sheet:
        assert sheet.width > 800
        assert sheet.height > 800
    done = mlite("demo", "--output", tmp_path / "elsewhere")
    assert done.code == 0
    assert "accuracy" in done.out
    assert "median" in done.out
    assert str(tmp_path / "elsewhere" / "digits.png") in done.out


def test_demo_cannot_write_into_a_file(mlite: Mlite, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = mlite("demo", "--output", tmp_path / "file")
    assert done.code == 1
    assert done.err == f"mlite: error: the output {tmp_path / 'file'} is a file: give a folder\n"


def test_demo_leaves_nothing_behind_where_it_fails(
    mlite: Mlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(temporary: str, target: Path, replace: Callable[..., None] = os.replace) -> None:
        if Path(target).suffix == ".png":
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(temporary, target)

    monkeypatch.setattr(os, "replace", full)
    done = mlite("demo", "--output", tmp_path / "new")
    assert (done.code, done.err) == (1, f"mlite: error: {tmp_path / 'new' / 'digits.png'}: No space left on device\n")
    assert list(tmp_path.iterdir()) == []


def test_demo_refuses_unknown_arguments(mlite: Mlite) -> None:
    assert mlite("demo", "--output").code == 2


def test_mistakes_come_first_and_in_red(tmp_path: Path) -> None:
    images = np.zeros((3, 8, 8), np.uint8)
    (tmp_path / "a.png").write_bytes(contact_sheet(images, [1, 2, 3], [1, 2, 8], "a title"))
    (tmp_path / "b.png").write_bytes(contact_sheet(images, [1, 2, 3], [1, 2, 3], "a title"))
    red = []
    for name in ("a.png", "b.png"):
        with Image.open(tmp_path / name) as sheet:
            pixels = np.asarray(sheet.convert("RGB")).astype(int)
        red.append(np.argwhere(pixels[..., 0] - pixels[..., 1] > 100))
    assert len(red[0])
    assert red[0][:, 1].max() < 60  # the first picture's column
    assert not len(red[1])
