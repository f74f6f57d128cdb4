"""Fixing input shapes and choosing outputs."""
from __future__ import annotations

from collections.abc import Sequence

import pytest

from converter.errors import GraphError, OptionError
from converter.ir.interface import fix_input_shapes, select_outputs
from converter.ir.text import parse, to_text
from converter.ir.verify import verify

TEXT = """
input %x: float32[?,4]
input %z: float32[3,4]
%hidden = Softmax(%x)
%y = AddFusion(%hidden, %z)
output %y
"""


def test_shapes_flow() -> None:
    graph = parse(TEXT)
    fix_input_shapes(graph, {"x": (3, 4)})
    verify(graph)
    assert "%hidden: float32[3,4] = Softmax(%x)" in to_text(graph)


@pytest.mark.parametrize(
    ("shapes", "error", "message"),
    [
        ({"xx": (1, 4)}, OptionError, "no input 'xx'; did you mean 'x'"),
        ({"image": (1, 4)}, OptionError, "no input 'image'; there are 'x', 'z'"),
        ({"x": (1, 5)}, OptionError, r"\[1, 5\] does not fit input x: float32\[\?,4\]"),
        ({"x": (4,)}, OptionError, r"\[4\] does not fit .* the others stay"),
        ({"z": (4, 4)}, OptionError, r"does not fit input z: .* no open dimension .* Session\.resize"),
        ({"x": (2, 4)}, GraphError, r"AddFusion 'y'.* once shapes are x \[2, 4\]"),
    ],
)
def test_shapes_that_do_not_fit(shapes: dict[str, Sequence[int]], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        fix_input_shapes(parse(TEXT), shapes)


def test_outputs_in_the_order_asked_for() -> None:
    graph = parse(TEXT)
    select_outputs(graph, ["y", "hidden"])
    verify(graph)
    assert [value.name for value in graph.outputs] == ["y", "hidden"]


def test_a_node_stands_for_its_first_result() -> None:
    graph = parse("input %x: float32[4]\n%l, %r = Split(%x) {output_num=2}\noutput %l, %r")
    graph.nodes[0].name = "Default/split"
    select_outputs(graph, ["Default/split"])
    verify(graph)
    assert graph.outputs == [graph.nodes[0].outputs[0]]
    assert graph.outputs[0].name == "Default/split"


@pytest.mark.parametrize(
    ("names", "message"),
    [(["hiden"], "no tensor or node 'hiden'; did you mean 'hidden'"), (["y", "y"], "are the same tensor")],
)
def test_outputs_that_are_not_there(names: list[str], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        select_outputs(parse(TEXT), names)
