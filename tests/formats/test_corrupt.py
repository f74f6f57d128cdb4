"""Damaged real files: whatever is read is a Model or a typed error, and the model's constants can be touched."""
from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from lite.errors import ModelError
from lite.model import read_model
from tests.formats.files import REAL, real_file

MUTATIONS = 160  # of each kind and file
WILD_WORDS = (0, 1, 3, 4, 0x7F, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF0, 0xFFFFFFFC, 0xFFFFFFFF)


def structure(data: bytes) -> list[int]:
    """Positions of the 4-byte words outside the constants' elements: what offsets, lengths and fields are made of."""
    base = np.frombuffer(data, np.uint8).ctypes.data
    inside = np.zeros(len(data), bool)
    for tensor in read_model(data).tensors:
        if tensor.spec.value is not None:
            start = tensor.spec.value.ctypes.data - base
            inside[start : start + tensor.spec.nbytes] = True
    return [i for i in range(0, len(data) - 3, 4) if not inside[i : i + 4].any()]


def truncations(data: bytes, rng: random.Random) -> Iterator[bytes]:
    near_ends = [*range(40), *range(len(data) - 40, len(data))]
    for length in near_ends + [rng.randrange(len(data)) for _ in range(MUTATIONS - len(near_ends))]:
        yield data[:length]


def byte_flips(data: bytes, rng: random.Random) -> Iterator[bytes]:
    words = structure(data)
    for _ in range(MUTATIONS):
        damaged = bytearray(data)
        for _ in range(rng.choice((1, 1, 1, 2, 8))):
            damaged[rng.choice(words) + rng.randrange(4)] ^= 1 << rng.randrange(8)
        yield bytes(damaged)


def wild_words(data: bytes, rng: random.Random) -> Iterator[bytes]:
    """Offsets and lengths that point past the end, before the beginning, at the start, or at themselves."""
    words = structure(data)
    for _ in range(MUTATIONS):
        damaged = bytearray(data)
        place = rng.choice(words)
        edges = (len(data), len(data) - place, -place, rng.getrandbits(32), rng.getrandbits(12))
        value = rng.choice(WILD_WORDS + edges)
        damaged[place : place + 4] = (value % (1 << 32)).to_bytes(4, "little")
        yield bytes(damaged)


def cycles(data: bytes, rng: random.Random) -> Iterator[bytes]:
    """Words replaced by an offset to another part of the structure, so that parts are shared, swapped and nested."""
    words = structure(data)
    for _ in range(MUTATIONS):
        damaged = bytearray(data)
        for _ in range(rng.choice((1, 1, 4))):
            place = rng.choice(words)
            damaged[place : place + 4] = ((rng.choice(words) - place) % (1 << 32)).to_bytes(4, "little")
        yield bytes(damaged)


KINDS = (truncations, byte_flips, wild_words, cycles)


def test_there_are_enough_mutations() -> None:
    assert len(REAL) * len(KINDS) * MUTATIONS >= 2000


@pytest.mark.parametrize("mutate", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("name", REAL)
def test_a_corrupt_file_gives_a_model_or_a_typed_error(
    name: str, mutate: Callable[[bytes, random.Random], Iterator[bytes]]
) -> None:
    data = real_file(name).read_bytes()
    accepted = refused = 0
    for count, damaged in enumerate(mutate(data, random.Random(f"{name} {mutate.__name__}")), 1):
        try:
            model = read_model(damaged)
        except ModelError as error:
            refused += len(str(error)) < 1000
            continue
        except Exception as error:
            pytest.fail(f"mutation {count} of {mutate.__name__}: {error!r}")
        assert sum(len(t.spec.value.tobytes()) for t in model.tensors if t.spec.value is not None) <= len(damaged)
        accepted += 1
    assert accepted + refused == MUTATIONS, "a message is too long to read"
    assert refused
