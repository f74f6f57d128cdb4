"""Constants in a file beside the model, which models have that are too large for the format.

The file's name comes from the model, which is not trusted: anything but a plain file in the model's folder is refused.
So is the file of another conversion, where the model has checksums of its constants (lite.schema.sums).
"""
from __future__ import annotations

import mmap
import os
import stat
from collections.abc import Mapping, Sequence
from typing import Any

from lite.errors import InvalidModelError, UnsupportedVersionError


class Sidecars:
    """The files beside one model, each mapped once. folder: the model's; None for a model that is given as bytes."""

    def __init__(self, folder: str | None) -> None:
        self._folder = folder
        self._mapped: dict[str, memoryview] = {}
        self._sums: dict[str, frozenset[str]] = {}

    @property
    def nbytes(self) -> int:
        """Bytes of the files that were needed."""
        return sum(map(len, self._mapped.values()))

    def data(self, where: str, rows: Sequence[Mapping[str, Any]]) -> memoryview:
        """What a tensor's externalData says. where: the tensor, for messages.

        Raises InvalidModelError for a file that is not there or no plain file beside the model, and for a part that the
        file does not have, or has of another model; UnsupportedVersionError for data in several parts.
        """
        if len(rows) != 1:
            raise UnsupportedVersionError(f"{where} externalData: expected one part, found {len(rows)}")
        name, offset, length = rows[0]["location"] or "", rows[0]["offset"], rows[0]["length"]
        data = self._mapped.get(name)
        if data is None:
            data = self._mapped[name] = self._map(f"{where} externalData", name)
        end = len(data) if length == -1 else offset + length
        if not 0 <= offset <= end <= len(data):
            raise InvalidModelError(
                f"{where} externalData: expected bytes within the {len(data)} of {name!r}, "
                f"found offset {offset}, length {length}: give the file that was written with the model"
            )
        self._check_sum(f"{where} externalData", name, data, rows[0]["checkSum"] or "")
        return data[offset:end]

    def _check_sum(self, where: str, name: str, data: memoryview, expected: str) -> None:
        """Raises InvalidModelError where a checksum differs."""
        from lite.schema.sums import PREFIX, check_sums  # for models that have a file beside them

        if not expected.startswith(PREFIX):
            return
        if name not in self._sums:
            self._sums[name] = check_sums(data)
        if expected not in self._sums[name]:
            raise InvalidModelError(f"{where}: {name!r} is of another model or conversion: "
                "give the file that was written with the model")

    def _map(self, where: str, name: str) -> memoryview:
        if name in ("", ".", "..") or any(character in name for character in "/\\\0"):
            raise InvalidModelError(f"{where}: expected the name of a file beside the model, found {name!r}")
        if self._folder is None:
            raise InvalidModelError(f"{where}: the data is in {name!r} beside the model: give the model's path")
        try:
            descriptor = os.open(os.path.join(self._folder, name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except (OSError, UnicodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not a name that files can have"
            raise InvalidModelError(f"{where}: {name!r} beside the model cannot be read: {reason}") from error
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise InvalidModelError(f"{where}: expected a plain file beside the model, {name!r} is none")
            if not status.st_size:
                return memoryview(b"")
            return memoryview(mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ))
        finally:
            os.close(descriptor)
