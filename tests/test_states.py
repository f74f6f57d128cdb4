"""States: what a session keeps from run to run, and what it does not where a run fails."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from converter import optimize
from converter.emit.graph import emit
from converter.exporters import FORMATS
from converter.ir.evaluate import evaluate
from converter.ir.text import given_constants, parse, to_text
from converter.sidecar import Sidecar
from lite import (
    DelegateError,
    DTypeError,
    InvalidModelError,
    Session,
    SessionClosedError,
    ShapeError,
    TensorNameError,
    UnsupportedOpError,
)
from lite.model import read_model
from lite.types import Array
from tests.formats.files import Tree, operator, write

SUM = """
graph sum
input %x: float32[2]
state %total: float32[2] = [1.0, 2.0]
%next = AddFusion(%x, %total)
%y = MulFusion(%next, [10.0])
output %y
keep %next
"""
ROWS = """
graph rows
input %x: float32[?,2]
state %total: float32[2] = [1.0, 2.0]
%sum = ReduceFusion(%x, [0]) {mode=ReduceSum}
%next = AddFusion(%sum, %total)
%y = MulFusion(%next, [10.0])
output %y
keep %next
"""
# The first becomes the second, which becomes the first; a third is a constant from the first run on.
ROUND = """
graph round
input %x: float32[1]
state %a: float32[1] = [1.0]
state %b: float32[1] = [2.0]
state %c: float32[1] = [3.0]
const %five: float32[1] = [5.0]
%y = AddN(%a, %b, %c, %x)
output %y, %a
keep %b, %a, %five
"""
X = np.array([1, 1], np.float32)


def model(text: str) -> bytes:
    return emit(optimize(parse(text)))


def test_a_session_keeps_states() -> None:
    with Session(model(SUM)) as session:
        assert [spec.name for spec in session.inputs] == ["x"]
        assert [spec.name for spec in session.outputs] == ["y"]
        assert [session.run(X).tolist() for _ in range(3)] == [[20, 30], [30, 40], [40, 50]]
        assert {name: array.tolist() for name, array in session.states.items()} == {"total": [4, 5]}


def test_states_in_text_and_evaluated() -> None:
    graph = parse(SUM)
    again = parse(to_text(graph), given_constants(graph))
    assert to_text(again) == to_text(graph)
    results = evaluate(again, {"x": X, "total": again.states[0]})
    assert results["y"].tolist() == [20, 30]
    assert results["next"].tolist() == [2, 3]


def test_states_that_become_each_other() -> None:
    with Session(model(ROUND)) as session:
        results = [[array.tolist() for array in session.run(np.zeros(1, np.float32)).values()] for _ in range(3)]
        assert results == [[[6], [1]], [[8], [2]], [[8], [1]]]
        assert [array.tolist() for array in session.states.values()] == [[2], [1], [5]]


def test_profiles_and_bindings_are_runs() -> None:
    with Session(model(SUM)) as session:
        bound = session.bind()
        bound.inputs["x"][...] = X
        bound.run()
        assert bound.outputs["y"].tolist() == [20, 30]
        session.profile(X)
        assert session.states["total"].tolist() == [3, 4]
        bound.inputs["x"][...] = 0
        bound.run()
        assert bound.outputs["y"].tolist() == [30, 40]
        session.reset()
        assert session.run(X).tolist() == [20, 30]


def test_sessions_do_not_share_states() -> None:
    data = model(SUM)
    with Session(data) as one, Session(data) as other:
        one.run(X)
        assert other.run(X).tolist() == [20, 30]
        assert one.run(X).tolist() == [30, 40]


def test_states_are_the_callers_own() -> None:
    with Session(model(SUM)) as session:
        session.states["total"][...] = 9
        assert session.run(X).tolist() == [20, 30]
        given = np.array([5, 5], np.float32)
        session.reset({"total": given})
        given[...] = 0
        assert session.run(X).tolist() == [60, 60]


def test_resize_keeps_states() -> None:
    with Session(model(ROWS)) as session:
        assert session.run(np.ones((1, 2), np.float32)).tolist() == [20, 30]
        assert session.run(np.ones((3, 2), np.float32)).tolist() == [50, 60]
        session.resize({"x": (2, 2)})
        assert session.run(np.ones((2, 2), np.float32)).tolist() == [70, 80]


GIVEN: list[tuple[object, type[Exception], str]] = [
    ({"x": X}, TensorNameError, "no state 'x'; the model keeps total"),
    ({"total": X.astype(np.float64)}, DTypeError, "was given float64"),
    ({"total": X[:1]}, ShapeError, r"was given shape \[1\]"),
    ({"total": [[1], [1, 2]]}, ShapeError, "ragged"),
    ({"total": np.ma.masked_less(X, 2)}, DTypeError, "masked array"),
    ([X], TypeError, "states is a list"),
]


@pytest.mark.parametrize(("given", "error", "words"), GIVEN, ids=[words for *_, words in GIVEN])
def test_what_reset_refuses_changes_nothing(given: dict[str, Array], error: type[Exception], words: str) -> None:
    with Session(model(SUM)) as session:
        session.run(X)
        with pytest.raises(error, match=words):
            session.reset(given)
        assert session.states["total"].tolist() == [2, 3]


def test_a_closed_session_has_no_states() -> None:
    session = Session(model(SUM))
    session.close()
    for call in (session.reset, lambda: session.states):
        with pytest.raises(SessionClosedError):
            call()


FAILING = """
graph failing
input %x: bool[3]
state %n: int32[] = 0
%next = AddFusion(%n, 1)
%places = Where(%x)
%y = AddFusion(%places, [[1], [2]])
output %y
keep %next
"""
GROWING = """
graph growing
input %x: bool[2]
state %s: int32[2,1] = [0, 0]
%next = Where(%x)
%y = LogicalNot(%x)
output %y
keep %next
"""


def test_a_failed_run_leaves_states_as_they_were() -> None:
    with Session(model(FAILING), delegates=["reference"]) as session:
        session.run(np.array([True, False, True]))
        with pytest.raises(ShapeError):
            session.run(np.array([True, True, True]))
        with pytest.raises(DTypeError):
            session.run(np.array([1.0, 0.0, 1.0]))
        assert session.states["n"].tolist() == 1


def test_a_state_cannot_change_its_shape() -> None:
    with Session(model(GROWING)) as session:
        assert session.run(np.array([True, True])).tolist() == [False, False]
        assert session.states["s"].tolist() == [[0], [1]]
        with pytest.raises(DelegateError, match="state s: int32"):
            session.run(np.array([True, False]))
        assert session.states["s"].tolist() == [[0], [1]]


@pytest.mark.parametrize("name", FORMATS)
def test_other_formats_refuse_states_by_name(name: str) -> None:
    with pytest.raises(UnsupportedOpError, match=r"state +1 node +total"):
        FORMATS[name](optimize(parse(SUM)), Sidecar("model.data"))


# Files that others wrote


def tree() -> Tree:
    """y = x + s, and s becomes y."""
    data = np.array([1, 2, 3], np.float32).tobytes()
    return {
        "version": "MindSpore Lite 2.7.0",
        "inputIndex": [0],
        "outputIndex": [2],
        "allTensors": [
            {"name": "x", "nodeType": 2, "dataType": 43, "dims": [3]},
            {"name": "s", "nodeType": 2, "dataType": 43, "dims": [3], "data": data},
            {"name": "y", "nodeType": 2, "dataType": 43, "dims": [3]},
            {"name": "assigned", "nodeType": 2, "dataType": 43, "dims": [3]},
            {"name": "unread", "nodeType": 2, "dataType": 43, "dims": [3]},
        ],
        "nodes": [
            {"name": "add", "primitive": operator("AddFusion"), "inputIndex": [0, 1], "outputIndex": [2]},
            {"name": "assign", "primitive": operator("Assign"), "inputIndex": [1, 2], "outputIndex": [3]},
        ],
        "subGraph": [{"name": "main", "inputIndices": [0], "outputIndices": [2], "nodeIndices": [0, 1]}],
    }


def test_the_small_model_keeps_a_state() -> None:
    with Session(write(tree())) as session:
        for expected in ([2, 3, 4], [3, 4, 5]):
            assert session.run(np.ones(3, np.float32)).tolist() == expected


def _tensor(i: int, **changed: object) -> Callable[[Tree], None]:
    return lambda t: t["allTensors"][i].update(changed)


def _node(i: int, **changed: object) -> Callable[[Tree], None]:
    return lambda t: t["nodes"][i].update(changed)


def _second_assign(t: Tree) -> None:
    t["nodes"].append({**t["nodes"][1], "outputIndex": [4]})
    t["subGraph"][0]["nodeIndices"].append(2)


def _other_subgraph(t: Tree) -> None:
    t["nodes"].insert(0, {"name": "a", "primitive": operator("AddFusion"), "inputIndex": [1, 1], "outputIndex": [4]})
    main = {"name": "main", "inputIndices": [0], "outputIndices": [2], "nodeIndices": [1, 2]}
    t["subGraph"] = [main, {"name": "other", "inputIndices": [], "outputIndices": [4], "nodeIndices": [0]}]


def _output_of_assign(t: Tree) -> None:
    t["outputIndex"] = t["subGraph"][0]["outputIndices"] = [3]


BROKEN: list[tuple[str, Callable[[Tree], None], str]] = [
    ("no data", lambda t: t["allTensors"][1].pop("data"), "before any node has written it"),
    ("no data, unread", _node(1, inputIndex=[4, 2]), "before any node has written it"),
    ("an input", _node(1, inputIndex=[0, 2]), "to have data at first, found none"),
    ("a result", _node(1, inputIndex=[2, 2]), "to have data at first, found none"),
    ("another shape", _tensor(2, dims=[1, 3]), "expected float32[3] for tensor 1 s: float32[3], found y: float32[1,3]"),
    ("another size", _tensor(2, dims=[4]), "expected float32[3] for tensor 1 s: float32[3], found y: float32[4]"),
    ("another type", _tensor(2, dataType=34), "expected float32[3] for tensor 1 s: float32[3], found y: int32[3]"),
    ("one input", _node(1, inputIndex=[1]), "expected a variable and what to assign to it, found [1]"),
    ("itself", _node(1, inputIndex=[1, 1]), "assigns another state"),
    ("assigned twice", _second_assign, "is assigned by another node too"),
    ("read elsewhere", _other_subgraph, "subgraph 'other': reads tensor 1 s: float32[3], a state of another one"),
    ("its own result as output", _output_of_assign, "is what an Assign gives: output what it assigns"),
    ("written by a node", _node(0, outputIndex=[1]), "is a constant"),
]


@pytest.mark.parametrize(("change", "words"), [c[1:] for c in BROKEN], ids=[c[0] for c in BROKEN])
def test_broken_states(change: Callable[[Tree], None], words: str) -> None:
    broken = tree()
    change(broken)
    with pytest.raises(InvalidModelError) as caught:
        read_model(write(broken))
    assert words in str(caught.value)


def _early(t: Tree) -> None:
    t["subGraph"][0]["nodeIndices"] = [1, 0]
    t["nodes"][1]["inputIndex"] = [1, 0]


@pytest.mark.parametrize("change", [_tensor(1, nodeType=0), _early], ids=["a constant", "in the midst"])
def test_other_assigns_are_refused_by_name(change: Callable[[Tree], None]) -> None:
    broken = tree()
    change(broken)
    read_model(write(broken))
    with pytest.raises(UnsupportedOpError, match=r"Assign +1 node +assign +changes a tensor where no state is kept"):
        Session(write(broken))


def test_shapes_that_turn_out_to_differ() -> None:
    broken = tree()
    broken["allTensors"][0]["dims"] = [2, 3]
    with pytest.raises(InvalidModelError, match="state s: float32"):
        Session(write(broken))
