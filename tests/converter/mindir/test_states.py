"""Parameters that are written to: the order that monads say, whatever that of the nodes is, and what is refused."""
from __future__ import annotations

import numpy as np
import pytest

from converter.ir.evaluate import evaluate
from converter.ir.graph import Graph
from converter.mindir.reader import read_mindir
from lite.errors import UnsupportedOpError
from lite.types import Array
from tests.converter.mindir.building import MONAD, ModelBuilder

X = np.array([[1, 2, 3], [4, 5, 6]], np.float32)
P = np.full((2, 3), 10, np.float32)


def run(graph: Graph, count: int = 1) -> list[list[Array]]:
    """The outputs of as many runs on X."""
    states = {begin.name: data for (begin, _), data in zip(graph.kept, graph.states, strict=True)}
    runs = []
    for _ in range(count):
        results = evaluate(graph, {"x": X, **states})
        runs.append([results[value.name] for value in graph.results])
        states = {begin.name: results[end.name] for begin, end in graph.kept}
    return runs


def test_monads_say_the_order_whatever_the_nodes_order() -> None:
    model = ModelBuilder()
    x, monad, p = model.input("x"), model.constant(MONAD), model.parameter("p", P)
    written = model.node("AssignAdd", p, x, monad)
    after = model.node("UpdateState", monad, written)
    old, new = model.node("Load", p, monad), model.node("Load", p, after)
    model.output(model.node("MakeTuple", old, new))
    graph = read_mindir(model.bytes())
    assert [(begin.name, data.tolist()) for (begin, _), data in zip(graph.kept, graph.states, strict=True)] == [
        ("p", P.tolist())
    ]
    for i, (before, then) in enumerate(run(graph, 3)):
        np.testing.assert_array_equal(before, P + i * X)
        np.testing.assert_array_equal(then, P + (i + 1) * X)


def test_writes_that_nothing_orders_among_themselves_all_count() -> None:
    model = ModelBuilder()
    x, monad = model.input("x"), model.constant(MONAD)
    p, q = model.parameter("p", P), model.parameter("q", P)
    writes = [model.node("AssignAdd", p, x, monad), model.node("AssignSub", q, x, monad)]
    after = model.node("UpdateState", monad, model.node("MakeTuple", *writes))
    model.output(model.node("Depend", model.node("MakeTuple", p, q), after))
    (first, second) = run(read_mindir(model.bytes()), 2)[1]
    np.testing.assert_array_equal(first, P + 2 * X)
    np.testing.assert_array_equal(second, P - 2 * X)


def test_parameters_that_are_only_read_are_constants() -> None:
    model = ModelBuilder()
    x, monad = model.input("x"), model.constant(MONAD)
    p, w = model.parameter("p", P), model.parameter("w", P)
    written = model.node("Assign", p, x, monad)
    sum_ = model.node("Add", model.node("Load", w, monad), x)
    model.output(model.node("Depend", sum_, model.node("UpdateState", monad, written)))
    graph = read_mindir(model.bytes())
    assert [begin.name for begin, _ in graph.kept] == ["p"]
    assert [value.name for value in graph.fed] == ["x"]


def test_a_write_within_an_inlined_function() -> None:
    model = ModelBuilder()
    x, monad, p = model.input("x"), model.constant(MONAD), model.parameter("p", P)
    function = model.function("f")
    q, a, u = function.input("q"), function.input("a"), function.input("u")
    done = function.node("UpdateState", u, function.node("AssignAdd", q, a, u))
    function.output(function.node("Depend", function.node("Load", q, done), done))
    first = model.call("f", p, x, monad)
    then = model.node("UpdateState", monad, first)
    second = model.call("f", p, x, then)
    model.output(model.node("Sub", second, first))
    np.testing.assert_array_equal(run(read_mindir(model.bytes()), 2)[1][0], X)


REFUSED = [
    ("ScatterMax", P, "not supported yet"),
    ("Assign", np.zeros((3, 3), np.float32), "writes float32[2,3] to p: float32[3,3]: give it that shape"),
]


@pytest.mark.parametrize(("primitive", "value", "reason"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_cannot_be_written(primitive: str, value: Array, reason: str) -> None:
    model = ModelBuilder()
    x, monad, p = model.input("x"), model.constant(MONAD), model.parameter("p", value)
    total = model.node("Add", x, x)
    written = model.node(primitive, p, total, monad)
    after = model.node("UpdateState", monad, written)
    model.output(model.node("Add", total, model.node("Load", p, after)))
    with pytest.raises(UnsupportedOpError) as caught:
        read_mindir(model.bytes())
    assert reason in str(caught.value)


def test_what_a_parameter_holds_is_unknown_behind_an_operator_that_is_not_supported() -> None:
    model = ModelBuilder()
    x, monad, p = model.input("x"), model.constant(MONAD), model.parameter("p", P)
    written = model.node("ScatterMax", p, x, monad, scope="Default/ScatterMax-op0")
    after = model.node("UpdateState", monad, written)
    model.output(model.node("ReLU", model.node("Load", p, after), scope="Default/ReLU-op0"))
    with pytest.raises(UnsupportedOpError, match="ScatterMax"):
        read_mindir(model.bytes(), outputs=["Default/ReLU-op0"])
