"""Weights as they are packed when a model is bound, against numpy's way of writing the same."""
from __future__ import annotations

import itertools
import mmap
from pathlib import Path

import numpy as np
import pytest

from lite.delegates.base import Packing
from lite.delegates.cpu import winograd_i8
from lite.delegates.cpu.packed_i8 import packed_weights
from lite.delegates.cpu.tile import Tile
from lite.delegates.cpu.winograd import SIZES, Form, transformed
from lite.memory import allocate
from lite.native.pack import KernelPack
from lite.types import Array
from tests.kernels.conftest import LEVELS

_G2 = np.array([[2, 0, 0], [1, 1, 1], [1, -1, 1], [0, 0, 2]]) / 2
_G4 = np.array([[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]]) / 24

_G8 = np.array([[15, 0, 0], [-5, -5, -5], [5, -5, 5], [1, 2, 4], [4, -2, 1], [0, 0, 15]])


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
            np.testing.assert_array_equal(np.ravel(tile.pack_pairs(w)), whole)


@pytest.mark.parametrize("level", LEVELS)
def test_weights_in_a_file_wait(packs: dict[str, KernelPack], tmp_path: Path, level: str) -> None:
    tile = Tile.of(packs[level])
    w = np.random.default_rng(0).standard_normal((40, 3, 3, 5)).astype(np.float32)
    (tmp_path / "w.bin").write_bytes(w.tobytes())
    with open(tmp_path / "w.bin", "rb") as file:
        mapped = np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), np.float32)
    for pack in (
        lambda x: tile.pack_weights(x.reshape(40, 45)),
        lambda x: tile.pack_pairs(x.reshape(45, 40).T),
        lambda x: transformed(x.reshape(w.shape), Form(1, 1, 1), tile),
        lambda x: winograd_i8.transformed(x.view(np.int8).reshape(40, 3, 3, 20), tile),
    ):
        waiting, expected = pack(mapped), pack(w)
        assert isinstance(waiting, Packing)
        place = allocate(waiting.nbytes)
        waiting.write(packs[level], place)
        np.testing.assert_array_equal(place, expected.reshape(-1).view(np.uint8))


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
    assert isinstance(actual, np.ndarray), "these weights are no file's"
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
    packed = packed_weights(w, tile)
    assert isinstance(packed, np.ndarray), "these weights are no file's"
    np.testing.assert_array_equal(packed.reshape(-1).view(np.int8), expected.reshape(-1))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("outputs", [1, 8, 21, 48, 67])
@pytest.mark.parametrize("channels", [1, 2, 17, 64, 129, 300])
def test_winograd_codes(packs: dict[str, KernelPack], channels: int, outputs: int, level: str) -> None:
    tile = Tile.of(packs[level])
    w = np.random.default_rng(2).choice([-128, -127, -3, 0, 1, 127], (outputs, 3, 3, channels)).astype(np.int8)
    terms = np.einsum("pa,qb,oabc->pqoc", _G8, _G8, w.astype(np.int64)).reshape(36, outputs, channels)
    count, steps = -(-outputs // tile.lanes), -(-channels // 2)
    padded = np.zeros((36, count * tile.lanes, steps * 2), np.int16)
    padded[:, :outputs, :channels] = terms
    ordered = padded.reshape(36, count, tile.lanes, steps, 2).transpose(1, 0, 3, 2, 4)  # [panel, frequency, step, ...]
    pairs = [ordered[first : first + 2].transpose(1, 2, 0, 3, 4).reshape(-1) for first in range(0, count, 2)]
    packed = winograd_i8.transformed(w, tile)
    assert isinstance(packed, np.ndarray), "these weights are no file's"
    np.testing.assert_array_equal(packed.view(np.int16), np.concatenate(pairs))
