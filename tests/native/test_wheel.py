"""Which wheel hatch_build.py makes of MINDLITE_PACKS; .ci/run builds a real one and .ci/judge_wheel.py judges it."""
from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).resolve().parent.parent.parent


def initialize(version: str = "standard") -> dict[str, Any]:
    """What the hook adds to a wheel, with an "interpreter" that compiles nothing and says with what it was called."""
    data: dict[str, Any] = {"force_include": {}}
    (hook,) = WheelBuilder(str(ROOT)).get_build_hooks(str(ROOT)).values()
    hook.initialize(version, data)
    hook.finalize(version, data, "")
    return data


@pytest.fixture(autouse=True)
def compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = tmp_path / "python"
    script.write_text('#!/bin/sh\nfor last; do :; done\nfor argument; do case $argument in --target=*) '
                      'echo pack >"$last/${argument#--target=}.so";; esac; done\n')  # fmt: skip
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))


def test_without_the_variable_the_wheel_is_pure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MINDLITE_PACKS", raising=False)
    assert initialize() == {"force_include": {}}
    assert WheelBuilder(str(ROOT)).config.dependencies == []


@pytest.mark.parametrize(
    ("levels", "machine"), [("x86-64-v4, x86-64-v3,x86-64", "x86_64"), ("aarch64,aarch64-dotprod", "aarch64")]
)
def test_packs_are_shipped_for_one_machine(levels: str, machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINDLITE_PACKS", levels)
    data = initialize()
    assert (data["tag"], data["pure_python"]) == (f"py3-none-manylinux_2_17_{machine}", False)
    expected = {f"lite/native/packs/{level.strip()}.so" for level in levels.split(",")}
    assert set(data["force_include"].values()) == expected
    assert not any(os.path.exists(path) for path in data["force_include"]), "what is in the wheel can go"
    assert any(name.startswith("numba") for name in WheelBuilder(str(ROOT)).config.dependencies)


def test_an_editable_install_ships_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINDLITE_PACKS", "x86-64")
    assert initialize("editable") == {"force_include": {}}


@pytest.mark.parametrize(
    ("levels", "said"),
    [("x86-64-v9", "'x86-64-v9' is no level; there are x86-64-v4"), ("x86-64,aarch64", "one machine")],
)
def test_what_cannot_be_one_wheel_is_refused(levels: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINDLITE_PACKS", levels)
    with pytest.raises(ValueError, match=said):
        initialize()
