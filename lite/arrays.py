"""Arrays in files: `.npy` and `.npz`, and element types that a tensor takes without loss."""
from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from lite.errors import DTypeError, TensorError
from lite.types import Array, TensorSpec


def read_npy(path: Path) -> Array:
    """The array of a `.npy` file. Raises TensorError where it is none, OSError."""
    with open(path, "rb") as file:
        try:
            array: Array = np.lib.format.read_array(file, allow_pickle=False)
        except (ValueError, EOFError, MemoryError) as error:
            raise TensorError(f"{path} is not a readable .npy file: {error}") from error
    return array


def read_npz(path: Path) -> dict[str, Array]:
    """The arrays of a `.npz` file by name. Raises TensorError where it is none, OSError."""
    with open(path, "rb") as file:
        try:
            with np.load(file, allow_pickle=False) as archive:
                return {name: archive[name] for name in archive.files}
        except (ValueError, EOFError, zipfile.BadZipFile, AttributeError, MemoryError) as error:
            raise TensorError(f"{path} is not a readable .npz file: {error}") from error


def cast(array: Array, spec: TensorSpec) -> Array:
    """The array in the input's element type: floats to floats as they round, integers only where nothing changes.

    Raises DTypeError where something would.
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
