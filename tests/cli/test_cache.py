"""`mlite cache`: what is kept, which of it is in use, and deleting it."""
from __future__ import annotations

from pathlib import Path

import pytest

from lite.cli import main as device_main
from lite.native import cache, cpu, pack
from lite.native.pack import load_pack
from tests.cli.conftest import Mlite

OTHER = "0" * 32


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("MINDLITE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    return tmp_path / "cache" / "packs"


def test_an_empty_cache(mlite: Mlite, folder: Path) -> None:
    done = mlite("cache")
    assert done.code == 0
    assert str(folder) in done.out
    assert mlite("cache", "--clear").code == 0
    assert mlite("cache", "--json").json["folders"][0] == str(folder)


def test_states_and_clearing(mlite: Mlite, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if load_pack() is None:
        pytest.skip("there is no pack to show")
    monkeypatch.setattr(pack, "_SHIPPED", str(folder / "nowhere"))
    level, sources = cpu.levels()[0].name, cache.digest(pack.KERNELS)
    for name in (
        cache.entry_name(level, sources, cache.tools()),
        cache.entry_name(level, sources, "llvmlite0-numba0"),
        cache.entry_name(level, OTHER, "llvmlite0-numba0"),
    ):
        cache.publish(name, b"not looked into")
    states = sorted(row["state"] for row in mlite("cache", "--json").json["packs"])
    assert states == ["in use", "old", "spare"]
    text = mlite("cache", "--clear").out
    assert level in text
    assert "deleted 3 packs" in text
    assert cache.entries() == ()
    assert mlite("cache", "--json").json["packs"] == []


def test_a_level_that_cannot_run_here(mlite: Mlite, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINDLITE_TARGET", "z80")
    assert mlite("cache").code == 0


def test_the_device_has_it_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert device_main(["cache"]) == 0
    assert str(folder) in capsys.readouterr().out
