"""Evaluation of whole graphs."""
from __future__ import annotations

import numpy as np
import pytest

from converter.errors import GraphError
from converter.ir.evaluate import evaluate
from converter.ir.text import parse
from lite.errors import DTypeError, ShapeError, TensorNameError

TEXT = """
input %x: float32[2,?]
const %c: float32[2] = [1, 2]
%a = AddFusion(%x, 1.0)
%l, %r = Split(%a) {output_num=2, axis=0}
%y = MulFusion(%l, %r)
output %y, %x, %c, %y
"""


def test_outputs_by_name() -> None:
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    outputs = evaluate(parse(TEXT), {"x": x})
    assert list(outputs) == ["y", "x", "c"]
    np.testing.assert_array_equal(outputs["y"], [[4, 10, 18]])
    np.testing.assert_array_equal(outputs["x"], x)
    np.testing.assert_array_equal(outputs["c"], [1, 2])


FEEDS = [
    ({}, TensorNameError, r"takes \['x'\], not \[\]"),
    ({"X": np.zeros((2, 3), np.float32)}, TensorNameError, "not .'X'."),
    ({"x": np.zeros((2, 3))}, DTypeError, "x: float32.* was given float64"),
    ({"x": np.zeros((3, 3), np.float32)}, ShapeError, r"was given shape \(3, 3\)"),
    ({"x": np.zeros(2, np.float32)}, ShapeError, r"was given shape \(2,\)"),
]


@pytest.mark.parametrize(("feeds", "error", "message"), FEEDS)
def test_feeds_that_do_not_fit(feeds: dict[str, np.ndarray], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        evaluate(parse(TEXT), feeds)


def test_a_node_that_fails_is_named() -> None:
    graph = parse("input %x: float32[?]\n%y = Reshape(%x, [2, 2])\noutput %y")
    with pytest.raises(GraphError, match=r"Reshape 'y'.* failed on float32\[5\]"):
        evaluate(graph, {"x": np.zeros(5, np.float32)})
