"""Arrays in files: damaged ones, ones that hold more than memory does, and what else is in an archive."""
from __future__ import annotations

import random
import zipfile
from pathlib import Path

import numpy as np
import pytest

from lite import arrays
from lite.arrays import read_bin, read_npy, read_npz
from lite.errors import TensorError
from lite.types import Array, DType, TensorSpec

STORED = {"x": np.linspace(0, 1, 64, dtype=np.float32).reshape(1, 1, 8, 8), "labels": np.arange(5)}


def save(path: Path) -> Path:
    if path.suffix == ".npz":
        np.savez_compressed(path, **STORED)
    else:
        np.save(path, STORED["x"])
    return path


@pytest.mark.parametrize("name", ["x.npy", "x.npz"])
def test_a_damaged_file_is_read_or_a_tensor_error(name: str, tmp_path: Path) -> None:
    path = save(tmp_path / name)
    whole, rng = path.read_bytes(), random.Random(1)
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(data))
            data[at] = rng.choice([0, 1, 255, data[at] ^ 1 << rng.randrange(8)])
        path.write_bytes(data)
        try:
            found: Array | dict[str, Array] = read_npz(path) if name == "x.npz" else read_npy(path)
        except TensorError:
            pass
        else:
            assert isinstance(found, (np.ndarray, dict))


def test_an_archive_with_other_files_is_none_of_arrays(tmp_path: Path) -> None:
    path = save(tmp_path / "x.npz")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("readme.txt", "these are arrays")
    with pytest.raises(TensorError, match=r"its 'readme.txt' is no array"):
        read_npz(path)


@pytest.mark.parametrize("name", ["x.npy", "x.npz", "x.bin"])
def test_what_memory_does_not_hold_is_not_read(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / name
    if name == "x.bin":
        path.write_bytes(bytes(400))
    else:
        save(path)
    monkeypatch.setattr(arrays, "available_bytes", lambda: 200)
    reader = read_npz if path.suffix == ".npz" else read_npy
    with pytest.raises(TensorError, match=f"{name} holds [0-9]+ bytes of arrays; there are 200 bytes of memory"):
        read_bin(path, TensorSpec(DType.INT8, (4,))) if path.suffix == ".bin" else reader(path)
