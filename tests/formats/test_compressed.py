"""Streams of codes in the format's compressed forms: expanded as the format says, refused where they lie."""
from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from lite.compressed import INDEXING, SPARSE, expand
from lite.errors import InvalidModelError
from lite.model import read_model
from lite.types import Array
from tests.formats.files import small_tree, write

RNG = np.random.default_rng(17)
ZERO = np.zeros(1, np.int32)


def stream(*numbers: tuple[int, int]) -> Array:
    """(number, bits) after one another, the highest bit first."""
    text = "".join(f"{n:0{bits}b}" for n, bits in numbers if bits)
    return np.packbits(np.array([int(bit) for bit in text], np.uint8))


def table(values: Iterable[int], bits: int) -> list[tuple[int, int]]:
    listed = list(values)
    return [(len(listed) % (1 << bits), bits), *((v + (1 << (bits - 1)), bits) for v in listed)]


def indexed(codes: Array, bits: int) -> Array:
    values, which = np.unique(codes, return_inverse=True)
    width = (len(values) - 1).bit_length()
    return stream(*table(values.tolist(), bits), *((int(i), width) for i in which))


def sparse(codes: Array, bits: int, gap_bits: int, zero: int = 0) -> Array:
    at = np.flatnonzero(codes != zero)
    values, which = np.unique(codes[at], return_inverse=True)
    width = (len(values) - 1).bit_length()
    gaps = np.diff(at, prepend=-1) - 1
    return stream(
        (gap_bits, 8), (len(at), 32), *table(values.tolist(), bits), *((int(i), width) for i in which),
        *((int(g), gap_bits) for g in gaps),
    )  # fmt: skip


@pytest.mark.parametrize(("bits", "count"), [(8, 1), (8, 2), (8, 16), (8, 200), (8, 256), (4, 16), (16, 16), (11, 90)])
def test_indexed_codes(bits: int, count: int) -> None:
    values = RNG.permutation(np.arange(-(1 << (bits - 1)), 1 << (bits - 1)))[:count]
    codes = np.concatenate([values, RNG.choice(values, 300)]).astype(np.int8 if bits <= 8 else np.int16)
    found = expand(indexed(codes, bits), INDEXING, bits, codes.size, ZERO)
    assert found.dtype == codes.dtype
    np.testing.assert_array_equal(found, codes)


@pytest.mark.parametrize(("bits", "zero"), [(8, 0), (8, -7), (16, 3)])
def test_sparse_codes(bits: int, zero: int) -> None:
    codes = RNG.integers(-100, 100, 500).astype(np.int8 if bits <= 8 else np.int16)
    codes[RNG.random(500) < 0.8] = zero
    found = expand(sparse(codes, bits, 7, zero), SPARSE, bits, 500, np.array([zero], np.int32))
    np.testing.assert_array_equal(found, codes)


def test_what_is_left_out_is_the_zero_point_of_its_channel() -> None:
    found = expand(stream((2, 8), (1, 32), (1, 8), (128 + 9, 8), (3, 2)), SPARSE, 8, 6, np.array([1, 2], np.int32))
    np.testing.assert_array_equal(found, [1, 1, 1, 9, 2, 2])


@pytest.mark.parametrize(
    ("form", "data", "words"),
    [
        (INDEXING, stream((2, 8), (1, 8)), "expected .* bits"),
        (INDEXING, stream((3, 8), (1, 8), (2, 8), (3, 8), *((3, 2),) * 6), "one of 3 values"),
        (INDEXING, np.zeros(0, np.uint8), "bits, found 0"),
        (SPARSE, stream((17, 8), (1, 32)), "gaps of up to 16 bits"),
        (SPARSE, stream((4, 8), (0xFFFFFFFF, 32)), "up to 6 codes"),
        (SPARSE, stream((4, 8), (7, 32)), "up to 6 codes"),
        (SPARSE, stream((4, 8), (2, 32), (1, 8), (7, 8), (4, 4), (4, 4)), "found one at 9"),
    ],
)
def test_streams_that_lie_are_refused(form: int, data: Array, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        expand(data, form, 8, 6, ZERO)


def test_a_last_byte_that_is_not_full_may_be_missing() -> None:
    codes = RNG.integers(0, 4, 997).astype(np.int8)
    for data, form in ((indexed(codes, 8), INDEXING), (sparse(codes, 8, 3), SPARSE)):
        found = expand(data[:-1], form, 8, 997, ZERO)
        np.testing.assert_array_equal(found[:980], codes[:980])
        with pytest.raises(ValueError, match="bits, found"):
            expand(data[:-2], form, 8, 997, ZERO)


def test_few_bytes_do_not_become_a_large_constant() -> None:
    with pytest.raises(ValueError, match="codes a byte"):
        expand(indexed(np.int8([1]), 8), INDEXING, 8, 1 << 30, ZERO)


def file(form: int, data: Array, **more: object) -> bytes:
    """x + 3 codes that are compressed."""
    tree = small_tree()
    quant = {"quantParams": [{"inited": True, "scale": 0.5, "zeroPoint": 2}]}
    tree["allTensors"][1] |= {"dataType": 32, "data": data.tobytes(), "weightQuantCompressType": form, **quant, **more}
    return write(tree)


def test_a_compressed_constant_is_float32_to_its_reader() -> None:
    for form, data in ((INDEXING, indexed(np.int8([4, 2, 4]), 8)), (SPARSE, sparse(np.int8([4, 2, 4]), 8, 1, 2))):
        value = read_model(file(form, data)).tensors[1].spec.value
        assert value is not None
        np.testing.assert_array_equal(value, np.float32([1, 0, 1]))


def clustered(book: list[float], codes: Array, **more: object) -> bytes:
    """x + 3 numbers of a book."""
    tree = small_tree()
    tree["allTensors"][1] |= {"dataType": 32, "data": codes.tobytes(), "quantClusters": book, **more}
    return write(tree)


def test_elements_of_a_book_are_float32_to_their_reader() -> None:
    value = read_model(clustered([0.5, -1.0, 3.0], np.int8([-126, -128, -127]))).tensors[1].spec.value
    assert value is not None
    np.testing.assert_array_equal(value, np.float32([3, 0.5, -1]))


@pytest.mark.parametrize(
    ("book", "codes", "more", "words"),
    [
        ([0.5, 1.0], np.int8([-126, -128, -127]), {}, "one of 2 clusters, found number 2"),
        ([0.5, float("nan")], np.int8([-128] * 3), {}, "up to 256 finite numbers"),
        ([0.5] * 257, np.int8([-128] * 3), {}, "up to 256 finite numbers"),
        ([0.5], np.int8([-128] * 2), {}, "expected 3 bytes"),
        ([0.5], np.int16([-128] * 3), {"dataType": 33}, "and int8"),
    ],
)
def test_books_that_lie_are_refused(book: list[float], codes: Array, more: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidModelError, match=f"tensor 1 .*{words}"):
        read_model(clustered(book, codes, **more))


def test_damaged_files_are_refused() -> None:
    with pytest.raises(InvalidModelError, match=r"tensor 1 .*bits"):
        read_model(file(INDEXING, np.zeros(1, np.uint8)))
    with pytest.raises(InvalidModelError, match=r"tensor 1 .*quantParams"):
        read_model(file(INDEXING, indexed(np.int8([4, 2, 4]), 8), quantParams=[]))
    for _ in range(300):
        damaged = sparse(np.int8([4, 2, 4]), 8, 1, 2)
        damaged[RNG.integers(len(damaged))] ^= 1 << int(RNG.integers(8))
        try:
            read_model(file(SPARSE, damaged))
        except InvalidModelError:
            continue
