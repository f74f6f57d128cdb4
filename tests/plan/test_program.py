"""Models whose course or shapes depend on their data, written by hand: what runs, what is kept, what is refused."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lite.delegates.selection import select
from lite.errors import DelegateError, InvalidModelError, MemoryPlanError, ShapeError
from lite.model import Model
from lite.model.rules import check_graph
from lite.ops.activation import Activation
from lite.ops.binary import AddFusion, Greater, Less, MulFusion
from lite.ops.concat import Concat
from lite.ops.enums import ActivationType
from lite.ops.reshape import Reshape
from lite.plan.build import Resources
from lite.plan.cache import PlanCache
from lite.plan.plan import Plan
from lite.plan.program import _MOST_PLANS, Program
from lite.types import Array, DType, TensorSpec
from tests.plan.models import Routine, make_model, make_program

RELU = Activation(ActivationType.RELU)
LIMIT = 1 << 24


def floats(name: str, *shape: int) -> TensorSpec:
    return TensorSpec(DType.FLOAT32, shape, name)


def program(model: Model, *shapes: tuple[int, ...]) -> Program:
    """The program of a model that keeps the rules, planned for inputs of these shapes, on numpy alone."""
    check_graph(model)
    found = PlanCache(lambda: model, lambda: Resources(select(["reference"]).delegates, LIMIT)).at(shapes)
    assert isinstance(found, Program)
    return found


def scalar(value: float) -> Array:
    return np.array(value, np.float32)


# y = x * 2 + b if x[0] > 0 else relu(x): what follows the branches uses what came before them.
BRANCH: list[Routine] = [
    (
        "main",
        [floats("x", 1)],
        [
            (AddFusion(), ["x", "one"], ["z"]),
            (Greater(), ["x", "zero"], ["positive"]),
            ("double", ["x"], ["then"]),
            ("rectify", ["x"], ["otherwise"]),
            ("Switch", ["positive", "then", "otherwise"], ["chosen"]),
            ("Call", ["chosen"], ["v"]),
            (AddFusion(), ["v", "z"], ["y"]),
        ],
        ["y"],
    ),
    ("double", [floats("a", 1)], [(MulFusion(), ["a", "two"], ["d"])], ["d"]),
    ("rectify", [floats("a", 1)], [(RELU, ["a"], ["r"])], ["r"]),
]
NUMBERS = {"zero": scalar(0), "one": scalar(1), "two": scalar(2), "half": scalar(0.5), "ten": scalar(10)}

# while a < 10: a = a * 2; returns a + 1. The header and the body call each other.
LOOP: list[Routine] = [
    ("main", [floats("x", 1)], [("header", ["x"], ["start"]), ("Call", ["start"], ["y"])], ["y"]),
    (
        "header",
        [floats("a", 1)],
        [
            (Less(), ["a", "ten"], ["more"]),
            ("body", ["a"], ["again"]),
            ("after", ["a"], ["end"]),
            ("Switch", ["more", "again", "end"], ["next"]),
            ("Call", ["next"], ["r"]),
        ],
        ["r"],
    ),
    (
        "body",
        [floats("a", 1)],
        [(MulFusion(), ["a", "two"], ["b"]), ("header", [], ["h"]), ("Call", ["h", "b"], ["r"])],
        ["r"],
    ),
    ("after", [floats("a", 1)], [(AddFusion(), ["a", "one"], ["r"])], ["r"]),
]


@pytest.mark.parametrize("x", [3.0, -3.0, 0.0])
def test_the_branch_that_is_chosen_runs(x: float) -> None:
    (y,) = program(make_program(BRANCH, NUMBERS), (1,)).run([np.array([x], np.float32)])
    assert y == [(2 * x if x > 0 else 0.0) + x + 1]


@pytest.mark.parametrize("x", [1.5, 9.0, 10.0, 1e-30])
def test_a_loop_runs_as_often_as_its_condition_says(x: float) -> None:
    compiled = program(make_program(LOOP, NUMBERS), (1,))
    expected = np.float32(x)
    while expected < 10:
        expected *= 2
    for _ in range(2):
        (y,) = compiled.run([np.array([x], np.float32)])
        assert y == [expected + 1]
    assert len(compiled._parts) <= 12, "a loop plans its body once"


def test_outputs_are_the_callers_own() -> None:
    compiled = program(make_program(LOOP, NUMBERS), (1,))
    (first,) = compiled.run([np.array([4], np.float32)])
    (second,) = compiled.run([np.array([7], np.float32)])
    assert (first[0], second[0]) == (17, 15)


def test_switch_layer_chooses_by_number() -> None:
    rows = [*BRANCH]
    rows[0] = (
        "main",
        [floats("x", 1), TensorSpec(DType.INT32, (), "n")],
        [
            ("double", ["x"], ["a"]),
            ("rectify", ["x"], ["b"]),
            ("SwitchLayer", ["n", "a", "b"], ["chosen"]),
            ("Call", ["chosen"], ["y"]),
        ],
        ["y"],
    )
    compiled = program(make_program(rows, NUMBERS), (1,), ())
    x = np.array([-3], np.float32)
    assert [compiled.run([x, np.array(n, np.int32)])[0][0] for n in (0, 1, -1)] == [-6, 0, 0]
    with pytest.raises(DelegateError, match=r"SwitchLayer 'SwitchLayer-2' chooses branch 2 of 2"):
        compiled.run([x, np.array(2, np.int32)])


# f(n) = 1 if n < 1 else f(n - 1) * 2, whose calls wait for each other.
RECURSION: list[Routine] = [
    ("main", [floats("x")], [("f", ["x"], ["c"]), ("Call", ["c"], ["y"])], ["y"]),
    (
        "f",
        [floats("n")],
        [
            (Less(), ["n", "one"], ["done"]),
            ("base", ["n"], ["a"]),
            ("step", ["n"], ["b"]),
            ("Switch", ["done", "a", "b"], ["c"]),
            ("Call", ["c"], ["r"]),
        ],
        ["r"],
    ),
    ("base", [floats("n")], [(MulFusion(), ["n", "zero"], ["z"]), (AddFusion(), ["z", "one"], ["r"])], ["r"]),
    (
        "step",
        [floats("n")],
        [
            (MulFusion(), ["n", "two"], ["m"]),
            (AddFusion(), ["n", "minus"], ["less"]),
            ("f", ["less"], ["c"]),
            ("Call", ["c"], ["v"]),
            (MulFusion(), ["v", "two"], ["w"]),
            (MulFusion(), ["m", "zero"], ["none"]),
            (AddFusion(), ["w", "none"], ["r"]),
        ],
        ["r"],
    ),
]


def test_a_subgraph_may_wait_for_itself_but_not_too_often() -> None:
    compiled = program(make_program(RECURSION, {**NUMBERS, "minus": scalar(-1)}), ())
    assert compiled.run([scalar(5)]) == [32]
    with pytest.raises(DelegateError, match="more than 100 calls wait for each other"):
        compiled.run([scalar(500)])
    assert compiled.run([scalar(2)]) == [4]


def test_what_comes_after_a_computed_shape_is_planned_when_it_is_known() -> None:
    nodes = [(RELU, ["x"], ["r"]), (Reshape(), ["r", "s"], ["y"]), (AddFusion(), ["y", "one"], ["z"])]
    shape = TensorSpec(DType.INT32, (2,), "s")
    model = make_model([floats("x", 2, 6), shape], nodes, ["z", "r"], NUMBERS)
    compiled = program(model, (2, 6), (2,))
    x = np.arange(-6, 6, dtype=np.float32).reshape(2, 6)
    for rows in (3, 4, 3):
        z, r = compiled.run([x, np.array([rows, -1], np.int32)])
        np.testing.assert_array_equal(z, np.maximum(x, 0).reshape(rows, -1) + 1)
        np.testing.assert_array_equal(r, np.maximum(x, 0))
    assert [spec.shape for spec in compiled.output_specs] == [(-1, -1), (2, 6)]
    with pytest.raises(DelegateError, match=r"Reshape 'Reshape-1' failed"):
        compiled.run([x, np.array([5, -1], np.int32)])


def growing() -> Model:
    """while a < 100: append a to a vector."""
    grow: list[Routine] = [
        ("main", [floats("x", 1)], [("header", ["x", "x"], ["h"]), ("Call", ["h"], ["y"])], ["y"]),
        (
            "header",
            [floats("a", 1), floats("v", -1)],
            [
                (Less(), ["a", "hundred"], ["more"]),
                ("body", ["a", "v"], ["again"]),
                ("after", ["v"], ["end"]),
                ("Switch", ["more", "again", "end"], ["next"]),
                ("Call", ["next"], ["r"]),
            ],
            ["r"],
        ),
        (
            "body",
            [floats("a", 1), floats("v", -1)],
            [
                (AddFusion(), ["a", "one"], ["b"]),
                (Concat(), ["v", "a"], ["w"]),
                ("header", ["b", "w"], ["h"]),
                ("Call", ["h"], ["r"]),
            ],
            ["r"],
        ),
        ("after", [floats("v", -1)], [(RELU, ["v"], ["r"])], ["r"]),
    ]
    return make_program(grow, {**NUMBERS, "hundred": scalar(100)})


def test_plans_for_ever_new_shapes_are_given_up() -> None:
    compiled = program(growing(), (1,))
    (y,) = compiled.run([np.zeros(1, np.float32)])
    np.testing.assert_array_equal(y, [0, *range(100)])
    assert len(compiled._parts) <= _MOST_PLANS


def test_plans_that_are_kept_stay_within_the_limit_together() -> None:
    limit = 4096
    compiled = Program(growing(), [(1,)], Resources(select(["reference"]).delegates, limit))
    compiled.run([np.zeros(1, np.float32)])
    assert compiled.report.arena <= 1.5 * limit


def test_memory_of_what_comes_up_is_limited() -> None:
    model = make_model(
        [floats("x", 2, 6), TensorSpec(DType.INT32, (2,), "s")],
        [(Reshape(), ["x", "s"], ["y"]), (AddFusion(), ["y", "one"], ["z"])],
        ["z"],
        NUMBERS,
    )
    compiled = Program(model, [(2, 6), (2,)], Resources(select(["reference"]).delegates, 60))
    with pytest.raises(MemoryPlanError, match="memory_limit is 60"):
        compiled.run([np.zeros((2, 6), np.float32), np.array([3, 4], np.int32)])


def test_a_plan_is_made_where_one_is_enough() -> None:
    model = make_model([floats("x", 2, 6)], [(RELU, ["x"], ["y"])], ["y"])
    found = PlanCache(lambda: model, lambda: Resources(select(["reference"]).delegates, LIMIT)).at(((2, 6),))
    assert isinstance(found, Plan)


def test_steps_and_memory_are_those_of_the_plans_so_far() -> None:
    compiled = program(make_program(BRANCH, NUMBERS), (1,))
    assert [step.info.op for step in compiled.steps] == ["AddFusion", "Greater"]
    before = compiled.report.arena
    compiled.run([np.ones(1, np.float32)])
    assert [step.info.op for step in compiled.steps] == ["AddFusion", "Greater", "MulFusion", "AddFusion"]
    assert compiled.report.arena > before


def test_arguments_of_another_type_are_refused() -> None:
    rows = [*BRANCH]
    rows[1] = ("double", [TensorSpec(DType.INT32, (1,), "a")], rows[1][2], rows[1][3])
    with pytest.raises(DelegateError, match=r"'double' is called with float32 for double.a: int32\[1\]"):
        program(make_program(rows, NUMBERS), (1,)).run([np.ones(1, np.float32)])


def test_branches_of_different_types_are_refused_whichever_runs_first() -> None:
    rows = [*BRANCH]
    rows[1] = ("double", [floats("a", 1)], [(Greater(), ["a", "two"], ["d"])], ["d"])
    model = make_program(rows, NUMBERS)
    for order in ((1.0, -1.0), (-1.0, 1.0)):
        compiled = program(model, (1,))
        for x in order:
            if x > 0:
                with pytest.raises(DelegateError, match=r"'Call-5' gives bool for main.v: float32"):
                    compiled.run([np.array([x], np.float32)])
            else:
                assert compiled.run([np.array([x], np.float32)]) == [0]


def test_outputs_have_the_types_that_are_declared() -> None:
    rows: list[Routine] = [
        ("main", [floats("x", 1)], [("f", ["x"], ["c"]), ("Call", ["c"], ["y"])], ["y"]),
        ("f", [floats("a", 1)], [(Greater(), ["a", "two"], ["r"])], ["r"]),
    ]
    with pytest.raises(DelegateError, match=r"'model' gives bool for main.y: float32"):
        program(make_program(rows, NUMBERS), (1,)).run([np.ones(1, np.float32)])


def test_shapes_that_do_not_fit_are_said_when_they_come_up() -> None:
    rows = [*BRANCH]
    rows[1] = ("double", [floats("a", 1)], [(Reshape(), ["a", "pair"], ["d"])], ["d"])
    compiled = program(make_program(rows, {**NUMBERS, "pair": np.array([2], np.int32)}), (1,))
    assert compiled.run([np.array([-1], np.float32)]) == [0]
    with pytest.raises(ShapeError, match="Reshape 'Reshape-7'"):
        compiled.run([np.array([1], np.float32)])


def test_a_choice_by_several_elements_is_refused() -> None:
    rows = [("main", [floats("x", 2)], BRANCH[0][2], ["y"]), *BRANCH[1:]]
    with pytest.raises(DelegateError, match=r"Switch 'Switch-4' chooses by bool\[2\]; expected one element"):
        program(make_program(rows, NUMBERS), (2,)).run([np.ones(2, np.float32)])


def main_with(*nodes: tuple[str, list[str], list[str]]) -> list[Routine]:
    return [("main", [floats("x", 1)], nodes, ["y"]), *BRANCH[1:]]


REFUSED = [
    ("a tensor is called", main_with(("Call", ["x"], ["y"])), r"Call-0'.*: expected a subgraph, found tensors \[\d+\]"),
    ("nothing is called", main_with(("Call", [], ["y"])), r"expected a subgraph, found tensors \[\]"),
    ("an output that is no tensor", main_with(("double", [], ["y"])), r"'main' outputs: expected tensors"),
    (
        "an argument that is no tensor",
        main_with(("double", [], ["f"]), ("Call", ["f", "f"], ["y"])),
        r"expected tensors, found the subgraph",
    ),
    (
        "too few arguments",
        main_with(("double", [], ["f"]), ("Call", ["f"], ["y"])),
        r"expected 1 arguments and 1 results for subgraph 'double', found 0 and 1",
    ),
    (
        "too many arguments",
        main_with(("double", ["x", "x"], ["f"]), ("Call", ["f"], ["y"])),
        r"expected 0 arguments and 1 results for subgraph 'double', found 0 and 1",
    ),
    (
        "another number of results",
        main_with(("double", ["x"], ["f"]), ("Call", ["f"], ["y", "z"])),
        r"expected 0 arguments and 1 results for subgraph 'double', found 0 and 2",
    ),
    (
        "one branch",
        main_with(("double", ["x"], ["f"]), ("Switch", ["x", "f"], ["g"]), ("Call", ["g"], ["y"])),
        r"expected two subgraphs to choose from",
    ),
    (
        "a closure with two outputs",
        main_with(("double", ["x"], ["f", "g"]), ("Call", ["f"], ["y"])),
        r"expected one output, found 2",
    ),
]


@pytest.mark.parametrize(("routines", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_rules_of_closures(routines: list[Routine], message: str) -> None:
    with pytest.raises(InvalidModelError, match=message):
        check_graph(make_program(routines, NUMBERS))


def test_a_subgraph_that_is_not_there() -> None:
    model = make_program(main_with(("double", ["x"], ["f"]), ("Call", ["f"], ["y"])), NUMBERS)
    nodes = tuple(replace(n, fields={"sub_graph_index": 7}) if n.op == "PartialFusion" else n for n in model.nodes)
    with pytest.raises(InvalidModelError, match="expected one of 3 subgraphs, found 7"):
        check_graph(replace(model, nodes=nodes))


def test_branches_beyond_number_are_refused() -> None:
    """Chains of switches must not make the check slow."""
    names = [f"f{i}" for i in range(300)]
    routines: list[Routine] = [
        (
            "main",
            [floats("x", 1)],
            [
                *((name, ["x"], [f"c{name}"]) for name in names),
                ("SwitchLayer", ["x", *(f"c{name}" for name in names)], ["g"]),
                ("Call", ["g"], ["y"]),
            ],
            ["y"],
        ),
        *((name, [floats("a", 1)], [(RELU, ["a"], ["r"])], ["r"]) for name in names),
    ]
    with pytest.raises(InvalidModelError, match="chooses among 300 subgraphs, 256 at most"):
        check_graph(make_program(routines, NUMBERS))


def test_a_session_runs_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    from lite import Session

    monkeypatch.setattr("lite.session.read_model", lambda source: make_program(LOOP, NUMBERS))
    with Session(b"", delegates=["reference"]) as session:
        assert session.run(np.array([3], np.float32)) == [13]
        assert [time.step.op for time in session.profile(np.array([3], np.float32))].count("MulFusion") == 2
        with pytest.raises(ShapeError, match="depends on the data"):
            session.bind()
