"""The digest that says whether a model's file is the one that was planned."""
from __future__ import annotations

import numpy as np
import pytest

from lite.memory import address_of, allocate
from lite.native.pack import KernelPack
from lite.types import Array
from tests.kernels.conftest import LEVELS


def digest(pack: KernelPack, data: Array, *parts: tuple[int, int]) -> bytes:
    x, table = data.copy(), np.array(parts, np.int64)
    state, scratch = allocate(256), allocate(64)
    state[...] = 0
    words = {"x": address_of(x), "parts": address_of(table), "count": len(table), "state": address_of(state)}
    pack.call("digest", words, 1, address_of(scratch))
    return state.tobytes()


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("nbytes", [1, 3, 4, 63, 64, 257, 1030])
def test_every_bit_counts(packs: dict[str, KernelPack], nbytes: int, level: str) -> None:
    data = np.random.default_rng(nbytes).integers(0, 256, nbytes, np.uint8)
    found = {digest(packs[level], data, (0, nbytes))}
    for bit in range(8 * nbytes):
        other = data.copy()
        other[bit // 8] ^= 1 << bit % 8
        found.add(digest(packs[level], other, (0, nbytes)))
    assert len(found) == 8 * nbytes + 1


@pytest.mark.parametrize("level", LEVELS)
def test_what_is_not_in_a_part_does_not_count(packs: dict[str, KernelPack], level: str) -> None:
    data = np.random.default_rng(0).integers(0, 256, 1000, np.uint8)
    parts = (3, 10), (10, 10), (101, 777), (800, 999)
    before = digest(packs[level], data, *parts)
    inside = np.zeros(1000, bool)
    for begin, end in parts:
        inside[begin:end] = True
    for place in range(1000):
        other = data.copy()
        other[place] ^= 1
        assert (digest(packs[level], other, *parts) == before) is not inside[place], place


@pytest.mark.parametrize("level", LEVELS)
def test_changes_do_not_cancel(packs: dict[str, KernelPack], level: str) -> None:
    """Not even such as sums would miss: words exchanged, and signs of two turned."""
    data = np.random.default_rng(1).integers(0, 1 << 32, 512, np.uint64).astype(np.uint32)
    found = [digest(packs[level], data.view(np.uint8), (0, 2048))]
    places = [np.sort(np.random.default_rng(seed).choice(512, 2, replace=False)) for seed in range(500)]
    for pair in sorted({(int(first), int(second)) for first, second in places}):
        exchanged, turned = data.copy(), data.copy()
        exchanged[[*pair]] = data[[*reversed(pair)]]
        turned[[*pair]] ^= np.uint32(1 << 31)
        found += [digest(packs[level], x.view(np.uint8), (0, 2048)) for x in (exchanged, turned)]
    assert len(set(found)) == len(found) > 900
