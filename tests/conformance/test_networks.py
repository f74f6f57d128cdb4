"""Whole networks, exported by MindSpore: the graph that is read computes what MindSpore computes."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from converter.mindir.reader import read_mindir
from tests.conformance.cut import cut
from tests.conformance.fare import in_pieces
from tests.conformance.judge import HALF_TOLERANCE, TOLERANCE, WAYS, assert_agrees, by_session
from tests.conformance.networks.index import MODULES
from tests.conformance.oracle import HERE, Export, Oracle

pytestmark = pytest.mark.conformance

NOT_NETWORKS = ("__init__", "__main__", "index")
HALF = ("autodis", "deepfm", "wide_deep")  # they compute in float16
NETWORKS = tuple(sorted(path.stem for path in (HERE / "networks").glob("*.py") if path.stem not in NOT_NETWORKS))


@pytest.fixture(scope="module", autouse=True)
def _exports(request: pytest.FixtureRequest, oracle: Oracle) -> None:
    """Those that this run asks for, together: MindSpore takes seconds to start."""
    selected = [item.callspec.params.get("name") for item in request.session.items if hasattr(item, "callspec")]
    oracle.prepare({name: oracle.source(name) for name in NETWORKS if name in selected})


@pytest.mark.parametrize("compute", WAYS)
@pytest.mark.parametrize("name", NETWORKS)
def test_network_agrees_with_mindspore(
    oracle: Oracle, name: str, compute: Callable[[Export], list[np.ndarray]]
) -> None:
    export = oracle.network(name)
    assert_agrees(compute(export), export, name, HALF_TOLERANCE if name in HALF else TOLERANCE)


def test_a_detector_agrees_with_mindspore_in_its_pieces(oracle: Oracle) -> None:
    export = oracle.network("faster_rcnn_resnet50")
    pieces = cut(export.mindir)
    assert pieces is not None
    status, error = in_pieces(pieces, export.inputs, by_session(export), export.outputs, TOLERANCE)
    assert status == "matches but for ties, in 0 of 22 choices"
    assert error < TOLERANCE


def test_input_names_are_the_arguments_of_construct(oracle: Oracle) -> None:
    graph = read_mindir(oracle.network("mlp").mindir)
    assert [value.name for value in graph.inputs] == ["features", "context"]
    assert [value.name for value in graph.outputs] == ["Default/Softmax-op0", "Default/Add-op0"]


def test_index_is_sorted_and_names_modules() -> None:
    assert list(MODULES) == sorted(MODULES, key=str.casefold)
    assert set(MODULES.values()) <= set(NETWORKS)
