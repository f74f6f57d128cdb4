"""Constants that are stored as small integers."""
from __future__ import annotations

import numpy as np
import pytest

from lite import stored
from lite.coded import Coded, pack, unpack

RNG = np.random.default_rng(5)


@pytest.mark.parametrize("bits", [*range(1, 8), *range(9, 16)])
@pytest.mark.parametrize("size", [0, 1, 7, 300_001])
def test_a_stream_gives_back_the_codes_that_were_packed(bits: int, size: int) -> None:
    codes = RNG.integers(-(1 << (bits - 1)), 1 << (bits - 1), size)
    stream = pack(codes, bits)
    width = 8 if bits < 8 else 16
    assert stream.nbytes == -(-size * bits // width) * width // 8
    np.testing.assert_array_equal(unpack(stream, bits, size), codes)


def test_the_lowest_bit_is_first() -> None:
    codes = [3, -4, 0, 1]
    number = sum((code + 4) << (3 * i) for i, code in enumerate(codes))
    assert pack(np.array(codes), 3).tobytes() == number.to_bytes(2, "little")


def test_decoding_follows_the_formula() -> None:
    codes = RNG.integers(-128, 128, (2, 3, 4)).astype(np.int8)
    scale, zero_point = np.float32([0.5, 0.25, 2]), np.int32([0, 3, -5])
    var_corr, mean_corr = np.float32([1, 1.5, 1]), np.float32([0, 0, 0.25])
    constant = Coded(codes.reshape(-1), 8, (2, 3, 4), (2, 3, 4), scale, zero_point, var_corr, mean_corr)
    for i, c, j in np.ndindex(2, 3, 4):
        expected = (int(codes[i, c, j]) - zero_point[c]) * scale[c] * var_corr[c] + mean_corr[c]
        assert constant.decode()[i, c, j] == np.float32(expected)


def test_one_decoded_constant_is_kept_until_the_next() -> None:
    one = np.ones(1, np.float32)
    a, b = (Coded(np.zeros(4, np.int8), 8, (4,), (1, 1, 4), one, np.zeros(1, np.int32), one, 0 * one) for _ in "ab")
    first = a.decode()
    assert a.decode() is first
    b.decode()
    assert a.decode() is not first
    assert not first.flags.writeable
    stored.forget()
