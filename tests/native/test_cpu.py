"""Levels of a cpu."""
from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from lite.errors import KernelBuildError
from lite.kernels.target import TARGETS, target
from lite.native import cpu

V3 = target("x86-64-v3").flags
V4 = target("x86-64-v4").flags
DOTPROD = target("aarch64-dotprod").flags

MACHINES = [
    ("x86_64", frozenset(), ["x86-64"]),
    ("x86_64", V3 - {"fma"}, ["x86-64"]),
    ("x86_64", V3 | {"sse2"}, ["x86-64-v3", "x86-64"]),
    ("x86_64", V4, ["x86-64-v4", "x86-64-v3", "x86-64"]),
    ("aarch64", frozenset({"asimd"}), ["aarch64"]),
    ("aarch64", DOTPROD, ["aarch64-dotprod", "aarch64"]),
    ("riscv64", frozenset(), []),
]


@pytest.mark.parametrize(("machine", "flags", "expected"), MACHINES)
def test_levels(machine: str, flags: frozenset[str], expected: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MINDLITE_TARGET", raising=False)
    monkeypatch.setattr("platform.machine", lambda: machine)
    monkeypatch.setattr(cpu, "features", lambda: flags)
    assert [level.name for level in cpu.levels()] == expected


def test_levels_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr(cpu, "features", lambda: V3)
    monkeypatch.setenv("MINDLITE_TARGET", "x86-64")
    assert [level.name for level in cpu.levels()] == ["x86-64"]
    monkeypatch.setenv("MINDLITE_TARGET", "x86-64-v4")
    with pytest.raises(KernelBuildError, match="x86-64-v4 cannot run on this device; what can: x86-64-v3, x86-64"):
        cpu.levels()


def test_no_level_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "win32")
    assert cpu.levels() == ()


def test_targets_are_ordered() -> None:
    """Best first: an earlier row of a machine asks for all a later one does, and the last asks for nothing."""
    for machine in {row.machine for row in TARGETS}:
        rows = [row for row in TARGETS if row.machine == machine]
        assert all(better.flags > worse.flags for better, worse in pairwise(rows))
        assert not rows[-1].flags


def test_this_process_may_use_a_cpu() -> None:
    assert cpu.usable_cpus() >= 1


QUOTAS: list[tuple[str, dict[str, str], list[float]]] = [
    ("0::/", {"cpu.max": "150000 100000"}, [1.5]),
    ("0::/", {"cpu.max": "max 100000"}, []),
    ("0::/a/b", {"a/b/cpu.max": "max 100000", "a/cpu.max": "50000 100000"}, [0.5]),
    ("0::/of/the/host", {"cpu.max": "300000 100000"}, [3.0]),
    ("5:cpu,cpuacct:/a\n4:memory:/b", {"cpu/a/cpu.cfs_quota_us": "200000", "cpu/a/cpu.cfs_period_us": "100000"}, [2.0]),
    ("5:cpu:/a", {"cpu/a/cpu.cfs_quota_us": "-1", "cpu/a/cpu.cfs_period_us": "100000"}, []),
    ("0::/", {"cpu.max": "garbage"}, []),
    ("0::/", {"cpu.max": "100 0"}, []),
    ("", {}, []),
    ("garbage", {}, []),
]


@pytest.mark.parametrize(("groups", "files", "expected"), QUOTAS)
def test_quotas(groups: str, files: dict[str, str], expected: list[float], tmp_path: Path) -> None:
    files = {f"sys/fs/cgroup/{name}": text for name, text in files.items()} | {"proc/self/cgroup": groups}
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    assert list(cpu._quotas(str(tmp_path))) == expected
