"""Shapes computed from dynamic dimensions: Reshape finds them by itself where it can, the plan computes the others."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

import lite
from converter import convert
from converter.errors import ParseError
from converter.mindir.reader import read_mindir
from lite.errors import ShapeError
from tests.converter.mindir.building import ModelBuilder

X = np.arange(120, dtype=np.float32).reshape(4, 3, 10)


def reshaping(input_shape: Sequence[int], *dims: int | str, of: str = "x") -> bytes:
    """reshape(x, dims), where "i" is dimension i of the input, or of its square."""
    model = ModelBuilder()
    x = model.input("x", input_shape)
    other = x if of == "x" else model.node("Square", x)
    shape = model.node("Shape", other)
    items = [
        model.node("TupleGetItem", shape, model.constant(int(d))) if isinstance(d, str) else model.constant(d)
        for d in dims
    ]
    model.output(model.node("Reshape", x, model.node("MakeTuple", *items)))
    return model.bytes()


FOUND = [
    ((-1, 3, 10), ("0", -1), [-1, 30]),
    ((-1, 3, 10), ("0", -1, 5), [-1, 6, 5]),
    ((-1, 3, 10), ("0", 3, 2, 5), [-1, 3, 2, 5]),
    ((-1, -1, 10), ("0", "1", -1, 5), [0, 0, 2, 5]),
    ((-1, -1, 10), ("0", -1), [0, -1]),
    ((4, 3, 10), ("0", -1), [4, -1]),
    ((-1, 3, 10), ("0", 0), [-1, 0]),
]


@pytest.mark.parametrize(("input_shape", "dims", "operand"), FOUND, ids=str)
def test_reshape_finds_its_own_dimensions(
    input_shape: Sequence[int], dims: Sequence[int | str], operand: list[int]
) -> None:
    (node,) = (node for node in read_mindir(reshaping(input_shape, *dims)).nodes if node.op == "Reshape")
    assert node.inputs[1].data is not None
    assert node.inputs[1].data.tolist() == operand


@pytest.mark.parametrize("batch", [4, 2, 1])
def test_other_dimensions_are_computed_by_the_plan(batch: int) -> None:
    data = convert(reshaping((-1, -1, 10), "1", "0", -1, of="square"))
    with lite.Session(data, delegates=["reference"]) as session:
        assert session.run(X[:batch]).shape == (3, batch, 10)
        session.resize({"x": (batch, 3, 10)})
        assert [step.op for step in session.steps] == ["Reshape"]


def test_a_static_export_says_how_to_vary_the_batch() -> None:
    with lite.Session(convert(reshaping((4, 3, 10), "0", "1", 2, 5)), delegates=["reference"]) as session:
        assert session.run(X).shape == (4, 3, 2, 5)
    static = convert(reshaping((4, 3, 10), 12, 10))
    with (
        lite.Session(static, delegates=["reference"]) as session,
        pytest.raises(ShapeError, match="with -1 for the dimension that is to vary"),
    ):
        session.resize({"x": (5, 3, 10)})


def test_arithmetic_on_numbers_stays_within_64_bits() -> None:
    model = ModelBuilder()
    n = model.constant(1 << 40)
    model.output(model.node("ScalarMul", n, model.node("ScalarMul", n, n)))
    with pytest.raises(ParseError, match="beyond 64 bits"):
        read_mindir(model.bytes())
