"""Fixing input shapes and choosing outputs."""
from __future__ import annotations

import re

import pytest

from converter.errors import OptionError
from converter.ir.interface import check_names, fix_shape, open_inputs, select_outputs
from converter.ir.text import parse
from converter.ir.verify import verify
from lite.types import DType, TensorSpec

TEXT = """
input %x: float32[?,4]
input %z: float32[3,4]
%hidden = Softmax(%x)
%y = AddFusion(%hidden, %z)
output %y
"""


X = TensorSpec(DType.FLOAT32, (-1, 4), "x")


def test_a_shape_is_fixed_by_name() -> None:
    assert fix_shape(X, {"x": [3, 4], "y": [1]}).shape == (3, 4)
    assert fix_shape(X, {"y": [1]}) == X


UNFIT = [
    (X, [1, 5], "[1, 5] does not fit input x: float32[?,4]: it fixes dimensions that were exported as open"),
    (X, [4], "[4] does not fit input x"),
    (X, [1, 1, 4], "[1, 1, 4] does not fit input x"),
    (TensorSpec(DType.FLOAT32, (3, 4), "x"), [4, 4], "it has no open dimension (?) to fix; convert it as it is"),
]


@pytest.mark.parametrize(("spec", "shape", "message"), UNFIT, ids=str)
def test_shapes_that_do_not_fit(spec: TensorSpec, shape: list[int], message: str) -> None:
    with pytest.raises(OptionError, match=re.escape(message)):
        fix_shape(spec, {"x": shape})


@pytest.mark.parametrize(
    ("name", "message"), [("xx", "no input 'xx'; did you mean 'x'"), ("image", "no input 'image'; there are 'x', 'z'")]
)
def test_names_that_are_not_known(name: str, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        check_names("input_shapes", [name], ["x", "z"])


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


def test_open_inputs_are_named_with_the_way_to_fix_them() -> None:
    floats = DType.FLOAT32
    specs = [TensorSpec(floats, (-1, 3, -1), "x"), TensorSpec(floats, (2,), "y"), TensorSpec(floats, (-1,), "z")]
    assert open_inputs(specs) == (
        "It may be enough to fix the open dimensions (?) of x [?,3,?], z [?], such as with --input-shape x=1,3,1 "
        "--input-shape z=1 (in Python: options={'input_shapes': {'x': (1, 3, 1), 'z': (1,)}}), or to export with fixed "
        "shapes."
    )
    assert open_inputs(specs[1:2]) == ""
