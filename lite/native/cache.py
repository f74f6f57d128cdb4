"""Where built kernel packs, their parts and plans are kept: one file each, named by its sources, published by rename.

The folder is $MINDLITE_CACHE, else $XDG_CACHE_HOME/mindlite, else ~/.cache/mindlite; where that cannot be used, a
private folder in the temporary directory. A folder or file that somebody else could have written (another owner than
this user or root, or writable by group or others) is never read. Entries are never changed in place: a new version has
a new name.
"""
from __future__ import annotations

import contextlib
import os
import re
import stat
import sys
import time
from collections.abc import Callable, Iterator

from lite.records import dataclass

try:
    from _blake2 import blake2b  # hashlib would load OpenSSL, several milliseconds of every cold start
except ImportError:
    from hashlib import blake2b

PACKS, PARTS, PLANS = "packs", "parts", "plans"  # kinds of entries and their folders

_TOOLS = ("llvmlite", "numba")
_STALE_SECONDS = 30 * 86400.0  # another version of mindlite may be in use beside this one
_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# What turns kernel sources into a pack, besides the sources.
_GENERATOR = (
    "lite/kernels/declare.py",
    "lite/kernels/target.py",
    "lite/native/abi.py",
    "lite/native/artifact.py",
    "lite/native/codegen.py",
    "lite/native/driver.py",
    "lite/native/elf.py",
    "lite/native/linker.py",
    "lite/native/machines.py",
    "lite/native/own_linker.py",
)


def digest_bytes(data: bytes | memoryview) -> bytes:
    """Digest of some bytes, 16 of them."""
    return blake2b(data, digest_size=16).digest()


def digest(package: str) -> str:
    """Digest of all a pack is made from: the modules of `package` (a dotted name beside `lite`) and the generator.

    Reads the files, imports nothing. Raises OSError where the sources are not there to be read.
    """
    folder = source(package).removesuffix(".py")
    return digest_of({os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".py")})


def source(module: str) -> str:
    """Path of a module's source, given its dotted name."""
    return os.path.join(_ROOT, *module.split(".")) + ".py"


def digest_of(paths: set[str]) -> str:
    """Digest of sources and the generator. Raises OSError where they cannot be read."""
    hasher = blake2b(digest_size=16)
    for path in sorted({*paths, *(os.path.join(_ROOT, name) for name in _GENERATOR)}):
        with open(path, "rb", buffering=0) as file:
            content = file.read()
        hasher.update(b"%s %d\n" % (os.path.basename(path).encode(), len(content)))
        hasher.update(content)
    return hasher.hexdigest()


def tools() -> str:
    """Versions of numba and llvmlite as installed, "" where numba is not. Lists folders, imports nothing."""
    found: dict[str, str] = {}
    for folder in sys.path:
        with contextlib.suppress(OSError):
            for name in os.listdir(folder or "."):
                if name.endswith(".dist-info") and name.startswith(_TOOLS):
                    project, _, version = name.removesuffix(".dist-info").partition("-")
                    found.setdefault(project, version)
    return "-".join(f"{name}{found.get(name, '')}" for name in _TOOLS) if "numba" in found else ""


def entry_name(target: str, sources: str, versions: str) -> str:
    """File name of the pack built for `target` from `sources` (a digest) by tools of those versions."""
    return f"{target}-{sources}-{versions}.so"


@dataclass(frozen=True, slots=True)
class Entry:
    """A pack in a folder: its level, the digest of its sources, what built it, its bytes and its age in seconds.

    Of a part, the level is followed by its module, and the age is the time since a build used it. Of a plan, `sources`
    is the digest of all that it is good for, and `tools` the name of its model.
    """

    path: str
    target: str
    sources: str
    tools: str
    nbytes: int
    age: float


def entries(kind: str = PACKS) -> tuple[Entry, ...]:
    """All entries of a kind in the folders, the newest first. What is none, or may be somebody else's, is left out."""
    found = []
    for folder in folders(kind):
        for name in os.listdir(folder) if _is_ours(folder, stat.S_ISDIR) else ():
            path = os.path.join(folder, name)
            parts = re.fullmatch(r"([^.].*)-([0-9a-f]{32})-(.*)\.(?:so|plan)", name)
            if parts and _is_ours(path, stat.S_ISREG):
                with contextlib.suppress(OSError):  # gone since it was listed
                    status = os.stat(path)
                    age = time.time() - status.st_mtime
                    found.append(Entry(path, parts[1], parts[2], parts[3], status.st_size, age))
    return tuple(sorted(found, key=lambda entry: entry.age))


def remove(entry: Entry) -> None:
    """Deletes an entry; processes that have loaded it keep it. Raises OSError."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(entry.path)


def evict(sources: str) -> None:
    """Deletes the packs that were built long ago from anything but `sources`, a digest, and parts long unused."""
    for entry in (*entries(), *entries(PARTS)):
        if entry.sources != sources and entry.age > _STALE_SECONDS:
            with contextlib.suppress(OSError):
                remove(entry)


def folders(kind: str = PACKS) -> tuple[str, ...]:
    """Folders that may hold entries of a kind, best first. They need not exist."""
    environment = os.environ
    home = os.path.expanduser("~")
    best = environment.get("MINDLITE_CACHE") or os.path.join(
        environment.get("XDG_CACHE_HOME") or os.path.join(home, ".cache"), "mindlite"
    )
    private = os.path.join(environment.get("TMPDIR") or "/tmp", f"mindlite-{os.geteuid()}")
    # An unset HOME expands to "~" or "/": then only the private folder is left.
    return tuple(os.path.join(root, kind) for root in (best, private) if os.path.isabs(root))


def find(target: str, sources: str, versions: str, kind: str = PACKS) -> str | None:
    """Path of the entry, or None. versions "": built by whichever tools."""
    name, prefix = entry_name(target, sources, versions), entry_name(target, sources, "").removesuffix(".so")
    for folder in folders(kind):
        if not _is_ours(folder, stat.S_ISDIR):
            continue
        names = [name] if versions else sorted(entry for entry in os.listdir(folder) if entry.startswith(prefix))
        for path in (os.path.join(folder, entry) for entry in names):
            if path.endswith(".so") and _is_ours(path, stat.S_ISREG):
                return path
    return None


def read(name: str, kind: str) -> bytes | None:
    """The bytes of an entry, None where it is not there."""
    for folder in folders(kind):
        path = os.path.join(folder, name)
        if _is_ours(folder, stat.S_ISDIR) and _is_ours(path, stat.S_ISREG):
            with contextlib.suppress(OSError), open(path, "rb", buffering=0) as file:
                return file.read()
    return None


def publish(name: str, data: bytes, kind: str = PACKS) -> str | None:
    """Writes an entry to the first folder that takes it and gives its path; None where none does (a full disk)."""
    for folder in folders(kind):
        temporary = os.path.join(folder, f".{name}.{os.getpid()}.{os.urandom(4).hex()}")
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            if not _is_ours(folder, stat.S_ISDIR):
                continue
            with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(data)
            path = os.path.join(folder, name)
            os.replace(temporary, path)
        except BaseException as error:  # an interrupt too leaves nothing behind
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            if not isinstance(error, OSError):
                raise
        else:
            return path
    return None


@contextlib.contextmanager
def building(waiting: Callable[[], None]) -> Iterator[None]:
    """While this is held, other processes wait with their builds, after a call of `waiting`.

    Where locks do not work nobody waits: then several build the same, and the last rename wins.
    """
    import fcntl  # packs are built where there is one

    lock = -1
    for folder in folders():
        with contextlib.suppress(OSError):
            os.makedirs(folder, mode=0o700, exist_ok=True)
            if _is_ours(folder, stat.S_ISDIR):
                lock = os.open(os.path.join(folder, ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    waiting()
                    fcntl.flock(lock, fcntl.LOCK_EX)
                break
    try:
        yield
    finally:
        if lock >= 0:
            os.close(lock)


def _is_ours(path: str, kind: Callable[[int], bool]) -> bool:
    """True for a directory or file (not a link) that nobody but this user and root can have written."""
    try:
        status = os.lstat(path)
    except OSError:
        return False
    return kind(status.st_mode) and status.st_uid in (0, os.geteuid()) and not status.st_mode & 0o022
