"""Errors by layer, the limit that keeps layers in float32, and what a report says of both."""
from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import converter
from converter.errors import OptionError, QuantizeError
from converter.ir.text import parse
from converter.mindir.reader import read_mindir
from converter.quantize.apply import quantize
from converter.quantize.effects import effects
from converter.quantize.measure import Distance, Layer, copy, measure
from converter.quantize.settings import Quantization
from converter.reports.formats import as_text
from converter.reports.report import CAST, CODED, FLOAT, MOVE, ROLES
from lite.commands.show import percent
from lite.session import Session
from tests.converter.quantize.test_full import SAMPLES, network, run

DIGITS = Path(__file__).parents[3] / "samples" / "digits"
IMAGES = np.load(DIGITS / "calibration.npz")["images"][:12].astype(np.float32).reshape(-1, 1, 1, 8, 8) / 16


def test_distances_are_those_of_the_formulas() -> None:
    distance = Distance()
    distance.add(np.array([3.0, 4.0, np.nan]), np.array([3.0, 3.5, 1.0]))
    assert distance.error == pytest.approx(0.1)
    assert distance.sqnr == pytest.approx(20.0)
    assert distance.cosine == pytest.approx(23 / (5 * np.hypot(3, 3.5)))
    assert Distance().sqnr == np.inf
    assert Distance().cosine == 1.0


def test_what_is_no_longer_finite_is_lost() -> None:
    distance = Distance()
    distance.add(np.array([4.6, -6.9, np.inf, np.nan]), np.array([4.6, -6.9, 1.0, 2.0]))
    assert (distance.error, distance.sqnr, distance.cosine) == (0.0, math.inf, pytest.approx(1.0))
    distance.add(np.array([4.6, -6.9]), np.array([4.6, -np.inf]))
    assert (distance.error, distance.sqnr) == (math.inf, -math.inf)
    assert 0 < distance.cosine < 1


@pytest.mark.parametrize(
    "x", [[6e5], [2e6, 2e6 + 1], [0.0], [1e-30, 1e-30], [-2e38, 2e38], [3.4e38, -3.4e38, np.inf]], ids=str
)
def test_histograms_are_of_any_numbers(x: list[float]) -> None:
    node = network().nodes[0]
    layer = Layer(node, node)
    for _ in range(2):
        layer.see(np.array(x, np.float32))
    assert layer.counts.sum() == 2 * np.isfinite(x).sum()
    assert layer.low <= np.float32(min(v for v in x if np.isfinite(v)))


def test_a_copy_shares_nothing_that_changes() -> None:
    graph = network()
    twin = copy(graph)
    quantize(graph, Quantization(SAMPLES, kind="weight"))
    np.testing.assert_array_equal(run(twin, SAMPLES[0]), run(copy(twin), SAMPLES[0]))
    assert all(isinstance(value.spec.data, np.ndarray) for value in twin.constants())


@pytest.mark.parametrize("kind", ["full", "weight"])
def test_layers_are_measured_alone_and_with_all_before_them(kind: str) -> None:
    exact = network()
    bits = {"full": 8, "weight": 6}[kind]
    coded = quantize(copy(exact), Quantization(SAMPLES, kind=kind, weight_bits=bits, min_weights=20))
    measured = measure(exact, coded, SAMPLES)
    ops = [layer.exact.op for layer in measured.layers]
    assert ops[:2] == ["Conv2DFusion", "Conv2DFusion"]
    first, second = measured.layers[:2]
    assert first.alone.error == first.accumulated.error > 0  # nothing lies before it
    assert second.accumulated.error > second.alone.error
    assert 0 < measured.error < 0.1
    assert first.counts.sum() == len(SAMPLES) * 8 * 8 * 6


def test_the_worst_layers_stay_float32_until_the_error_is_below_the_limit() -> None:
    exact = converter.optimize(read_mindir(DIGITS / "digits.mindir"))
    whole = quantize(copy(exact), Quantization(IMAGES))
    free = measure(exact, whole, IMAGES)
    limited = quantize(copy(exact), Quantization(IMAGES, max_error=free.error / 2))
    held = measure(exact, limited, IMAGES)
    assert held.error <= free.error / 2
    assert 0 < len(held.layers) < len(free.layers)
    same = quantize(copy(exact), Quantization(iter(IMAGES), max_error=free.error))
    assert len(measure(exact, same, IMAGES).layers) == len(free.layers)
    with pytest.raises(QuantizeError, match="max_error is 1e-12, but even a single quantized layer"):
        quantize(copy(exact), Quantization(IMAGES, max_error=1e-12))


def test_layers_stay_float32_by_what_they_cost_the_outputs() -> None:
    draw = np.random.default_rng(5)
    coarse, fine = (draw.normal(size=(32, 32)).astype(np.float32) for _ in range(2))
    coarse[:, 0] = 100  # nothing is ever multiplied with these
    text = """graph n
    input %x: float32[8,32]
    const %c: float32[32,32] = given
    const %f: float32[32,32] = given
    %coarse = MatMulFusion(%x, %c) {transpose_b=true}
    %fine = MatMulFusion(%x, %f) {transpose_b=true}
    %small = MulFusion(%coarse, 1e-3)
    %y = AddFusion(%fine, %small)
    output %y
    """
    exact = parse(text, {"c": coarse, "f": fine})
    samples = [draw.normal(size=(8, 32)).astype(np.float32) * (np.arange(32) > 0) for _ in range(3)]
    settings = Quantization(samples, kind="weight")
    free = measure(exact, quantize(copy(exact), settings), samples)
    assert free.layers[0].alone.error > 10 * free.layers[1].alone.error
    assert effects(exact, free.layers, samples) == [
        pytest.approx(1e-3 * free.layers[0].alone.error, rel=0.1), pytest.approx(free.layers[1].alone.error, rel=0.1)
    ]  # fmt: skip
    held = measure(exact, quantize(copy(exact), replace(settings, max_error=free.error / 2)), samples)
    assert held.error <= free.error / 2
    assert [layer.exact.name for layer in held.layers] == ["coarse"]


def test_an_effect_goes_to_every_result_and_through_all_ways() -> None:
    exact = network()
    exact.outputs = [exact.nodes[0].outputs[0], *exact.outputs]
    coded = quantize(copy(exact), Quantization(SAMPLES))
    layers = measure(exact, coded, SAMPLES[:1]).layers
    found = effects(exact, layers, SAMPLES[:1])
    assert found[0] == pytest.approx(layers[0].alone.error)  # it is a result, and the worst
    assert found[-1] > 0
    assert np.all(np.array(found) < 0.1)


@pytest.mark.parametrize("alone", [False, True])
def test_indices_have_no_error_beside_numbers(alone: bool) -> None:
    text = """
    graph choice
    input %x: float32[1,40]
    const %w: float32[30,40] = seed 1
    %y = MatMulFusion(%x, %w) {transpose_b=true}
    %i = ArgMaxFusion(%y) {axis=1}
    """
    exact = parse(text + ("output %i" if alone else "output %y, %i"))
    coded = quantize(copy(exact), Quantization(kind="weight", weight_bits=2))
    x = np.random.default_rng(2).normal(size=(1, 40)).astype(np.float32)
    assert set(measure(exact, coded, [x]).results) == {"i" if alone else "y"}


def test_without_samples_nothing_can_be_measured() -> None:
    with pytest.raises(QuantizeError, match="no samples to measure"):
        measure(network(), network(), [])


@pytest.mark.parametrize("limit", [0, -1.0, "x", float("nan")])
def test_a_limit_is_above_0(limit: object) -> None:
    with pytest.raises(OptionError, match="max_error is"):
        converter.ConvertOptions(quantization={"max_error": limit})


class Page(HTMLParser):
    """Which tags there are, and what they refer to."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.references: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.references += [value or "" for name, value in attrs if name in ("src", "href")]


def test_a_report_says_it_for_people_and_programs() -> None:
    report = converter.report(DIGITS / "digits.mindir", {"quantization": {"samples": IMAGES}})
    assert report.nbytes[1] < 0.5 * report.nbytes[0]
    assert 0 < report.error < 0.05
    products = [row for row in report.rows if row.op == "Conv2DFusion"]
    assert all(row.weight_bits == row.activation_bits == 8 and row.histogram for row in products)
    assert all(row.alone and row.alone.sqnr > 20 and row.alone.cosine > 0.99 for row in products)

    document = json.loads(as_text(report, ".json"))
    assert len(document["rows"]) == len(report.rows)
    lines = list(csv.DictReader(io.StringIO(as_text(report, ".csv"))))
    assert [line["name"] for line in lines] == [row.name for row in report.rows]
    told = {line["name"]: line["sqnr_alone"] for line in lines}
    assert all(float(told[row.name]) == row.alone.sqnr for row in products if row.alone)

    page = Page()
    page.feed(as_text(report, ".html"))
    assert page.tags.count("tr") == len(report.rows) + 3
    assert not {"script", "img", "link"} & set(page.tags)
    assert not page.references


def test_a_report_has_every_operator_and_says_where_its_time_is() -> None:
    options = {"quantization": {"samples": IMAGES}}
    report = converter.report(DIGITS / "digits.mindir", options)
    with Session(converter.convert(DIGITS / "digits.mindir", options), threads=1) as session:
        steps = [time.step for time in session.profile(IMAGES[0])]
    assert {row.name for row in report.rows} == {step.name for step in steps} | {n for s in steps for n, _ in s.merged}
    assert [row.merged[1] for row in report.rows] == [
        next((step.name for step in steps if row.name in dict(step.merged)), None) for row in report.rows
    ]
    assert {row.weight_bits for row in report.rows if row.role in (CAST, MOVE)} == {None}
    assert f"<b>{percent(report.error)}</b>" in as_text(report, ".html")
    assert report.network == "digits"
    assert "<h1>Quantization of digits</h1>" in as_text(report, ".html")
    assert "<td>– / 8" in as_text(report, ".html")
    assert sum(map(report.count, ROLES)) == len(report.rows)
    casts = [row for row in report.rows if row.op == "QuantDTypeCast"]
    assert [row.role for row in casts] == [CAST] * report.count(CAST)
    assert all(row.seconds[0] is None and row.seconds[1] for row in casts)
    assert all((row.seconds[1] is None) == (row.merged[1] is not None) for row in report.rows)
    assert all(row.delegates[1] == ("cpu" if row.seconds[1] else None) for row in report.rows)
    computing = report.count(CODED) + report.count(FLOAT)
    text = as_text(report, ".html")
    assert f"<b>{report.count(CODED)} of {computing}</b>" in text
    assert f"{report.count(MOVE)} only move elements, and {len(casts)} quantize or dequantize" in text
    assert json.loads(as_text(report, ".json"))["seconds"] == list(report.seconds)


def test_a_report_of_pruning_says_what_is_left() -> None:
    pruning = {"channels": 0.5, "samples": IMAGES}
    for options in ({"pruning": pruning}, {"pruning": pruning, "quantization": {"samples": IMAGES}}):
        report = converter.report(DIGITS / "digits.mindir", options)
        assert report.pruned
        assert report.kind == ("full" if "quantization" in options else None)
        assert 0 < report.error < 1
        had, has = (sum(row.weights[i] for row in report.rows) for i in (0, 1))
        assert has < 0.6 * had
        assert all(row.channels[1] <= row.channels[0] for row in report.rows)
        assert "weights_after" in as_text(report, ".csv")
        page = Page()
        page.feed(as_text(report, ".html"))
        assert page.tags.count("tr") == len(report.rows) + 3


def test_a_report_needs_something_to_report() -> None:
    with pytest.raises(OptionError, match="nothing to report"):
        converter.report(DIGITS / "digits.mindir", {})
