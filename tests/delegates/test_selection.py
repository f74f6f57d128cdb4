"""Which delegates a session gets: the ones named, or the best there are, and what is said where kernels are missing."""
from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest

from lite.delegates import selection
from lite.delegates.selection import NAMES, select
from lite.errors import DelegateError, KernelBuildError
from lite.native.pack import KernelPack

Packless = Callable[[object], None]


@pytest.fixture(autouse=True)
def _unsaid() -> Iterator[None]:
    selection._say_once.cache_clear()
    yield
    selection._say_once.cache_clear()


def absent(progress: object) -> KernelPack | None:
    return None


def broken(progress: object) -> KernelPack | None:
    raise KernelBuildError("the linker is on holiday")


@pytest.mark.parametrize("names", [["reference"], ["cpu"], ["reference", "cpu"], ("cpu", "reference")], ids=str)
def test_named_delegates_come_in_their_order(names: list[str]) -> None:
    chosen = select(names)
    assert [delegate.name for delegate in chosen.delegates] == list(names)
    assert (chosen.pack is not None) == ("cpu" in names)


def test_the_default_is_kernels_first_and_numpy_for_the_rest() -> None:
    assert tuple(delegate.name for delegate in select(None).delegates) == NAMES == ("cpu", "reference")


@pytest.mark.parametrize(("load", "why"), [(absent, "numba"), (broken, "the linker is on holiday")])
def test_without_kernels_numpy_runs_and_says_so_once(
    load: Packless, why: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(selection, "load_pack", load)
    with caplog.at_level(logging.WARNING, "mindlite"):
        chosen = [select(None) for _ in range(3)]
    assert all([d.name for d in c.delegates] == ["reference"] and c.pack is None for c in chosen)
    assert len(caplog.messages) == 1
    assert "mindlite runs on numpy alone" in caplog.messages[0]
    assert why in caplog.messages[0]


def test_a_build_is_announced_once(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def building(progress: Callable[[str], None]) -> None:
        progress("one module")
        progress("another")

    monkeypatch.setattr(selection, "load_pack", building)
    select(None)
    assert [line for line in caplog.messages if "compiling" in line] == [
        "compiling kernels for this machine, once: about 30 seconds of one core, or half of that on two"
    ]


def test_kernels_asked_for_by_name_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "load_pack", absent)
    with pytest.raises(DelegateError, match=r'delegate "cpu" cannot be had: .*pip install \'mindlite\[jit\]\''):
        select(["cpu"])
    monkeypatch.setattr(selection, "load_pack", broken)
    with pytest.raises(KernelBuildError, match="on holiday"):
        select(["cpu", "reference"])
    assert select(["reference"]).pack is None
