"""Kernel packs for every target, built once for the sources at hand and kept in the cache of packs."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lite.kernels.target import TARGETS
from lite.native import build, cache, cpu
from lite.native.pack import KernelPack

_ROOT = Path(__file__).parents[2]
LEVELS = tuple(level.name for level in cpu.levels())


@pytest.fixture(scope="session")
def pack_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Path of the pack for each target, by name; those of other machines can be looked at, not loaded."""
    sources, tools = cache.digest(build.KERNELS), cache.tools()
    found = {level.name: cache.find(level.name, sources, tools) for level in TARGETS}
    missing = [name for name, path in found.items() if path is None]
    if missing:
        folder = tmp_path_factory.mktemp("packs")
        wanted = [word for name in missing for word in ("--target", name)]
        command = [sys.executable, "-m", "lite.native.build", *wanted, "--output", str(folder / missing[0])]
        if len(missing) > 1:
            command[-1] = str(folder)
        subprocess.run(command, cwd=_ROOT, check=True, capture_output=True)
        for name in missing:
            path = folder / (f"{name}.so" if len(missing) > 1 else name)
            found[name] = cache.publish(cache.entry_name(name, sources, tools), path.read_bytes()) or str(path)
    return {name: path for name, path in found.items() if path is not None}


@pytest.fixture(scope="session")
def packs(pack_files: dict[str, str]) -> dict[str, KernelPack]:
    """The loaded pack of each level this machine can run, best first."""
    return {name: KernelPack.open(pack_files[name]) for name in LEVELS}


@pytest.fixture(scope="session")
def pack(packs: dict[str, KernelPack]) -> KernelPack:
    """The best of them."""
    return packs[LEVELS[0]]
