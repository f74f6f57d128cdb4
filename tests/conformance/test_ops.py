"""Single operators, exported by MindSpore: every row of the primitive table computes what MindSpore computes."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from converter import optimize
from converter.mindir.container import open_container
from converter.mindir.reader import read_mindir
from tests.conformance.case import Case
from tests.conformance.cases import CASES, COMPUTED_SHAPES, FIXED, UNROLLED
from tests.conformance.judge import WAYS, assert_agrees, by_session
from tests.conformance.oracle import Export, Oracle

pytestmark = pytest.mark.conformance


@pytest.fixture(scope="session")
def operators(request: pytest.FixtureRequest, oracle: Oracle) -> Oracle:
    """The oracle with the exports of all cases that this run asks for, made together."""
    selected = [item.callspec.params.get("case") for item in request.session.items if hasattr(item, "callspec")]
    oracle.prepare({case.name: case.source for case in selected if isinstance(case, Case)})
    return oracle


@pytest.mark.parametrize("compute", WAYS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_operator_agrees_with_mindspore(
    case: Case, operators: Oracle, compute: Callable[[Export], list[np.ndarray]]
) -> None:
    export = operators.export(case.name, case.source)
    used = {primitive.op_type for primitive in open_container(export.mindir).model.primitives}
    assert case.primitive in used, f"the export has {sorted(used)}"
    assert_agrees(compute(export), export, str(case))


@pytest.mark.parametrize("case", COMPUTED_SHAPES, ids=str)
def test_computed_shapes_fold_once_inputs_are_fixed(case: Case, operators: Oracle) -> None:
    export = operators.export(case.name, case.source)
    shapes = {name: array.shape for name, array in export.inputs.items()}
    assert_agrees(by_session(export, shapes), export, str(case))
    graph = optimize(read_mindir(export.mindir, shapes))
    assert not {"Shape", "Gather", "Stack"} & {node.op for node in graph.nodes}
    assert all(value.spec.is_static for node in graph.nodes for value in node.outputs)


@pytest.mark.parametrize("case", FIXED, ids=str)
def test_open_dimensions_may_have_to_be_fixed(case: Case, operators: Oracle) -> None:
    export = operators.export(case.name, case.source)
    used = {primitive.op_type for primitive in open_container(export.mindir).model.primitives}
    assert case.primitive in used, f"the export has {sorted(used)}"
    shapes = {name: array.shape for name, array in export.inputs.items()}
    assert not read_mindir(export.mindir, shapes).functions
    assert_agrees(by_session(export, shapes), export, str(case))


@pytest.mark.parametrize("case", UNROLLED, ids=str)
def test_steps_of_recurrent_layers_are_rolled_up(case: Case, operators: Oracle) -> None:
    graph = read_mindir(operators.export(case.name, case.source).mindir)
    assert len(graph.nodes) > 20
    assert len(optimize(graph).nodes) == UNROLLED[case]
