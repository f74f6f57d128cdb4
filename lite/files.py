"""Write files so that a reader never sees half of one, and make folders for them."""
from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

Part = bytes | bytearray | memoryview


def path_of(path: str | os.PathLike[str]) -> Path:
    """The path that a user has given.

    Raises FileNotFoundError, which names it, for a path that no file can have; Python's own ValueError would not.
    """
    text = os.fsdecode(path)
    try:
        possible = b"\0" not in os.fsencode(text)
    except UnicodeError:
        possible = False
    if not possible:
        raise FileNotFoundError(errno.ENOENT, "no file can have this name", text)
    return Path(text)


def write_atomically(path: str | os.PathLike[str], *parts: Part) -> None:
    """Write `parts`, one after the other, to `path`: all, or, where anything fails or interrupts, nothing at all.

    The bytes go to a temporary file in the same folder, which then takes the name. A file that is replaced keeps its
    permissions, a link is followed, and a device or pipe is written to as it is. Raises OSError that names `path`.
    """
    target = path_of(path)
    with _named(target):
        if target.exists() and not target.is_file():
            with open(target, "wb") as file:  # a device or a pipe; a folder raises IsADirectoryError
                file.writelines(parts)
        else:
            _replace(Path(os.path.realpath(target)), parts)


def write_together(files: Mapping[Path, Iterable[Part]]) -> None:
    """Write several files, each given in parts: all of them, or none, so that existing ones stay as they were.

    Each path is that of a plain file, or of nothing yet. Raises OSError that names one of them.
    """
    written: dict[Path, str] = {}  # the temporary files
    kept: dict[Path, str] = {}  # what was there under another name
    taken: list[Path] = []  # names that nothing had
    try:
        for target, parts in files.items():
            with _named(target):
                if target.exists() and not target.is_file():
                    raise FileExistsError(errno.EEXIST, "expected a plain file or none", str(target))
                written[target] = _temporary(target, parts)
        for target, temporary in written.items():
            with _named(target):
                if target.exists():
                    kept[target] = f"{temporary}.old"
                    _keep(target, kept[target])
                else:
                    taken.append(target)
                os.replace(temporary, target)
    except BaseException:
        for target, old in kept.items():
            if os.path.exists(old):
                os.replace(old, target)
        for target in taken:
            target.unlink(missing_ok=True)
        raise
    finally:
        for leftover in (*written.values(), *kept.values()):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(leftover)


def _keep(target: Path, name: str) -> None:
    """Give a file another name too, or where the file system has no such links (FAT), in place of its own."""
    try:
        os.link(target, name)
    except OSError:
        os.replace(target, name)


@contextlib.contextmanager
def _named(target: Path) -> Iterator[None]:
    """Make errors name the target, since the user does not know the temporary file."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(target)) from None


def _replace(target: Path, parts: Iterable[Part]) -> None:
    temporary = _temporary(target, parts)
    try:
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise


def _temporary(target: Path, parts: Iterable[Part]) -> str:
    """A file beside the target, with its permissions, that has the parts one after the other; its name."""
    descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:16]}.")  # 64 bytes
    try:
        with open(descriptor, "wb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask())
    except BaseException:
        os.unlink(temporary)
        raise
    return temporary


@contextlib.contextmanager
def folder_for_files(path: str | os.PathLike[str]) -> Iterator[None]:
    """Make the folder `path` where it does not exist, and remove it again where writing files to it fails.

    The same holds for the folders around it. Folders that existed, or are not empty, stay. Raises OSError.
    """
    folder = Path(path)
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
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
