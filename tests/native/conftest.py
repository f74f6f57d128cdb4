"""Packs and objects built once for all tests here, from the kernels in tests/native/sources."""
from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lite.native import build, cpu
from lite.native.pack import KernelPack

SOURCES = "tests.native.sources"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def objects(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of <target>.o for every target."""
    folder = tmp_path_factory.mktemp("objects")
    subprocess.run([sys.executable, "-m", "tests.native.compile_objects", str(folder)], cwd=ROOT, check=True)
    return folder


@pytest.fixture(scope="session")
def pack_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack file for this device's best level, built as a first use builds it."""
    path = tmp_path_factory.mktemp("packs") / "best.so"
    path.write_bytes(build.build(SOURCES, cpu.levels()[0]))
    return path


@pytest.fixture(scope="session")
def pack(pack_file: Path) -> KernelPack:
    return KernelPack.open(str(pack_file))


@pytest.fixture
def run_python(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs Python code in a process of its own, with a cache folder of its own unless it is given another."""

    def run(code: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        base = {"PYTHONPATH": str(ROOT), "MINDLITE_CACHE": str(tmp_path / "cache")}
        return subprocess.run(
            [sys.executable, "-c", code, *arguments],
            env={**os.environ, **base, **environment},
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


def arguments(*values: object) -> np.ndarray:
    """The argument block of a kernel: arrays give their address, floats their bits."""
    words = np.zeros(len(values), np.int64)
    for i, value in enumerate(values):
        if isinstance(value, np.ndarray):
            words[i] = value.ctypes.data
        elif isinstance(value, float):
            words[i : i + 1].view(np.float64)[0] = value
        else:
            words[i] = value
    return words


def table(pack: KernelPack, *rows: tuple[str, np.ndarray, int]) -> np.ndarray:
    """An op table of (kernel, argument block, units) rows."""
    words = [[pack.address(kernel), block.ctypes.data, units, 0] for kernel, block, units in rows]
    return np.array(words, np.int64)
