"""Graphs as text: what is printed reads back to the same graph, and mistakes are named by line."""
from __future__ import annotations

import numpy as np
import pytest

from converter.errors import GraphError
from converter.ir.evaluate import evaluate
from converter.ir.graph import Graph
from converter.ir.text import given_constants, parse, to_text
from converter.ir.verify import verify
from lite.ops.softmax import Softmax
from lite.types import DType, TensorSpec

BLOCK = """\
graph block
input %x: float32[1,3,8,8]
const %w: float32[4,1,1,3] = seed 7
const %b: float32[2,2] = [0.5, -1.25, inf, 1e-05]
%t: float32[1,8,8,3] = Transpose(%x, [0, 2, 3, 1])
%c: float32[1,8,8,4] = Conv2DFusion(%t, %w) {kernel_size=[1, 1], stride=[1, 1], dilation=[1, 1], group=1, \
activation_type=RELU}
%l: float32[1,8,8,2], %r: float32[1,8,8,2] = Split(%c) {output_num=2, axis=3}
%a: float32[1,8,8,2] = MulFusion(%l, [2.0, 0.1])
%h: float32[1,8,2,2] = SliceFusion(%a, int64[1] [3], int64[1] [2]) {axes=[2]}
%m: float32[1,8,2,2] = AddFusion(%h, %b)
%"odd: name": float32[1,8,2,2] = MulFusion(%m, 0.5)
output %"odd: name", %r
"""


def test_what_is_printed_reads_back() -> None:
    graph = parse(BLOCK)
    verify(graph)
    text = to_text(graph)
    assert to_text(parse(text, given_constants(graph))) == text
    rows = [line for line in text.splitlines() if not line.startswith("const")]
    assert rows == [line for line in BLOCK.splitlines() if not line.startswith("const")]


def test_constants_read_back_to_the_bit() -> None:
    graph = parse("input %x: float32[9]\nconst %c: float32[9] = seed 3\n%y = AddFusion(%x, %c)\noutput %y")
    again = parse(to_text(graph), given_constants(graph))
    assert graph.constants()[0].data.tobytes() == again.constants()[0].data.tobytes()


def test_large_constants_come_from_a_table() -> None:
    graph = parse("input %x: float32[40]\nconst %c: float32[40] = seed 3\n%y = AddFusion(%x, %c)\noutput %y")
    table = given_constants(graph)
    assert list(table) == ["c"]
    assert "const %c: float32[40] = given" in to_text(graph)
    x = np.zeros(40, np.float32)
    np.testing.assert_array_equal(evaluate(parse(to_text(graph), table), {"x": x})["y"], table["c"])


@pytest.mark.parametrize(("dtype", "values"), [("bool", {0, 1}), ("int8", set(range(10))), ("float16", None)])
def test_seeded_constants(dtype: str, values: set[int] | None) -> None:
    text = f"const %c: {dtype}[3,20] = seed 1\noutput %c"
    data = parse(text).outputs[0].data
    assert data.dtype == np.dtype(dtype)
    assert data.shape == (3, 20)
    np.testing.assert_array_equal(data, parse(text).outputs[0].data)
    assert values is None or set(data.ravel().tolist()) <= values


def test_names_that_occur_twice_are_told_apart() -> None:
    graph = Graph()
    x = graph.add_input(TensorSpec(DType.FLOAT32, (2,), "x"))
    (first,) = graph.add(Softmax(), [x], "y")
    (second,) = graph.add(Softmax(), [first], "y")
    (third,) = graph.add(Softmax(), [second])
    graph.outputs = [third]
    third.spec = third.spec.named("out")
    assert "%y.1: float32[2] = Softmax(%y)" in to_text(graph)
    verify(parse(to_text(graph)))


MISTAKES = [
    ("%y = Softmax(%x)", "line 1, .*%x is not defined"),
    ("input %x: float32[2]\ninput %x: float32[2]", "line 2, .*%x is defined twice"),
    ("input %x: float32[2]\n%y = Softmux(%x)", "no operator Softmux"),
    ("input %x: float32[2]\n%y = Softmax(%x) {axes=[0]}", "Softmax has no attribute axes; it has axis"),
    ("input %x: float32[2]\n%y: float32[3] = Softmax(%x)", r"%y is float32\[2\], not float32\[3\]"),
    ("input %x: float32[2]\n%y = Softmax(%x) {axis=[4]}", "(?i)softmax axis"),
    ("input %x float32[2]", "expected :, not 'float32'"),
    ("input %x: float31[2]", "FLOAT31"),
    ("output %x %y", "is not defined"),
    ("const %c: float32[2] = [1, 2, 3]", "cannot reshape"),
    ("const %c: float32[2] = given", "'c'"),
    ("const %c: float32[2] = [", "expected a number"),
    ("input %x: float32[2] $", "cannot read"),
    ("graph", "expected a name"),
]


@pytest.mark.parametrize(("text", "message"), MISTAKES)
def test_mistakes_are_named(text: str, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        parse(text)
