"""Builds that go on from what earlier ones compiled."""
from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from lite.native import cache, cpu, parts
from lite.records import replace
from tests.native.conftest import SOURCES

Run = Callable[..., subprocess.CompletedProcess[str]]

BUILD = f"from lite.native.pack import load_from; print('loaded', *load_from({SOURCES!r}, print).names)"


def damage(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100] + bytes(100))


def test_a_build_compiles_only_what_is_missing(tmp_path: Path, run_python: Run) -> None:
    first = run_python(BUILD).stdout.splitlines()
    assert "compiling 2 modules, once" in first[0]
    folder = tmp_path / "cache" / "parts"
    assert len(list(folder.iterdir())) == 2
    for harm, said in ((Path.unlink, "compiling 1 of 2 modules"), (damage, "compiling 1 of 2 modules"), (None, "")):
        shutil.rmtree(tmp_path / "cache" / "packs")
        if harm is not None:
            harm(next(folder.glob("*arithmetic*")))
        again = run_python(BUILD).stdout.splitlines()
        assert again[-1] == first[-1]
        assert ["compiling" in line for line in again] == ([True, False, False] if said else [False])
        assert said in again[0]


def test_a_build_does_without_a_place_to_keep_parts(tmp_path: Path, run_python: Run) -> None:
    """A file is in the place of the folders."""
    (tmp_path / "cache").write_bytes(b"")
    done = run_python(BUILD, TMPDIR="/proc")
    assert "loaded" in done.stdout, done.stderr


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Sources of `kernels`: a is built on b, b on nothing, and c on b through the package."""
    folder = tmp_path / "kernels"
    folder.mkdir()
    (folder / "a.py").write_text("import os\nfrom kernels.b import thing\n")
    (folder / "b.py").write_text("from os import path\n")
    (folder / "c.py").write_text("def f():\n    from kernels import b\n")
    (folder / "d.py").write_text("")
    monkeypatch.setattr(cache, "_ROOT", str(tmp_path))
    monkeypatch.setattr(cache, "_GENERATOR", ())
    return folder


def test_a_part_is_made_of_its_module_and_what_that_imports(package: Path) -> None:
    def digests() -> dict[str, str]:
        parts._digest.cache_clear()
        return {name: parts._digest(f"kernels.{name}") for name in "abcd"}

    before = digests()
    assert len(set(before.values())) == 4
    (package / "b.py").write_text("from os import path as p\n")
    after = digests()
    parts._digest.cache_clear()
    assert [name for name in "abcd" if before[name] != after[name]] == ["a", "b", "c"]


def test_parts_are_told_apart_by_target_and_age(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINDLITE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    module, (best, *_) = f"{SOURCES}.arithmetic", cpu.levels()
    part = parts.Part(b"object", {"f": "x:pointer"}, {"width": 4})
    parts.keep(module, best, part)
    assert parts.find(module, best) == part
    assert parts.find(module, replace(best, name="other")) is None
    (entry,) = cache.entries(cache.PARTS)
    assert entry.age < 100
    assert cache.entries() == ()
    cache.remove(entry)
    assert parts.find(module, best) is None
