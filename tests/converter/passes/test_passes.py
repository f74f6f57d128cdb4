"""Every pass on small graphs: it gives the expected graph, or declines, and computes what was computed before."""
from __future__ import annotations

import numpy as np
import pytest

from converter.ir.evaluate import evaluate
from converter.ir.graph import Graph
from converter.ir.text import parse
from converter.passes._absorb import RULES
from converter.passes._manager import run_passes
from converter.passes.pipelines import DEFAULT
from lite import ops
from lite.types import Array
from tests.converter.passes import cases_clean, cases_fold, cases_layout, cases_recurrent
from tests.converter.passes.case import PassCase, graph_of
from tests.converter.passes.outline import outline

CASES = [*cases_clean.CASES, *cases_fold.CASES, *cases_layout.CASES, *cases_recurrent.CASES]


def feeds_of(graph: Graph) -> dict[str, Array]:
    """Seeded inputs; unknown dimensions are 4, integers a permutation."""
    random = np.random.default_rng(1)
    feeds = {}
    for value in graph.inputs:
        shape = tuple(4 if d < 0 else d for d in value.spec.shape)
        numbers = random.standard_normal(shape) if value.spec.dtype.dtype.kind == "f" else np.arange(np.prod(shape))
        feeds[value.name] = numbers.reshape(shape).astype(value.spec.dtype.dtype)
    return feeds


def assert_same(before: dict[str, Array], after: dict[str, Array]) -> None:
    """Equal names in equal order, and values within 1e-5."""
    assert list(before) == list(after)
    for name, expected in before.items():
        assert after[name].dtype == expected.dtype
        np.testing.assert_allclose(after[name], expected, rtol=1e-5, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_graph_afterwards(case: PassCase) -> None:
    graph = graph_of(case.before)
    changes = run_passes(graph, [case.run])[case.run.name]
    assert outline(graph) == outline(graph_of(case.after or case.before))
    assert bool(changes) == (case.after is not None)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_is_computed_stays(case: PassCase) -> None:
    graph = graph_of(case.before)
    feeds = feeds_of(graph)
    before = evaluate(graph, feeds)
    run_passes(graph, [case.run])
    assert_same(before, evaluate(graph, feeds))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_second_run_changes_nothing(case: PassCase) -> None:
    graph = graph_of(case.before)
    run_passes(graph, [case.run])
    assert run_passes(graph, [case.run]) == {case.run.name: 0}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_whole_pipeline(case: PassCase) -> None:
    graph = graph_of(case.before)
    feeds = feeds_of(graph)
    before = evaluate(graph, feeds)
    run_passes(graph, DEFAULT)
    assert_same(before, evaluate(graph, feeds))


def test_a_transpose_of_one_dimension() -> None:
    graph = parse("""graph g
        input %x: float32[8]
        %t = Transpose(%x, [0])
        %y = Activation(%t) {activation_type=TANH}
        output %y""")
    feeds = feeds_of(graph)
    before = evaluate(graph, feeds)
    run_passes(graph, DEFAULT)
    assert_same(before, evaluate(graph, feeds))
    assert [node.op for node in graph.nodes] == ["Activation"]


def test_the_layout_rules_are_for_operators_there_are() -> None:
    assert set(RULES) <= set(ops.known_ops())


def test_every_pass_has_cases_of_both_kinds() -> None:
    for step in DEFAULT:
        kinds = {case.after is None for case in CASES if case.run is step}
        assert kinds == {True, False}, f"{step.name} lacks a case that {'changes' if kinds else 'declines or changes'}"
