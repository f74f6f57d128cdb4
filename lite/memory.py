"""How much memory there is, aligned blocks for kernels, and giving back pages of a mapped file that nobody needs.

Large blocks are in huge pages where the system has them: it is faults, not copying, that packing is made of, and one
for 2 MB takes as long as a few for 4 kB. Packed weights come from slabs: one large block after another, each handed
out from its start. A slab is freed with the last array in it.
"""
from __future__ import annotations

import errno
import mmap
import os
import sys
from collections.abc import Iterable
from contextlib import suppress

import numpy as np

from lite.errors import MemoryPlanError
from lite.types import Array

ALIGNMENT = 64  # a cache line, and the widest vector of any target

_HUGE = 1 << 21  # bytes of a huge page
_FIRST_SLAB = 1 << 18  # bytes; each slab is eight times the one before
_LARGEST_SLAB = 1 << 24
_CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def available_bytes() -> int:
    """Memory this process may take, as far as the system tells: the smaller of what is free and the cgroup's limit."""
    limits = [_cgroup_limit(path) for path in _CGROUP_LIMITS]
    return min([_free_bytes(), *(limit for limit in limits if limit is not None)])


def address_of(array: Array) -> int:
    """Address of an array's first byte."""
    address: int = array.__array_interface__["data"][0]
    return address


def allocate(nbytes: int) -> Array:
    """uint8[nbytes], not initialized, at a multiple of ALIGNMENT; as many bytes behind it may be read.

    Raises MemoryPlanError where there is not enough.
    """
    try:
        if nbytes >= _HUGE // 2 and hasattr(mmap, "MADV_HUGEPAGE"):
            return _in_huge_pages(nbytes)
        block = np.empty(nbytes + 2 * ALIGNMENT, np.uint8)
    except (MemoryError, ValueError, OSError, OverflowError) as error:
        if isinstance(error, OSError) and error.errno != errno.ENOMEM:  # a signal handler's TimeoutError, say
            raise
        raise MemoryPlanError(f"cannot allocate {nbytes:,} bytes") from error
    skip = -address_of(block) % ALIGNMENT
    return block[skip : skip + nbytes]


class _OwnPages(mmap.mmap):
    """Memory that is no file's: `release` would lose what is in it."""


def _in_huge_pages(nbytes: int) -> Array:
    """As allocate. A last part that is less than half of a huge page takes small ones."""
    pages = _OwnPages(-1, nbytes + 2 * _HUGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)  # room to begin at one
    block = np.frombuffer(pages, np.uint8)
    skip = -address_of(block) % _HUGE
    with suppress(OSError):  # a system without them
        pages.madvise(mmap.MADV_HUGEPAGE, skip, (nbytes + _HUGE // 2) // _HUGE * _HUGE)
    return block[skip : skip + nbytes]


def peak_memory() -> int:
    """The most bytes that this process has had in memory at once; 0 where the system does not say."""
    with suppress(OSError), open("/proc/self/status", encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024
    return 0


class Slabs:
    """A source of blocks that live about as long as each other. Not for use by several threads at once."""

    def __init__(self) -> None:
        self._size = _FIRST_SLAB
        self._rest = allocate(0)

    def allocate(self, nbytes: int) -> Array:
        """As the function `allocate`. What would take a large part of the largest slab gets a block of its own."""
        if nbytes > len(self._rest):
            if nbytes > _LARGEST_SLAB // 4:
                return allocate(nbytes)
            while self._size < nbytes:
                self._size *= 8
            self._rest = allocate(self._size)
            self._size = min(8 * self._size, _LARGEST_SLAB)
        taken, self._rest = self._rest[:nbytes], self._rest[-(-nbytes // ALIGNMENT) * ALIGNMENT :]
        return taken


def mapping_of(array: Array) -> mmap.mmap | None:
    """The mapped file that an array is a view of, None where it is none."""
    owner: object = array
    while isinstance(owner, (np.ndarray, memoryview)):
        owner = owner.base if isinstance(owner, np.ndarray) else owner.obj
    return owner if type(owner) is mmap.mmap else None


def release(arrays: Iterable[Array]) -> None:
    """Give back the pages that hold views of mapped files, and those in between; other arrays are left alone.

    The elements stay what they are: whoever reads them has the system map the pages again.
    """
    spans: dict[int, tuple[mmap.mmap, int, int]] = {}
    for array in arrays:
        mapping = mapping_of(array)
        if mapping is not None and hasattr(mmap, "MADV_DONTNEED"):
            start = address_of(array)
            _, low, high = spans.get(id(mapping), (mapping, start, start))
            spans[id(mapping)] = mapping, min(low, start), max(high, start + array.nbytes)
    for mapped, low, high in spans.values():
        begin = address_of(np.frombuffer(mapped, np.uint8))
        start = (low - begin) // mmap.PAGESIZE * mmap.PAGESIZE
        with suppress(OSError):  # a file system that does not know how
            mapped.madvise(mmap.MADV_DONTNEED, start, high - begin - start)


def _free_bytes() -> int:
    try:
        with open("/proc/meminfo", encoding="utf-8") as lines:
            return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else sys.maxsize


def _cgroup_limit(path: str) -> int | None:
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None
