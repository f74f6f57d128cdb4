"""Weights and tensors that are too large or too small for a scale, not finite, or that are not there at all."""
from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from converter.emit.graph import emit
from converter.errors import QuantizeError
from converter.ir.graph import Graph
from converter.ir.text import parse
from converter.quantize.apply import balance, quantize
from converter.quantize.full import on_codes
from converter.quantize.settings import Quantization
from lite import Session
from lite.ops.quantized import Quantized
from lite.types import Array

KINDS = ("full", "dynamic", "weight")


@pytest.fixture(autouse=True)
def _same_numbers_in_any_order() -> None:
    global RNG
    RNG = np.random.default_rng(4)


def normal(*shape: int) -> Array:
    return RNG.normal(size=shape).astype(np.float32)


def network(rows: int | str, first: Array, second: Array) -> Graph:
    """Two products, RELU between."""
    (width, depth), (outputs, _) = first.shape, second.shape
    text = f"""graph n
    input %x: float32[{rows},{depth}]
    const %w: float32[{width},{depth}] = given
    const %v: float32[{outputs},{width}] = given
    %h = MatMulFusion(%x, %w) {{transpose_b=true, activation_type=RELU}}
    %y = MatMulFusion(%h, %v) {{transpose_b=true}}
    output %y
    """
    return parse(text, {"w": first, "v": second})


def on_few_bits(graph: Graph) -> list[str]:
    """The nodes that compute with codes, or whose weights are."""
    coded = [node for node in graph.nodes if isinstance(node.attrs, Quantized) or node.inputs[1].spec.stored]
    return [node.name for node in coded if node.op == "MatMulFusion"]


def run(graph: Graph, x: Array) -> Array:
    with Session(emit(graph)) as session:
        y: Array = session.run(x)
    return y


@pytest.mark.parametrize("factor", [1e36, 1e-12, 1e-30])
@pytest.mark.parametrize(
    "more",
    [{"kind": "full"}, {"kind": "dynamic"}, {"kind": "weight"}, {"kind": "weight", "weight_bits": 4},
     {"kind": "weight", "weight_bits": 4, "spacing": "clustered"}],
    ids=lambda more: "-".join(map(str, more.values())),
)  # fmt: skip
def test_weights_too_large_or_small_for_a_scale_stay_float32(more: dict[str, Any], factor: float) -> None:
    first, second = normal(16, 16) * np.float32(factor), normal(4, 16)
    samples = [normal(3, 16) for _ in range(4)]
    wanted = run(network(3, first, second), samples[0])
    graph = quantize(network(3, first, second), Quantization(samples, min_weights=0, **more))
    assert on_few_bits(graph) == ["y"]
    h = next(node for node in graph.nodes if node.name == "h")
    assert h.inputs[1].spec.data is not None
    np.testing.assert_array_equal(h.inputs[1].data, first)
    assert np.abs(run(graph, samples[0]) - wanted).max() < 0.15 * np.abs(wanted).max()


def test_weights_of_0_alone_become_codes() -> None:
    samples = [normal(3, 16)]
    graph = quantize(network(3, normal(16, 16) * 0, normal(4, 16)), Quantization(samples, min_weights=0))
    assert on_few_bits(graph) == ["h", "y"]
    assert not run(graph, samples[0]).any()


@pytest.mark.parametrize("factor", [1e20, 1e-20])
def test_tensors_too_large_or_small_for_a_scale_stay_float32(factor: float) -> None:
    first, second = normal(16, 16), normal(4, 16)
    samples = [normal(3, 16) * np.float32(factor) for _ in range(4)]
    wanted = run(network(3, first, second), samples[0])
    for bits in (7, 8):
        graph = quantize(network(3, first, second), Quantization(samples, min_weights=0, activation_bits=bits))
        assert [node.op for node in graph.nodes] == ["MatMulFusion"] * 2
        np.testing.assert_allclose(run(graph, samples[0]), wanted, rtol=0, atol=0.02 * np.abs(wanted).max())


def test_what_a_product_alone_ties_to_codes_stays_with_it() -> None:
    text = """graph n
    input %x: float32[3,16]
    input %z: float32[3,16]
    const %w: float32[16,16] = given
    %s = AddFusion(%x, %z)
    %h = MatMulFusion(%s, %w) {transpose_b=true}
    output %h
    """
    graph = parse(text, {"w": normal(16, 16)})
    s, h = (node.outputs[0] for node in graph.nodes)
    ranges = {**dict.fromkeys((*graph.inputs, s), (-1.0, 1.0)), h: (-1.0, 1e20)}
    assert [node.name for node in on_codes(graph, Quantization())] == ["s", "h"]
    assert not on_codes(graph, Quantization(), ranges)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("kind", KINDS)
def test_weights_that_are_not_finite_stay_float32(kind: str, bad: float) -> None:
    second = normal(4, 16)
    second[1, 2] = bad
    settings = Quantization([normal(3, 16)], kind=kind, min_weights=0)
    graph = network(3, normal(16, 16), second)
    graph.outputs = [graph.nodes[0].outputs[0], *graph.outputs]
    if kind == "full":
        settings = Quantization(settings.samples, min_weights=0, skip_nodes=["y"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert on_few_bits(quantize(graph, settings)) == ["h"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("rows", "depth", "width", "outputs"), [(0, 16, 16, 4), (3, 0, 16, 4), (3, 16, 0, 4), (3, 16, 16, 0)]
)
def test_empty_layers(rows: int, depth: int, width: int, outputs: int, kind: str) -> None:
    samples = [normal(rows, depth) for _ in range(2)]
    balanced = {"equalize": True}, {"smooth": 0.5}
    of_kind = {"full": (*balanced, {"bias_correction": False}), "dynamic": balanced}
    for more in ({}, *of_kind.get(kind, ())):
        graph = network(rows, normal(width, depth), normal(outputs, width))
        settings = Quantization(samples, kind=kind, min_weights=0, **more)  # type: ignore[arg-type]
        wanted = run(graph, samples[0])
        try:
            balance(graph, settings)
            graph = quantize(graph, settings)
        except QuantizeError as error:
            assert "nothing to quantize" in str(error)  # noqa: PT017
        else:
            np.testing.assert_allclose(run(graph, samples[0]), wanted, atol=0.2)
