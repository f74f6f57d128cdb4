"""Rounding explains what rounding does, and not more."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from converter.exporters.mindir import write_mindir
from converter.ir.graph import Graph, Value
from lite.ops.activation import Activation
from lite.ops.enums import ActivationType
from lite.ops.matmul import MatMulFusion
from lite.types import DType, TensorSpec
from tests.conformance.rounding import Distances, from_float64

WIDTH, LAYERS = 64, 6


def network(path: Path, rng: np.random.Generator) -> np.ndarray:
    """Products that make more and more of rounding. Returns what float32 makes of ones."""
    graph = Graph()
    x, y = graph.add_input(TensorSpec(DType.FLOAT32, (1, WIDTH), "x")), np.ones((1, WIDTH), np.float32)
    for i in range(LAYERS):
        weights = rng.normal(0, 0.5, (WIDTH, WIDTH)).astype(np.float32)
        (x,) = graph.add(MatMulFusion(), [x, Value.constant(weights)], f"product{i}")
        (x,) = graph.add(Activation(ActivationType.TANH), [x], f"bent{i}")
        y = np.tanh(np.cumsum(y.T * weights, axis=0, dtype=np.float32)[-1:])  # one product after the other is added
    graph.outputs = [x]
    path.write_bytes(write_mindir(graph))
    return y


@pytest.mark.parametrize(("ours", "theirs", "explained"), [(0, 0, True), (1e-3, 0, False), (0, 1e-3, False)])
def test_what_float32_makes_of_sums_is_rounding_and_more_is_not(
    tmp_path: Path, ours: float, theirs: float, explained: bool
) -> None:
    path = tmp_path / "model.mindir"
    y = network(path, np.random.default_rng(5))
    others = [[y * np.float32(1 + off)] for off in (ours, theirs)]
    distances = from_float64(path, {"x": np.ones((1, WIDTH), np.float32)}, *others)
    assert distances is not None
    assert 0 < distances.rounding < 1e-5
    assert distances.explain == explained


@pytest.mark.parametrize(
    ("distances", "explained"),
    [
        (Distances(1.6e-3, 1.3e-3, 1.2e-4), True),
        (Distances(1e-4, 1.3e-3, 1.2e-4), True),
        (Distances(1.6e-3, 1.0e-3, 1.2e-4), False),  # so much farther than MindSpore
        (Distances(1.6e-3, 1.3e-3, 0.8e-4), False),  # rounding does not go so far
        (Distances(1e-4, 1.3e-3, 0.5e-4), False),  # MindSpore means something else
    ],
)
def test_both_have_to_be_near(distances: Distances, explained: bool) -> None:
    assert distances.explain == explained
