"""Where plans are kept from process to process: records of lite.plan.kept, one file each, beside the kernel packs.

The name of a record has a digest of all that it was made of: the model file as the system tells it from others (by
device, inode, size, and when it was changed), the kernel pack, Python and numpy, and this package's sources with their
sizes and times.
So a record is deleted in time, and otherwise just not found any more. It is trusted as much as a kernel pack: both come
out of a folder that nobody else can write to.
"""
from __future__ import annotations

import contextlib
import os
import re
import sys

import numpy as np

from lite.native import cache
from lite.native.pack import KernelPack

_DIGEST = 16  # bytes, of what follows it in a file
_MOST = 100  # records
_STALE_SECONDS = 30 * 86400.0
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def name_of(label: str, identity: tuple[int, ...], pack: KernelPack) -> str | None:
    """File name of the record for a model file of that identity; None where plans cannot be kept."""
    sources = _sources(_PACKAGE)
    if not sources:  # in an archive
        return None
    everything = (sys.version, np.__version__, identity, pack.target, pack.sources, pack.path, sources)
    digest = cache.digest_bytes(repr(everything).encode()).hex()
    return f"{pack.target}-{digest}-{re.sub('[^A-Za-z0-9._]', '_', label)[-40:]}.plan"


def find(name: str) -> bytes | None:
    """The record of that name, None where it is not there or damaged."""
    data = cache.read(name, cache.PLANS)
    if data is None or cache.digest_bytes(name.encode() + data[_DIGEST:]) != data[:_DIGEST]:
        return None
    return data[_DIGEST:]


def publish(name: str, data: bytes) -> None:
    """Keep a record, where there is room for it, and delete those that have been there for long, or are too many."""
    if cache.publish(name, cache.digest_bytes(name.encode() + data) + data, cache.PLANS) is None:
        return
    with contextlib.suppress(OSError):  # a folder of somebody else's before ours
        for position, entry in enumerate(cache.entries(cache.PLANS)):
            if position >= _MOST or entry.age > _STALE_SECONDS:
                cache.remove(entry)


def _sources(folder: str) -> list[tuple[str, int, int, int]]:
    """Path, size and times of each source in a folder, in order."""
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.endswith(".py"):
                    status = entry.stat()
                    found.append((entry.path, status.st_size, status.st_mtime_ns, status.st_ctime_ns))
                elif entry.name.isidentifier() and entry.name != "__pycache__" and entry.is_dir():
                    found += _sources(entry.path)
    except OSError:
        return []
    return sorted(found)
