"""Weights as they are packed when a model is bound, against numpy's way of writing the same."""
from __future__ import annotations

import itertools

import numpy as np
import pytest

from lite.delegates.cpu.packed_i8 import packed_weights
from lite.delegates.cpu.tile import Tile
from lite.delegates.cpu.winograd import SIZES, Form, transformed
from lite.native.pack import KernelPack
from lite.types import Array
from tests.kernels.conftest import LEVELS

_G2 = np.array([[2, 0, 0], [1, 1, 1], [1, -1, 1], [0, 0, 2]]) / 2
_G4 = np.array([[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]]) / 24


def panels(w: Array, width: int) -> Array:
    """[..., columns, depth] -> [..., panel, depth, width], zeros beyond the last column."""
    *outer, columns, depth = w.shape
    count = -(-columns // width)
    padded = np.zeros((*outer, count * width, depth), w.dtype)
    padded[..., :columns, :] = w
    return padded.reshape(*outer, count, width, depth).swapaxes(-1, -2)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("along", ["depth", "columns", "neither"])
@pytest.mark.parametrize("outer", [(), (3,), (2, 3), (0,)], ids=str)
def test_panels(packs: dict[str, KernelPack], outer: tuple[int, ...], along: str, level: str) -> None:
    tile = Tile.of(packs[level])
    for columns, depth in itertools.product((0, 1, 7, 8, 16, 31, 40, 100), (0, 1, 3, 8, 15, 16, 17, 40)):
        w = np.random.default_rng(columns).standard_normal((*outer, 2 * columns, 2 * depth)).astype(np.float32)
        w = {
            "depth": np.ascontiguousarray(w[..., ::2, ::2]),
            "columns": np.ascontiguousarray(w[..., ::2, ::2].swapaxes(-1, -2)).swapaxes(-1, -2),
            "neither": w[..., ::2, ::2],
        }[along]
        expected = panels(w, tile.columns)
        np.testing.assert_array_equal(tile.pack_weights(w), expected)
        if not outer:
            pairs = len(expected) // 2
            some = expected[: 2 * pairs].reshape(pairs, 2, depth, tile.columns).swapaxes(1, 2)
            whole = np.concatenate([some.reshape(-1), expected[2 * pairs :].reshape(-1)])
            np.testing.assert_array_equal(tile.pack_pairs(w), whole)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("form", range(len(SIZES)))
@pytest.mark.parametrize(("outputs", "channels"), [(1, 1), (5, 3), (16, 16), (33, 17), (64, 128)])
def test_winograd_weights(
    packs: dict[str, KernelPack], outputs: int, channels: int, form: int, level: str
) -> None:
    tile = Tile.of(packs[level])
    w = np.random.default_rng(0).standard_normal((outputs, 3, 3, channels)).astype(np.float32)
    g = (_G2, _G4)[form]
    exact = np.einsum("pa,qb,oabc->opqc", g, g, w.astype(np.float64)).reshape(outputs, -1, channels)
    expected = panels(exact.swapaxes(0, 1), tile.columns).swapaxes(0, 1)
    actual = transformed(w, Form(form, 1, 1), tile)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=3e-7 * np.abs(expected).max())
    assert not actual[expected == 0].any()


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (2, 5, 3, 7), (1, 17, 9, 16), (3, 40, 1, 66), (1, 8, 4, 0)], ids=str)
def test_codes(packs: dict[str, KernelPack], shape: tuple[int, ...], level: str) -> None:
    tile = Tile.of(packs[level])
    groups, columns, taps, depth = shape
    w = np.random.default_rng(1).integers(-128, 128, shape).astype(np.int8)
    count, steps = -(-columns // tile.lanes), -(-depth // tile.int8_step)
    padded = np.zeros((groups, count * tile.lanes, taps, steps * tile.int8_step), np.int8)
    padded[:, :columns, :, :depth] = w
    expected = padded.reshape(groups, count, tile.lanes, taps, steps, tile.int8_step).transpose(0, 1, 3, 4, 2, 5)
    np.testing.assert_array_equal(packed_weights(w, tile), expected.reshape(-1))
