"""The file beside a model that holds its weights, where these are too large for the model's format."""
from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from lite.files import Part, write_atomically, write_together
from lite.schema import sums
from lite.types import Array

LIMIT: Final = (1 << 31) - 1  # bytes of a protobuf message and of a FlatBuffers file
SMALLEST: Final = 1024  # bytes of a constant that is moved out; smaller ones stay in the model
_ALIGNMENT: Final = 64


class Sidecar:
    """The contents of the file, in order. name: of the file. limit: the most bytes that the model itself may have."""

    def __init__(self, name: str, limit: int = LIMIT) -> None:
        self.name = name
        self.limit = limit
        self._end = 0
        self._parts: list[tuple[int, Array]] = []  # (offset, elements)
        self._digests: list[bytes] = []

    @classmethod
    def beside(cls, path: str | os.PathLike[str]) -> Sidecar:
        """The sidecar of a model at `path`, named as MindSpore Lite does for a `.ms`, and as ONNX does for others."""
        model = Path(path)
        return cls(f"{model.stem}.msw" if model.suffix == ".ms" else f"{model.name}.data")

    @property
    def nbytes(self) -> int:
        """Bytes of the file; 0 where nothing goes into it."""
        return self._end + len(self._table())

    def add(self, data: Array, digest: bytes | None = None) -> int:
        """Append elements; the offset that they will have. digest: of them, where the model says it too."""
        offset = -(-self._end // _ALIGNMENT) * _ALIGNMENT
        self._parts.append((offset, data))
        self._end = offset + data.nbytes
        if digest is not None:
            self._digests.append(digest)
        return offset

    def parts(self) -> Iterator[memoryview]:
        """The file, piece by piece: elements in row-major order, little-endian."""
        place = 0
        for offset, data in self._parts:
            yield memoryview(bytes(offset - place))
            stored = np.ascontiguousarray(data, data.dtype.newbyteorder("<"))
            yield stored.reshape(-1).view(np.uint8).data
            place = offset + data.nbytes
        yield memoryview(self._table())

    def _table(self) -> bytes:
        return sums.table(self._digests) if self._digests else b""


def write_model(
    path: str | os.PathLike[str],
    model: Sequence[Part],
    sidecar: Sidecar,
    more: Mapping[Path, Sequence[Part]] | None = None,
) -> None:
    """Write a model, and the file beside it where it has one: all of it or nothing.

    model: its parts. more: files to write with it. Raises OSError.
    """
    place = Path(os.path.realpath(path))
    if not sidecar.nbytes and (not more or (place.exists() and not place.is_file())):
        write_atomically(path, *model)  # a device or a pipe too
        write_together(more or {})
        return
    beside = {place.with_name(sidecar.name): sidecar.parts()} if sidecar.nbytes else {}
    write_together({**beside, **(more or {}), place: model})
