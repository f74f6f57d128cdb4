"""Networks that change their parameters: run after run they give what MindSpore gives in as many calls."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import lite
from converter import convert, optimize
from converter.ir.evaluate import evaluate
from converter.ir.graph import Graph
from converter.mindir.container import open_container
from converter.mindir.reader import read_mindir
from tests.conformance.cases_states import CASES, StateCase
from tests.conformance.judge import assert_agrees
from tests.conformance.oracle import SUCCESSIVE, Export, Oracle

pytestmark = pytest.mark.conformance


@pytest.fixture(scope="session")
def networks(request: pytest.FixtureRequest, oracle: Oracle) -> Oracle:
    """The oracle with the exports of all cases that this run asks for, made together."""
    successive = Oracle(oracle.folder, SUCCESSIVE)
    selected = [item.callspec.params.get("case") for item in request.session.items if hasattr(item, "callspec")]
    successive.prepare({case.name: case.source for case in selected if isinstance(case, StateCase)})
    return successive


def _runs(export: Export) -> list[dict[str, np.ndarray]]:
    count = len(next(iter(export.inputs.values())))
    return [{name: array[run] for name, array in export.inputs.items()} for run in range(count)]


def _evaluated(graph: Graph, export: Export) -> list[np.ndarray]:
    states = {begin.name: data for (begin, _), data in zip(graph.kept, graph.states, strict=True)}
    outputs = []
    for inputs in _runs(export):
        results = evaluate(graph, {**inputs, **states})
        outputs += [results[value.name] for value in graph.results]
        states = {begin.name: results[end.name] for begin, end in graph.kept}
    return outputs


def by_references(export: Export) -> list[np.ndarray]:
    """The outputs of all runs: the graph as it is read."""
    return _evaluated(read_mindir(export.mindir), export)


def by_passes(export: Export) -> list[np.ndarray]:
    """The outputs of all runs: the graph as the passes leave it."""
    return _evaluated(optimize(read_mindir(export.mindir)), export)


def by_session(export: Export) -> list[np.ndarray]:
    """The outputs of all runs of one session, by then a second time."""
    outputs: list[np.ndarray] = []
    with lite.Session(convert(export.mindir)) as session:
        for _ in range(2):
            session.reset()
            outputs.clear()
            for inputs in _runs(export):
                result = session.run(inputs)
                outputs += result.values() if isinstance(result, dict) else [result]
    return outputs


@pytest.mark.parametrize("compute", [by_references, by_passes, by_session])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_runs_agree_with_mindspore(
    case: StateCase, networks: Oracle, compute: Callable[[Export], list[np.ndarray]]
) -> None:
    export = networks.export(case.name, case.source)
    used = {primitive.op_type for primitive in open_container(export.mindir).model.primitives}
    assert case.primitive in used, f"the export has {sorted(used)}"
    assert_agrees(compute(export), export, str(case))
