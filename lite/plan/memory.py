"""Bytes for a plan: how many there may be, and packed constants that plans of one session share."""
from __future__ import annotations

import os
import sys
import weakref

import numpy as np

from lite.memory import ALIGNMENT, address_of, allocate
from lite.types import Array

_CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def available_bytes() -> int:
    """Memory this process may take, as far as the system tells: the smaller of what is free and the cgroup's limit."""
    limits = [_cgroup_limit(path) for path in _CGROUP_LIMITS]
    return min([_free_bytes(), *(limit for limit in limits if limit is not None)])


class PackedConstants:
    """The packed constants in use by the plans of one session: plans for several shapes share equal ones."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], list[weakref.ref[Array]]] = {}

    def place(self, owner: str, data: Array) -> Array:
        """An aligned array with the elements of `data`: the one some plan has for the same owner, or a new one."""
        alive = self._known.setdefault((owner, data.dtype, data.shape), [])
        alive[:] = [ref for ref in alive if ref() is not None]
        for known in (ref() for ref in alive):
            if known is not None and _same_bytes(known, data):
                return known
        placed = _aligned(data)
        alive.append(weakref.ref(placed))
        return placed


def _aligned(array: Array) -> Array:
    if array.flags.c_contiguous and address_of(array) % ALIGNMENT == 0:
        return array
    copy = allocate(array.nbytes).view(array.dtype).reshape(array.shape)
    np.copyto(copy, array)
    return copy


def _same_bytes(a: Array, b: Array) -> bool:
    return np.array_equal(a.reshape(-1).view(np.uint8), np.ascontiguousarray(b).reshape(-1).view(np.uint8))


def _free_bytes() -> int:
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:
            return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else sys.maxsize


def _cgroup_limit(path: str) -> int | None:
    try:
        with open(path, encoding="ascii") as file:
            text = file.read().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None
