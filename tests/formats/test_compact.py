"""Codes are written in the form that takes the fewest bytes, and are the same when they are read."""
from __future__ import annotations

import math

import numpy as np
import pytest

from converter.compact import compact
from converter.emit.graph import emit
from converter.ir.graph import Graph, Value
from lite import Session, ops
from lite.coded import Coded, pack
from lite.compressed import INDEXING, SPARSE
from lite.model import read_model
from lite.types import Array, DType, TensorSpec

RNG = np.random.default_rng(23)
PRODUCT = ops.attributes("MatMulFusion", {"transpose_b": True})


def coded(codes: Array, bits: int, zero: int = 0) -> Coded:
    """One scale for all."""
    plain = {8: np.int8, 16: np.int16}.get(bits)
    words = pack(codes, bits) if plain is None else codes.reshape(-1).astype(plain)
    one = np.ones(1, np.float32)
    blocks = (1, 1, codes.size)
    return Coded(words, bits, codes.shape, blocks, one / 8, np.array([zero], np.int32), one, 0 * one)


def zeros(codes: Array, share: float, zero: int = 0) -> Array:
    return np.where(RNG.random(codes.shape) < share, zero, codes)


def drawn(bits: int, count: int, size: int = 5001) -> Array:
    """Codes of which `count` values occur."""
    values = RNG.choice(np.arange(-(1 << (bits - 1)), 1 << (bits - 1)), count, replace=False)
    return RNG.choice(values, size)


@pytest.mark.parametrize(
    ("codes", "bits", "form", "bits_each"),
    [
        (drawn(8, 256), 8, 0, 8),
        (drawn(8, 16), 8, INDEXING, 4.1),
        (drawn(8, 17), 8, INDEXING, 5.1),
        (drawn(16, 16), 16, INDEXING, 4.1),
        (drawn(4, 3), 4, INDEXING, 2.1),
        (drawn(4, 9), 4, 0, 4.1),
        (zeros(drawn(8, 256), 0.75), 8, SPARSE, 3.6),
        (zeros(drawn(8, 255), 0.99), 8, SPARSE, 0.6),
        (zeros(drawn(8, 30), 0.5), 8, SPARSE, 4.3),
        (zeros(drawn(12, 300), 0.9), 12, SPARSE, 2.9),
        (zeros(drawn(4, 16), 0.9), 4, SPARSE, 1.1),
        (np.zeros(500, np.int64), 8, INDEXING, 0.2),
        (np.zeros(1 << 20, np.int64), 8, 0, 8),  # more codes a byte than readers take
        (np.zeros(0, np.int64), 8, 0, 8),
        (np.array([5]), 8, 0, 8),
    ],
    ids=lambda x: None if isinstance(x, np.ndarray) else str(x),
)
def test_the_shortest_form(codes: Array, bits: int, form: int, bits_each: float) -> None:
    found = compact(coded(codes, bits))
    assert found.form == form
    assert 8 * found.nbytes <= bits_each * codes.size + 8
    np.testing.assert_array_equal(found.codes(), codes)
    assert compact(found) is found


@pytest.mark.parametrize("gap", [0, 1, 2, 3, 4095, 4096, 4097, 9000])
def test_gaps_of_any_length(gap: int) -> None:
    codes = np.zeros(20_000, np.int64)
    codes[[gap, 2 * gap + 1, 19_999]] = 3, -128, 127
    codes[-200:-1] = RNG.integers(1, 100, 199)
    found = compact(coded(codes, 8))
    assert found.form == SPARSE
    np.testing.assert_array_equal(found.codes(), codes)


def test_left_out_is_the_zero_point() -> None:
    codes = zeros(drawn(8, 200), 0.8, -7)
    found = compact(coded(codes, 8, zero=-7))
    assert found.form == SPARSE
    np.testing.assert_array_equal(found.codes(), codes)


def test_zero_points_of_channels_that_differ_are_not_left_out() -> None:
    codes = zeros(drawn(8, 200, 5000), 0.8)
    data = coded(codes, 8)
    two = np.ones(2, np.float32)
    mixed = Coded(data.words, 8, (2, 2500), (1, 2, 2500), two, np.array([0, 1], np.int32), two, 0 * two)
    assert compact(mixed) is mixed


@pytest.mark.parametrize("delegates", [None, ["reference"]])
@pytest.mark.parametrize(("bits", "groups"), [(8, False), (8, True), (4, False), (4, True)])
def test_a_sparse_network_computes_what_its_codes_say(bits: int, groups: bool, delegates: list[str] | None) -> None:
    codes = zeros(drawn(bits, 1 << bits, 64 * 96), 0.8).reshape(64, 96)
    data = coded(codes, bits)
    channels = (1, 192, 32) if groups else (1, 64, 96)
    each = np.ones(channels[1], np.float32)
    scale = RNG.uniform(0.5, 1, channels[1]).astype(np.float32)
    stored = Coded(data.words, bits, (64, 96), channels, scale, np.zeros(channels[1], np.int32), each, 0 * each)
    graph = Graph()
    x = graph.add_input(TensorSpec(DType.FLOAT32, (3, 96), "x"))
    w = Value(TensorSpec(DType.FLOAT32, (64, 96), "w", stored))
    graph.outputs = list(graph.add(PRODUCT, [x, w], "y"))
    file = emit(graph)
    sparse = next(t.spec.data for t in read_model(file).tensors if isinstance(t.spec.data, Coded))
    assert sparse.form == SPARSE
    assert sparse.nbytes < 0.5 * math.prod(codes.shape) * bits / 8
    rows = RNG.normal(size=(3, 96)).astype(np.float32)
    with Session(file, delegates=delegates) as session:
        np.testing.assert_allclose(session.run(rows), rows @ stored.decode().T, rtol=1e-4, atol=1e-3)
