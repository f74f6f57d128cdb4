"""Writing files so that a reader never sees half of one, and folders for them."""
from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

Part = bytes | bytearray | memoryview


def write_atomically(path: str | os.PathLike[str], *parts: Part) -> None:
    """Write `parts`, one after the other, to `path`: all, or, where anything fails or interrupts, nothing at all.

    The bytes go to a temporary file in the same folder, which then takes the name. A file that is replaced keeps its
    permissions, a link is followed, and a device or pipe is written to as it is. Raises OSError that names `path`.
    """
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            with open(path, "wb") as file:  # a device or a pipe; a folder raises IsADirectoryError
                file.writelines(parts)
        else:
            _replace(Path(os.path.realpath(path)), parts)
    except OSError as error:  # the user knows the target, not the temporary file
        raise OSError(error.errno, error.strerror, str(path)) from None


def _replace(target: Path, parts: Sequence[Part]) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:64]}.")
    try:
        with open(descriptor, "wb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask())
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise


@contextlib.contextmanager
def folder_for_files(path: str | os.PathLike[str]) -> Iterator[None]:
    """While files are written to it, `path` is a folder: made where it is not there, and gone again where that fails.

    So are the folders around it. What is not empty, or was there, stays. Raises OSError.
    """
    folder = Path(path)
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        for place in made:
            with contextlib.suppress(OSError):
                place.rmdir()
        raise


def _umask() -> int:
    """The process's umask, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
