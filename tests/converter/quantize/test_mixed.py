"""Bits chosen layer by layer: where they go, what files then take and lose, the same each time."""
from __future__ import annotations

from typing import Any

import pytest

import converter
from converter.emit.graph import emit
from converter.errors import OptionError, QuantizeError
from converter.ir.graph import Graph
from converter.quantize.apply import quantize
from converter.quantize.measure import copy, measure
from converter.quantize.mixed import Choice, _hull
from converter.quantize.settings import Quantization
from lite.coded import Coded
from lite.model import read_model
from lite.types import Array
from samples.beds import BEDS
from tests.converter.quantize.test_weights import convolutions, image


def samples() -> list[Array]:
    return [image() for _ in range(6)]


def bits(graph: Graph) -> dict[str, int]:
    found = {}
    for node in graph.nodes:
        data = node.inputs[1].spec.data
        if node.op != "Reshape":
            found[node.name] = data.bits if isinstance(data, Coded) else 32
    return found


def mixed(graph: Graph, data: list[Array], **settings: Any) -> tuple[Graph, float]:
    """Quantized, and its error."""
    coded = quantize(copy(graph), Quantization(data, kind="weight", **settings))
    return coded, measure(graph, coded, data, layers=False).error


def test_a_file_keeps_its_size_and_loses_less_than_with_the_same_bits_for_all() -> None:
    data, graph = samples(), convolutions()
    narrow, error = mixed(graph, data, weight_bits=5, weight_range="mse")
    wide, _ = mixed(graph, data, weight_bits=6, weight_range="mse")
    nbytes = (len(emit(narrow)) + len(emit(wide))) // 2
    chosen, least = mixed(graph, data, size_budget=nbytes / len(emit(graph)))
    assert len(emit(chosen)) <= nbytes
    assert least < error
    assert len(set(bits(chosen).values())) > 1


@pytest.mark.parametrize("limit", [0.3, 0.05, 0.01, 1e-6])
def test_an_error_is_kept_with_fewer_bytes_the_larger_it_is(limit: float) -> None:
    data, graph = samples(), convolutions()
    coded, error = mixed(graph, data, error_budget=limit)
    assert error <= limit
    wider, _ = mixed(graph, data, error_budget=limit / 3)
    assert len(emit(coded)) <= len(emit(wider))
    if limit < 1e-5:
        assert set(bits(coded).values()) == {32}


@pytest.mark.parametrize("more", [{"spacing": "clustered"}, {"rounding": "compensated"}, {"group_size": 8}], ids=str)
def test_other_settings_go_with_it(more: dict[str, Any]) -> None:
    data, graph = samples(), convolutions()
    _, error = mixed(graph, data, error_budget=0.1, **more)
    assert error <= 0.1


def test_the_choice_is_the_same_each_time() -> None:
    data, graph = samples(), convolutions()
    assert emit(mixed(graph, data, size_budget=0.3)[0]) == emit(mixed(graph, data, size_budget=0.3)[0])


def test_choices_that_gain_little_are_left_out() -> None:
    choices = [Choice(2, 10, 9.0), Choice(3, 15, 8.9), Choice(4, 20, 1.0), Choice(5, 25, 1.0), Choice(32, 90, 0.0)]
    assert [choice.bits for choice in _hull(choices)] == [2, 4, 32]


def test_what_cannot_be_kept_is_said() -> None:
    with pytest.raises(QuantizeError, match=r"0.01 of the float32 .* the file is 0\.\d+ of them"):
        mixed(convolutions(), samples(), size_budget=0.01)
    with pytest.raises(QuantizeError, match=r"there are no samples.*the same bits for all layers take none"):
        mixed(convolutions(), [], size_budget=0.3)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"size_budget": 0}, "size_budget is 0: expected a share"),
        ({"size_budget": 1.5}, "expected a share"),
        ({"error_budget": True}, "error_budget is True: expected a share"),
        ({"error_budget": "0.1"}, "error_budget is '0.1': expected a share"),
        ({"error_budget": 0.1, "size_budget": 0.1}, "give one of them"),
        ({"error_budget": 0.1, "kind": "full"}, "error_budget is 0.1, which 'full' .* give kind 'weight'"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(OptionError, match=words):
        Quantization(**{"kind": "weight", **settings})


def test_a_trained_network_in_mixed_bits() -> None:
    bed = BEDS["digits"]
    settings = {"kind": "weight", "samples": bed.calibration().inputs[:40], "error_budget": 0.1}
    model = converter.convert(bed.model, {"quantization": settings})
    found = {t.spec.data.bits for t in read_model(model).tensors if isinstance(t.spec.data, Coded)}
    assert len(found) > 1
