"""Packed constants that the plans of one session share."""
from __future__ import annotations

import weakref

import numpy as np

from lite.delegates.base import Packer, Packing
from lite.errors import DelegateError
from lite.memory import ALIGNMENT, Slabs, address_of, allocate, mapping_of, release
from lite.types import Array

_KEPT = 1 << 20  # bytes


class PackedConstants:
    """The packed constants in use by the plans of one session: plans for several shapes share equal ones."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], list[weakref.ref[Array]]] = {}
        self._slabs = Slabs()
        self._read: list[Array] = []  # given back before many others are, to keep the peak low

    def place(self, owner: str, data: Array | Packing, packer: Packer | None) -> Array:
        """An aligned array with the elements of `data`: the one some plan has for the same owner, or a new one."""
        if isinstance(data, Packing):
            return self._made(owner, data, packer)
        alive = self._alive((owner, data.dtype, data.shape))
        for known in (ref() for ref in alive):
            if known is not None and _same_bytes(known, data):
                return known
        placed = _aligned(data)
        alive.append(weakref.ref(placed))
        return placed

    def settle(self) -> None:
        """Give back the pages of the mapped file that constants have been made of."""
        release(self._read)
        self._read.clear()

    def _made(self, owner: str, packing: Packing, packer: Packer | None) -> Array:
        """As place. Recipes are equal where they read the same bytes of the file."""
        if packer is None:
            raise DelegateError(f"kernel {packing.kernel} needs a kernel pack, and there is none")
        sources = [address_of(x) if mapping_of(x) else x.tobytes() for x in packing.arrays.values()]
        alive = self._alive((owner, packing.kernel, packing.nbytes, *sources, *packing.integers.values()))
        for known in (ref() for ref in alive):
            if known is not None:
                return known
        placed = self._slabs.allocate(packing.nbytes)
        packing.write(packer, placed)
        self._read += packing.arrays.values()
        if sum(array.nbytes for array in self._read) > _KEPT:
            self.settle()
        alive.append(weakref.ref(placed))
        return placed

    def _alive(self, key: tuple[object, ...]) -> list[weakref.ref[Array]]:
        alive = self._known.setdefault(key, [])
        alive[:] = [ref for ref in alive if ref() is not None]
        return alive


def _aligned(array: Array) -> Array:
    if array.flags.c_contiguous and address_of(array) % ALIGNMENT == 0:
        return array
    copy = allocate(array.nbytes).view(array.dtype).reshape(array.shape)
    np.copyto(copy, array)
    return copy


def _same_bytes(a: Array, b: Array) -> bool:
    return np.array_equal(a.reshape(-1).view(np.uint8), np.ascontiguousarray(b).reshape(-1).view(np.uint8))
