"""Arrays in files, `.npy`, `.npz` or plain elements, and element types that a tensor takes without loss."""
from __future__ import annotations

import contextlib
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lite.errors import DTypeError, ShapeError, TensorError
from lite.memory import available_bytes
from lite.types import Array, TensorSpec


def read_npy(path: Path) -> Array:
    """The array of a `.npy` file. Raises TensorError where it is none, OSError."""
    with open(path, "rb") as file, _readable(path, ".npy"):
        _check_size(path, os.fstat(file.fileno()).st_size)
        array: Array = np.lib.format.read_array(file, allow_pickle=False)
    return array


def read_npz(path: Path) -> dict[str, Array]:
    """The arrays of a `.npz` file by name. Raises TensorError where it is none, OSError."""
    with open(path, "rb") as file, _readable(path, ".npz"):
        with zipfile.ZipFile(file) as listing:
            _check_size(path, sum(entry.file_size for entry in listing.infolist()))
        file.seek(0)
        with np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        if strange := [name for name, array in arrays.items() if not isinstance(array, np.ndarray)]:
            raise TensorError(f"{path} is not a readable .npz file: its {strange[0]!r} is no array")
        return arrays


@contextlib.contextmanager
def _readable(path: Path, suffix: str) -> Iterator[None]:
    """What numpy and zipfile raise for a damaged file, of a dozen kinds, as a TensorError."""
    try:
        yield
    except TensorError:
        raise
    except Exception as error:
        raise TensorError(f"{path} is not a readable {suffix} file: {error}") from error


def read_bin(path: Path, spec: TensorSpec) -> Array:
    """A file of plain elements, as MindSpore's tools take them: [count, *shape], as many tensors as it holds.

    Raises TensorError where these are not whole ones, or more than the memory there is; ShapeError; OSError.
    """
    if not spec.is_static or not spec.nbytes:
        raise ShapeError(f"{path}: a .bin has no shape, and the model leaves {spec} open")
    _check_size(path, path.stat().st_size)
    data = path.read_bytes()
    if not data or len(data) % spec.nbytes:
        raise TensorError(f"{path} has {len(data)} bytes: expected a multiple of {spec.nbytes}, those of {spec}")
    return np.frombuffer(data, spec.dtype.dtype).reshape(-1, *spec.shape)


def _check_size(path: Path, nbytes: int) -> None:
    if nbytes > (free := available_bytes()):
        raise TensorError(f"{path} holds {nbytes:,} bytes of arrays; there are {free:,} bytes of memory")


def cast(array: Array, spec: TensorSpec) -> Array:
    """The array in the input's element type: floats are rounded, integers must keep their values.

    Raises DTypeError where they would not.
    """
    wanted = spec.dtype.dtype
    if array.dtype == wanted:
        return array
    if array.dtype.kind in "biuf" and wanted.kind == "f":
        return array.astype(wanted)
    if array.dtype.kind in "iu" and wanted.kind in "iu":
        cast: Array = array.astype(wanted)
        if np.array_equal(cast, array):
            return cast
    raise DTypeError(f"input {spec} cannot take {array.dtype} elements without loss")
