"""Describe the outputs of a model, and write them to files."""
from __future__ import annotations

import io
import os
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lite.errors import LiteError
from lite.files import folder_for_files, write_atomically, write_together
from lite.types import Array

_PRINTED_VALUES = 16  # up to this many elements are printed, more are summed up
_LISTED_VALUES = 1000  # up to this many are in the JSON


def describe(name: str, array: Array, values: bool = False) -> dict[str, Any]:
    """A tensor as JSON has it; with `values` also its range, mean and, where they are few, its elements."""
    row: dict[str, Any] = {"name": name, "dtype": array.dtype.name, "shape": list(array.shape)}
    if values and array.size:
        row |= {"min": array.min().item(), "max": array.max().item(), "mean": float(array.mean(dtype=float))}
        if array.size <= _LISTED_VALUES:
            row["values"] = array.tolist()
    return row


def spec_text(name: str, array: Array) -> str:
    """`x: float32[1,2]`."""
    return f"{name}: {array.dtype.name}[{','.join(map(str, array.shape))}]"


def values_text(array: Array) -> str:
    """The elements, or their range and mean where there are many."""
    if array.size == 0:
        return "empty"
    if array.size <= _PRINTED_VALUES:
        return " ".join(f"{value:.5g}" for value in array.ravel().tolist())
    return f"min {array.min():.5g}, max {array.max():.5g}, mean {array.mean(dtype=float):.5g}"


def check_place(where: str) -> None:
    """Raises LiteError, before anything is computed, for a place that `write_outputs` cannot write to."""
    path = Path(where)
    if _is_file(path):
        if not path.parent.is_dir():
            raise LiteError(f"cannot write {where}: the folder {path.parent} does not exist")
    elif path.exists() and not path.is_dir():
        raise LiteError(f"{where} is a file, but neither .npy nor .npz; a folder of .npy files would have to go there")
    elif path.suffix and not path.exists() and not where.endswith(os.sep):
        raise LiteError(
            f"cannot write {where}: outputs go to a .npz, a .npy, or a folder of .npy files; if {path.name} is to be "
            f"a folder, write {where}{os.sep}"
        )


def _is_file(path: Path) -> bool:
    return path.suffix.lower() in (".npy", ".npz")


def write_outputs(where: str, outputs: Mapping[str, Array]) -> list[str]:
    """Write the arrays to a .npz, a .npy, or as .npy files into a folder; return the paths. Raises OSError."""
    path = Path(where)
    if path.suffix.lower() == ".npz":
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:  # np.savez cannot take every name
            for name, array in outputs.items():
                archive.writestr(f"{name}.npy", _npy(array))
        write_atomically(path, buffer.getbuffer())
        return [str(path)]
    if path.suffix.lower() == ".npy":
        if len(outputs) != 1:
            raise LiteError(f"{path} holds one array, the model has {len(outputs)} outputs: give a .npz or a folder")
        (array,) = outputs.values()
        write_atomically(path, _npy(array))
        return [str(path)]
    targets = [path / f"{stem}.npy" for stem in _stems(outputs)]
    with folder_for_files(path):
        arrays = zip(targets, outputs.values(), strict=True)
        write_together({Path(os.path.realpath(target)): [_npy(array)] for target, array in arrays})
    return [str(target) for target in targets]


def _npy(array: Array) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def _stems(names: Mapping[str, Array]) -> list[str]:
    """File names for outputs: characters but letters, digits, dots and dashes become "_"; equal names get numbers."""
    stems: list[str] = []
    for position, name in enumerate(names):
        stem = re.sub(r"[^\w.-]", "_", name).lstrip(".")[:100] or "output"
        stems.append(stem if stem not in stems else f"{stem}_{position}")
    return stems
