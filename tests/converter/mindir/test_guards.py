"""What networks ask of shapes before they compute: answered while they are read, and refused where nobody knows yet."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import pytest

from converter.errors import ParseError
from converter.ir.evaluate import evaluate
from converter.ir.graph import Graph
from converter.mindir.reader import read_mindir
from lite.errors import UnsupportedOpError
from tests.converter.mindir.building import MONAD, ModelBuilder

X = np.array([[1, -2, 3], [0.5, 0, -1]], np.float32)
OPEN, FIXED = (-1, 3), (2, 3)

Ask: TypeAlias = Callable[[ModelBuilder, str], str]  # of the shape of x


def _read(ask: Ask, shape: Sequence[int], otherwise: str = "Neg") -> Graph:
    """relu(x) where the answer is yes, else another operator."""
    model = ModelBuilder()
    x = model.input("x", shape)
    answer = ask(model, model.node("Shape", x))
    branches = [model.function(name) for name in ("8_✓_Net_construct_4", "9_✗_Net_construct_5")]
    for branch, op in zip(branches, ("ReLU", otherwise), strict=True):
        branch.output(branch.node(op, branch.input("y", shape)))
    partials = [model.node("Partial", branch.graph.name, x) for branch in branches]
    model.output(model.call(model.node("Switch", answer, *partials)))
    return read_mindir(model.bytes())


def _asks(op: str, *others: object, item: int | None = None, first: bool = True) -> Ask:
    """op of the shape, or an item of it, and constants."""

    def ask(model: ModelBuilder, shape: str) -> str:
        what = shape if item is None else model.node("TupleGetItem", shape, model.constant(item))
        constants = [model.constant(other) for other in others]
        return model.node(op, *([what, *constants] if first else [*constants, what]))

    return ask


def _not(ask: Ask) -> Ask:
    return lambda model, shape: model.node("BoolNot", ask(model, shape))


def _none(model: ModelBuilder, shape: str) -> str:
    return model.node("is_", shape, model.constant(None))


def _found(element: int) -> Ask:
    """`(element in x.shape) is False`"""

    def ask(model: ModelBuilder, shape: str) -> str:
        found = model.node("InSequence", model.constant(element), shape)
        return model.node("is_", found, model.constant(False))

    return ask


ANSWERS: list[tuple[Ask, Sequence[int], bool]] = [
    (_asks("tuple_equal", (2, 3)), FIXED, True),
    (_asks("tuple_equal", (2, 4)), FIXED, False),
    (_asks("tuple_equal", (2, 3, 1)), OPEN, False),
    (_asks("tuple_equal", (2, 4)), OPEN, False),
    (_asks("tuple_equal", (-1, 3)), OPEN, False),
    (_not(_asks("tuple_equal", (2, 3))), FIXED, False),
    (_asks("InSequence", 3, first=False), FIXED, True),
    (_asks("InSequence", 3, first=False), OPEN, True),
    (_asks("InSequence", (2, 5), item=0), FIXED, True),
    (_found(-2), OPEN, True),
    (_found(2), FIXED, False),
    (_none, FIXED, False),
    (_asks("is_", 2, item=0), FIXED, True),
    (_asks("ScalarEq", 2, item=0), FIXED, True),
    (_asks("ScalarGt", 2, item=0), FIXED, False),
    (_asks("ScalarLe", 2, item=0), FIXED, True),
]


@pytest.mark.parametrize(("ask", "shape", "answer"), ANSWERS)
def test_branches_on_shapes_disappear(ask: Ask, shape: Sequence[int], answer: bool) -> None:
    graph = _read(ask, shape)
    assert not graph.functions
    (y,) = evaluate(graph, {"x": X}).values()
    np.testing.assert_array_equal(y, np.maximum(X, 0) if answer else -X)


def test_operators_that_only_untaken_branches_have_are_no_matter() -> None:
    graph = _read(_asks("tuple_equal", (2, 3)), FIXED, otherwise="Unheard")
    assert [node.attrs.op for node in graph.nodes] == ["Activation"]
    with pytest.raises(UnsupportedOpError, match="Unheard"):
        _read(_asks("tuple_equal", (2, 4)), FIXED, otherwise="Unheard")
    with pytest.raises(UnsupportedOpError, match=r"(?s)Unheard.*--input-shape"):
        _read(_asks("ScalarEq", 2, item=0), OPEN, otherwise="Unheard")


@pytest.mark.parametrize("ask", [_asks("tuple_equal", (2, 3)), _asks("InSequence", 2, first=False), _found(2)])
def test_open_dimensions_leave_questions_open(ask: Ask) -> None:
    with pytest.raises(UnsupportedOpError, match=r"(?s)known only when the network runs.*--input-shape x=1,3"):
        _read(ask, OPEN)


def _raising() -> ModelBuilder:
    """relu(x) where x has 2 rows, else an error."""
    model = ModelBuilder()
    x = model.input("x", OPEN)
    rows = model.node("TupleGetItem", model.node("Shape", x), model.constant(0))
    right, wrong = model.function("8_✓_Net_construct_4"), model.function("9_✗_Net_construct_5")
    right.output(right.node("ReLU", right.input("y", OPEN)))
    number = wrong.input("rows", ())
    text = wrong.node("JoinedStr", wrong.constant("got "), number, wrong.constant(" rows"))
    error = wrong.constant("ValueError")
    wrong.output(wrong.node("raise", error, text, wrong.constant("None"), wrong.constant(MONAD)))
    partials = [model.node("Partial", right.graph.name, x), model.node("Partial", wrong.graph.name, rows)]
    model.output(model.call(model.node("Switch", model.node("ScalarEq", rows, model.constant(2)), *partials)))
    return model


def test_errors_are_raised_where_the_shape_is_wrong() -> None:
    model = _raising().bytes()
    (y,) = evaluate(read_mindir(model, {"x": (2, 3)}), {"x": X}).values()
    np.testing.assert_array_equal(y, np.maximum(X, 0))
    with pytest.raises(UnsupportedOpError, match=r"raise .* raises ValueError here \(got 4 rows\)"):
        read_mindir(model, {"x": (4, 3)})
    with pytest.raises(UnsupportedOpError, match=r"(?s)ValueError here \(got \? rows\).*--input-shape x=1,3"):
        read_mindir(model)


@pytest.mark.parametrize(("op", "others"), [("tuple_equal", ()), ("is_", (1, 2)), ("InSequence", (3,))])
def test_malformed_questions_are_refused(op: str, others: tuple[int, ...]) -> None:
    with pytest.raises(ParseError, match="expected"):
        _read(_asks(op, *others), FIXED)
