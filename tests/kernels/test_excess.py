"""Weights that are split for products of codes of 7 bits: nothing is lost, and no sum can leave int16."""
from __future__ import annotations

import numpy as np
import pytest

from lite.delegates.cpu.excess import pack_split
from lite.delegates.cpu.tile import Tile
from lite.types import Array

_WEIGHTS = {
    "large": lambda rng, shape: rng.integers(-128, 128, shape),
    "all the largest": lambda rng, shape: np.full(shape, -128),
    "normal": lambda rng, shape: np.clip(rng.normal(size=shape) * 42, -128, 127),
    "small": lambda rng, shape: rng.integers(-32, 33, shape),
}


@pytest.mark.parametrize("lanes", [8, 16])
@pytest.mark.parametrize("steps", [1, 2, 7, 64])
@pytest.mark.parametrize("name", _WEIGHTS)
def test_split_weights_are_the_same_together_and_fit_apart(name: str, steps: int, lanes: int) -> None:
    rng = np.random.default_rng(steps)
    w = np.asarray(_WEIGHTS[name](rng, (6, steps, lanes, 4))).astype(np.int8)
    packed, doubles, tap_bytes = pack_split(w.copy(), Tile(4, 16, lanes, 0, 2, 2, 64, 4 * lanes))
    assert doubles == 0 or 2 * doubles in (steps, steps - 1)
    for row, tap in zip(w.astype(np.int64), packed.reshape(6, tap_bytes), strict=True):
        kept, places, vectors = _read(tap, steps, lanes)
        split = 2 * doubles
        _check_fit(kept[:split].reshape(-1, 2, lanes, 2, 2).transpose(0, 2, 3, 1, 4))
        _check_fit(kept[split:])
        _check_fit(vectors)
        together = kept.astype(np.int64)
        np.add.at(together, places // 4, vectors)
        np.testing.assert_array_equal(together, row)


def _read(tap: Array, steps: int, lanes: int) -> tuple[Array, Array, Array]:
    """The weights of a tap, where in a row those that were split off are, and these."""
    vectors = tap.reshape(-1, lanes, 4)
    index = tap[steps * lanes * 4 :].view(np.int32)
    first = steps + -(-(4 + 4 * int(index[0])) // (4 * lanes))
    return vectors[:steps], index[1 : 1 + index[0]], vectors[first : first + index[0]]


def _check_fit(weights: Array) -> None:
    """Whether what weights of one sign sum up to, two or [..., 2, 2] at once, fits int16 times any code."""
    sums = weights.reshape(-1, 4 if weights.ndim > 3 else 2).astype(np.int64)
    for sign in (1, -1):
        assert np.maximum(sign * sums, 0).sum(axis=1).max(initial=0) * 127 < 1 << 15
