"""Weights as what k-means finds: closer than even steps, in few bits, read by anybody as codes."""
from __future__ import annotations

import numpy as np
import pytest

from converter.emit.graph import emit
from converter.errors import OptionError
from converter.quantize.apply import quantize
from converter.quantize.clusters import Clusters
from converter.quantize.settings import Quantization
from converter.quantize.weights import encode
from lite.coded import Coded
from lite.compressed import INDEXING
from lite.model import read_model
from tests.converter.quantize.test_weights import convolutions, image, run

RNG = np.random.default_rng(31)


@pytest.mark.parametrize("bits", [1, 2, 3, 4])
def test_weights_become_few_numbers_that_are_closer_than_even_ones(bits: int) -> None:
    w = (RNG.normal(size=(32, 200)) * np.linspace(0.1, 1, 32)[:, None]).astype(np.float32)
    clustered = encode(w, 0, Quantization(kind="weight", weight_bits=bits, spacing="clustered"))
    assert len(np.unique(clustered.codes())) <= 1 << bits
    even = encode(w, 0, Quantization(kind="weight", weight_bits=bits, weight_range="mse", symmetric=bits > 1))
    errors = [float(np.square(coded.decode() - w).sum()) for coded in (clustered, even)]
    assert errors[0] < 0.97 * errors[1]


def test_numbers_that_are_few_are_found() -> None:
    levels = np.array([-127, -30, 5, 90])
    found = Clusters.of(RNG.choice(levels, (4, 500)).astype(np.float32), 2)
    scale, offset = found.fit(levels.astype(np.float32)[None])
    assert not offset.any()
    assert len(found.levels) == 4
    near = found.codes(levels.astype(np.float32), scale, offset)
    np.testing.assert_array_equal(near, found.levels)


@pytest.mark.parametrize("w", [np.zeros((3, 100)), np.full((3, 100), 0.25), np.eye(3, 100), np.full((2, 2), 1e-30)])
def test_weights_that_are_alike(w: np.ndarray) -> None:
    w = w.astype(np.float32)
    decoded = encode(w, 0, Quantization(kind="weight", weight_bits=3, spacing="clustered")).decode()
    np.testing.assert_allclose(decoded, w, rtol=0.05, atol=1e-12)


@pytest.mark.parametrize("group_size", [0, 24])
@pytest.mark.parametrize("rounding", ["nearest", "compensated"])
def test_files_have_the_index_of_each(rounding: str, group_size: int) -> None:
    x = image()
    graph = convolutions()
    wanted = run(graph, x)
    samples = [image() for _ in range(20)]
    settings = Quantization(
        samples, kind="weight", weight_bits=4, spacing="clustered", rounding=rounding, group_size=group_size
    )
    file = emit(quantize(graph, settings))
    stored = [t.spec.data for t in read_model(file).tensors if isinstance(t.spec.data, Coded)]
    assert [coded.form for coded in stored] == [INDEXING] * 3
    assert sum(coded.nbytes for coded in stored) < 0.53 * sum(np.prod(coded.shape) for coded in stored)
    y = run(graph, x)
    assert np.linalg.norm(y - wanted) < 0.25 * np.linalg.norm(wanted)


def test_too_many_bits_are_refused() -> None:
    with pytest.raises(OptionError, match="weight_bits is 8 and spacing 'clustered': expected 1 to 7"):
        Quantization(kind="weight", spacing="clustered")
