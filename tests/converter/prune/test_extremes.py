"""Pruning of weights that are huge or not finite, of layers and samples without elements."""
from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from converter.errors import PruneError
from converter.prune.apply import prune
from converter.prune.settings import Pruning
from tests.converter.quantize.test_extremes import _same_numbers_in_any_order as _same_numbers_in_any_order
from tests.converter.quantize.test_extremes import network, normal, run

WAYS: list[dict[str, Any]] = [
    {"channels": 0.5, "multiple": 1},
    {"channels": 0.5, "multiple": 1, "importance": "l1", "scope": "layer"},
    {"channels": 0.5, "multiple": 1, "importance": "activation"},
    {"weights": 0.5},
    {"weights": 0.5, "scope": "layer"},
    {"pattern": "2:4"},
]


def name(way: dict[str, Any]) -> str:
    return "-".join(map(str, way.values()))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("way", WAYS, ids=name)
def test_weights_that_are_not_finite_are_named(way: dict[str, Any], bad: float) -> None:
    first = normal(32, 32)
    first[3, 5] = bad
    for samples in ([], [normal(3, 32)]):
        settings = Pruning(samples=samples, **way) if samples or "importance" not in way else None
        if settings is not None:
            with pytest.raises(PruneError, match=r"^h: weights are not finite: .* skip_nodes"):
                prune(network(3, first, normal(32, 32)), settings)


def test_skipped_weights_may_be_anything() -> None:
    first = normal(32, 32)
    first[3, 5] = np.inf
    graph = prune(network(3, first, normal(32, 32)), Pruning(weights=0.5, skip_nodes=["h"]))
    w, v = (node.inputs[1].data for node in graph.nodes)
    assert w is not None
    assert v is not None
    assert w[3, 5] == np.inf
    assert (v == 0).mean() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("factor", [1e18, 1e36, 1e-12])
@pytest.mark.parametrize("way", [way for way in WAYS if way.get("importance") != "l1"], ids=name)
def test_the_size_of_weights_does_not_matter(way: dict[str, Any], factor: float) -> None:
    first, second, samples = normal(32, 32), normal(32, 32), [normal(9, 32) for _ in range(4)]
    by_size = [
        prune(network(9, first * np.float32(size), second), Pruning(samples=samples, **way)) for size in (1, factor)
    ]
    x = normal(9, 32)
    wanted = run(by_size[0], x)
    np.testing.assert_allclose(run(by_size[1], x) / factor, wanted, rtol=0, atol=0.1 * np.abs(wanted).max())


@pytest.mark.parametrize("way", WAYS, ids=name)
@pytest.mark.parametrize(
    ("rows", "depth", "width", "outputs"), [(0, 32, 32, 32), (3, 0, 32, 32), (3, 32, 0, 32), (3, 32, 32, 0)]
)
def test_empty_layers(rows: int, depth: int, width: int, outputs: int, way: dict[str, Any]) -> None:
    first, second = normal(width, depth), normal(outputs, width)
    given = [normal(rows, depth) for _ in range(2)]
    for samples in ([], given) if "importance" not in way else (given,):
        graph = network(rows, first, second)
        wanted = run(graph, given[0])
        try:
            small = prune(graph, Pruning(samples=samples, **way))
        except PruneError as error:
            assert "nothing to prune" in str(error)  # noqa: PT017
        else:
            assert run(small, given[0]).shape == wanted.shape


@pytest.mark.parametrize("way", WAYS, ids=name)
def test_a_sample_without_rows_is_named(way: dict[str, Any]) -> None:
    graph = network("?", normal(32, 32), normal(32, 32))
    samples = [normal(4, 32), normal(0, 32)]
    with pytest.raises(PruneError, match=r"^sample 1 is empty: .* leave the sample out"):
        prune(graph, Pruning(samples=samples, **way))
