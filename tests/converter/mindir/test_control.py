"""Branches and loops written by hand, for corners that exports of MindSpore do not show: those are in conformance."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import converter
from converter.errors import ParseError
from converter.ir.evaluate import evaluate
from converter.ir.graph import Graph
from converter.ir.verify import verify
from converter.mindir import reader
from converter.mindir.reader import read_mindir
from lite import Session
from lite.errors import UnsupportedOpError
from lite.types import Array
from tests.converter.mindir.building import MONAD, GraphBuilder, ModelBuilder

X = np.array([[1, -2, 3], [0.5, 0, -1]], np.float32)


def read(model: ModelBuilder) -> Graph:
    """The graph, which keeps the rules."""
    graph = read_mindir(model.bytes())
    for part in (graph, *graph.functions.values()):
        verify(part)
    return graph


def outputs(model: ModelBuilder, *inputs: Array) -> list[Array]:
    """What the graph computes; a session of the converted model computes the same."""
    graph = read(model)
    results = list(evaluate(graph, {value.name: x for value, x in zip(graph.inputs, inputs, strict=True)}).values())
    with Session(converter.convert(model.bytes()), delegates=["reference"]) as session:
        ran = session.run(list(inputs))
    for expected, given in zip(results, ran.values() if isinstance(ran, dict) else [ran], strict=True):
        np.testing.assert_array_equal(given, expected)
    return results


def function(model: ModelBuilder, name: str, body: Callable[..., str], *arguments: str) -> str:
    """A function with these arguments; gives its name."""
    graph = model.function(name)
    graph.output(body(graph, *(graph.input(argument) for argument in arguments)))
    return name


def branching(
    then: Callable[[GraphBuilder, str], str],
    otherwise: Callable[[GraphBuilder, str], str],
    selector: Callable[[ModelBuilder, str], str] | None = None,
) -> ModelBuilder:
    """A model that returns what one of two functions of x gives: the first where x has a positive sum."""
    model = ModelBuilder()
    x = model.input("x")
    total = model.node("ReduceSum", x, axis=(), keep_dims=False)
    selected = selector(model, x) if selector else model.node("Greater", total, model.constant(0.0))
    first, second = function(model, "✓then", then, "a"), function(model, "✗else", otherwise, "a")
    chosen = model.node("Switch", selected, model.node("Partial", first, x), model.node("Partial", second, x))
    model.output(model.call(chosen))
    return model


def test_the_chosen_branch_gives_the_result() -> None:
    model = branching(lambda g, a: g.node("ReLU", a), lambda g, a: g.node("Neg", a))
    np.testing.assert_array_equal(outputs(model, X)[0], np.maximum(X, 0))
    np.testing.assert_array_equal(outputs(model, X - 3)[0], 3 - X)
    assert list(read(model).functions) == ["then_0", "else_1"]
    assert read(model).outputs[0].name == "if_0"


RECTIFIED = np.maximum(X, 0)


@pytest.mark.parametrize(("known", "expected"), [(True, RECTIFIED), (False, -X), (0, -X), (np.array(3), RECTIFIED)])
def test_a_known_condition_leaves_no_branch(known: object, expected: Array) -> None:
    model = branching(lambda g, a: g.node("ReLU", a), lambda g, a: g.node("Neg", a), lambda m, x: m.constant(known))
    np.testing.assert_array_equal(outputs(model, X)[0], expected)
    assert read(model).functions == {}


def test_branches_may_give_tuples_numbers_and_what_they_were_given() -> None:
    def then(g: GraphBuilder, a: str) -> str:
        return g.node("MakeTuple", a, g.node("MakeTuple", g.constant(2), g.constant(MONAD)), g.node("ReLU", a))

    def otherwise(g: GraphBuilder, a: str) -> str:
        return g.node("MakeTuple", g.node("Neg", a), g.node("MakeTuple", g.constant(7), g.constant(MONAD)), a)

    model = branching(then, otherwise)
    for x, expected in ((X, (X, 2, np.maximum(X, 0))), (X - 3, (3 - X, 7, X - 3))):
        for given, wanted in zip(outputs(model, x), expected, strict=True):
            np.testing.assert_array_equal(given, wanted)


def test_branches_of_other_shapes_leave_a_dimension_open() -> None:
    model = branching(lambda g, a: g.node("Concat", g.node("MakeTuple", a, a), axis=1), lambda g, a: g.node("Neg", a))
    assert [spec.spec.shape for spec in read(model).outputs] == [(2, -1)]
    assert outputs(model, X)[0].shape == (2, 6)
    assert outputs(model, X - 3)[0].shape == (2, 3)


def test_branches_of_other_types_are_refused() -> None:
    model = branching(lambda g, a: g.node("Cast", a, g.constant(34)), lambda g, a: g.node("Neg", a))
    with pytest.raises(UnsupportedOpError, match=r"branches or rounds of a loop give int32\[2,3\] and float32\[2,3\]"):
        read(model)


def test_an_operator_of_a_branch_that_is_not_supported_is_listed_once() -> None:
    model = branching(lambda g, a: g.node("ReLU", a), lambda g, a: g.node("Mystery", a, scope="Default/here"))
    with pytest.raises(UnsupportedOpError) as caught:
        read(model)
    assert [(row.op, row.count, row.where) for row in caught.value.ops] == [("Mystery", 1, "Default/here")]


def test_switch_layer_chooses_by_number() -> None:
    model = ModelBuilder()
    x, number = model.input("x"), model.input("n", (), data_type=6)
    names = [
        function(model, "a", lambda g, a: g.node("ReLU", a), "a"),
        function(model, "b", lambda g, a: g.node("Neg", a), "a"),
        function(model, "c", lambda g, a: g.node("Add", a, a), "a"),
    ]
    closures = model.node("MakeTuple", *(model.node("Partial", name) for name in names))
    model.output(model.call(model.node("switch_layer", number, closures), x))
    for n, expected in enumerate((np.maximum(X, 0), -X, 2 * X)):
        np.testing.assert_array_equal(outputs(model, X, np.array(n, np.int32))[0], expected)


def loop(step: Callable[..., str], first: object = None) -> ModelBuilder:
    """while sum(a) < 100: a = step(a, x); returns a. first: what it begins with, x where it is None."""
    model = ModelBuilder()
    x = model.input("x")
    header, body, after = (model.function(name) for name in ("↵h", "↻b", "↓e"))
    a, given = header.input("a"), header.input("x")
    total = header.node("ReduceSum", a, axis=(), keep_dims=False)
    more = header.node("Less", total, header.constant(100.0))
    again, end = header.node("Partial", "↻b", a, given), header.node("Partial", "↓e", a)
    header.output(header.call(header.node("Switch", more, again, end)))
    a, given = body.input("a"), body.input("x")
    body.output(body.node("Depend", body.call("↵h", step(body, a, given), given), body.constant(MONAD)))
    after.output(after.input("a"))
    model.output(model.call("↵h", x if first is None else model.constant(first), x))
    return model


def test_a_loop_runs_until_its_condition_fails() -> None:
    model = loop(lambda g, a, x: g.node("Add", a, a))
    expected = X
    while expected.sum() < 100:
        expected = expected + expected
    np.testing.assert_array_equal(outputs(model, X)[0], expected)
    assert list(read(model).functions) == ["loop_0", "body_1", "after_2"]


def test_what_a_loop_begins_with_may_be_known_and_then_vary() -> None:
    model = loop(lambda g, a, x: g.node("Add", a, x), np.zeros((2, 3), np.float32))
    expected = np.zeros_like(X)
    while expected.sum() < 100:
        expected = expected + X
    np.testing.assert_allclose(outputs(model, X)[0], expected, rtol=1e-6)


def test_what_stays_the_same_in_all_rounds_is_known_inside() -> None:
    model = ModelBuilder()
    x = model.input("x")
    weight = model.parameter("w", np.full((2, 3), 2, np.float32))
    header, body, after = (model.function(name) for name in ("↵h", "↻b", "↓e"))
    a, w = header.input("a"), header.input("w")
    more = header.node("Less", header.node("ReduceSum", a, axis=(), keep_dims=False), header.constant(50.0))
    choice = header.node("Switch", more, header.node("Partial", "↻b", a, w), header.node("Partial", "↓e", a))
    header.output(header.call(choice))
    a, w = body.input("a"), body.input("w")
    body.output(body.call("↵h", body.node("Add", a, body.node("Load", w, body.constant(MONAD))), w))
    after.output(after.input("a"))
    model.output(model.call("↵h", x, weight))
    graph = read(model)
    assert [len(part.inputs) for part in graph.functions.values()] == [1, 1, 1]
    expected = X
    while expected.sum() < 50:
        expected = expected + 2
    np.testing.assert_array_equal(outputs(model, X)[0], expected)


def test_all_that_varies_in_a_loop_is_found_in_few_readings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop that carries 30 numbers, all known when it is entered."""
    model = ModelBuilder()
    x = model.input("x")
    count = 30
    header, body, after = (model.function(name) for name in ("↵h", "↻b", "↓e"))
    carried = [header.input("a"), *(header.input(f"c{i}") for i in range(count))]
    more = header.node("Less", header.node("ReduceSum", carried[0], axis=(), keep_dims=False), header.constant(50.0))
    again, end = header.node("Partial", "↻b", *carried), header.node("Partial", "↓e", carried[0])
    header.output(header.call(header.node("Switch", more, again, end)))
    carried = [body.input("a"), *(body.input(f"c{i}") for i in range(count))]
    body.output(body.call("↵h", *(body.node("Add", value, body.constant(1.0)) for value in carried)))
    after.output(after.input("a"))
    model.output(model.call("↵h", x, *(model.constant(np.array(i, np.float32)) for i in range(count))))
    readings: list[int] = []
    once = reader._Reader.read
    monkeypatch.setattr(reader._Reader, "read", lambda self, chosen: (readings.append(1), once(self, chosen))[1])
    read(model)
    assert len(readings) <= 3


def test_a_loop_may_change_a_shape() -> None:
    model = loop(lambda g, a, x: g.node("Concat", g.node("MakeTuple", a, x), axis=0))
    expected = X
    while expected.sum() < 100:
        expected = np.concatenate([expected, X])
    np.testing.assert_array_equal(outputs(model, X)[0], expected)
    assert read(model).outputs[0].spec.shape == (-1, 3)


def test_a_function_that_waits_for_itself_is_refused() -> None:
    """f(x) = -f(x): there is no way out, and no result to know anything of."""
    model = ModelBuilder()
    x = model.input("x")
    endless = model.function("f")
    endless.output(endless.node("Neg", endless.call("f", endless.input("a"))))
    model.output(model.call("f", x))
    with pytest.raises(UnsupportedOpError, match="a function needs its own result"):
        read(model)


def test_a_loop_without_a_way_out_is_refused() -> None:
    model = ModelBuilder()
    x = model.input("x")
    endless = model.function("f")
    endless.output(endless.call("f", endless.node("Neg", endless.input("a"))))
    model.output(model.call("f", x))
    with pytest.raises(UnsupportedOpError, match="a function needs its own result"):
        read(model)


def test_functions_in_functions_without_end_do_not_exhaust_the_stack() -> None:
    model = ModelBuilder()
    x = model.input("x")
    for depth in range(2000):
        body = model.function(f"f{depth}")
        a = body.input("a")
        inner = body.node("Partial", f"f{depth + 1}", a)
        body.output(body.call(body.node("Switch", a, inner, inner)))
    model.output(model.call(model.node("Switch", x, *[model.node("Partial", "f0", x)] * 2)))
    function(model, "f2000", lambda g, a: a, "a")
    with pytest.raises(ParseError, match="call each other too deeply"):
        read(model)


MALFORMED = [
    ("no function", lambda m, x: m.node("Switch", x, m.constant(1), m.constant(2)), "expected a function, not int 1"),
    ("two inputs", lambda m, x: m.node("Switch", x, m.node("Partial", "f")), "has 2 inputs; expected a condition"),
    ("no tuple", lambda m, x: m.node("switch_layer", x, m.node("Partial", "f")), "expected a number and a tuple"),
    (
        "beyond the last",
        lambda m, x: m.node("switch_layer", m.constant(2), m.node("MakeTuple", m.node("Partial", "f"))),
        "chooses function 2 of 1",
    ),
    (
        "a condition that is none",
        lambda m, x: m.node("Switch", m.constant("no"), m.node("Partial", "f"), m.node("Partial", "f")),
        "chooses by str 'no'; expected one number",
    ),
]


@pytest.mark.parametrize(("closure", "message"), [row[1:] for row in MALFORMED], ids=[row[0] for row in MALFORMED])
def test_malformed_choices(closure: Callable[[ModelBuilder, str], str], message: str) -> None:
    model = ModelBuilder()
    x = model.input("x")
    function(model, "f", lambda g, a: a, "a")
    model.output(model.call(closure(model, x), x))
    with pytest.raises(ParseError, match=message):
        read(model)
