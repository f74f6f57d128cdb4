"""Where the bytes of a model come from: a file, which is mapped, or memory."""
from __future__ import annotations

import errno
import mmap
import os
import stat
import time
from typing import BinaryIO

from lite.errors import InvalidModelError
from lite.records import dataclass

Source = str | os.PathLike[str] | bytes | bytearray | memoryview

_PATH_LIMIT = 4096  # bytes
_SETTLED = 2_000_000_000  # nanoseconds; a change within the clock's step of another would leave the same times


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """The bytes of a model, read-only, and what messages call it.

    folder: where its file is; None for bytes in memory. identity: device, inode, size, and when content and inode were
    last changed, in nanoseconds, which differ for other content, unless it is written through a mapping; None where it
    has been changed too recently to tell.
    """

    data: memoryview
    label: str
    folder: str | None = None
    identity: tuple[int, ...] | None = None


def open_source(source: Source) -> Opened:
    """The bytes of a path, or those that are given. Raises TypeError, OSError or InvalidModelError."""
    if not isinstance(source, (str, os.PathLike, bytes, bytearray, memoryview)):  # an int would be a file descriptor
        raise TypeError(f"source is a {type(source).__name__}: expected a path or the bytes of a .ms file")
    if isinstance(source, (bytes, bytearray, memoryview)):
        view = memoryview(source)
        if not view.c_contiguous:
            raise TypeError("source is a memoryview with gaps: give its bytes one after the other, as bytes(view)")
        if len(source) < _PATH_LIMIT and b"\0" not in bytes(view) and os.path.isfile(bytes(view)):
            raise InvalidModelError("model: these bytes are the path of a file: bytes are a model, give a path as str")
        return Opened(view.cast("B").toreadonly(), "model")
    with _opened(source) as file:
        label = os.path.basename(os.fsdecode(source))
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise InvalidModelError(f"{label}: this is a pipe or a device: give a plain file, which is mapped")
        folder = os.path.dirname(os.fsdecode(source))
        if not status.st_size:
            return Opened(memoryview(b""), label, folder)
        data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        return Opened(data, label, folder, _identity(status))


def _opened(path: str | os.PathLike[str]) -> BinaryIO:
    try:
        return open(path, "rb", opener=_open_at_once)
    except ValueError as error:  # a NUL in it, say
        raise FileNotFoundError(errno.ENOENT, "no file can have this name", os.fspath(path)) from error


def _open_at_once(path: str, flags: int) -> int:
    """A descriptor, of a pipe too that nobody writes to."""
    return os.open(path, flags | os.O_NONBLOCK)


def _identity(status: os.stat_result) -> tuple[int, ...] | None:
    changed = status.st_mtime_ns, status.st_ctime_ns  # no program can set the latter
    if time.time_ns() - max(changed) < _SETTLED:
        return None
    return status.st_dev, status.st_ino, status.st_size, *changed
