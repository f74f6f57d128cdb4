"""One broken graph for every rule."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from converter.errors import GraphError
from converter.ir.graph import Graph, Node, Value
from converter.ir.text import parse
from converter.ir.verify import Verifier, verify
from lite.ops.softmax import Softmax
from lite.types import DType, TensorSpec

TEXT = """
input %x: float32[2,3]
input %z: float32[2,3]
%a = Softmax(%x)
%b = AddFusion(%a, [1.0, 2.0, 3.0])
%c = AddFusion(%b, %b)
output %c, %a
"""


def _input_produced(graph: Graph) -> None:
    graph.inputs.append(graph.nodes[0].outputs[0])


def _output_of_two_nodes(graph: Graph) -> None:
    graph.nodes[1].outputs = list(graph.nodes[0].outputs)


def _wrong_order(graph: Graph) -> None:
    graph.nodes.reverse()


def _undefined_input(graph: Graph) -> None:
    graph.nodes.pop(0)


def _missing_user(graph: Graph) -> None:
    graph.nodes[1].outputs[0].users.pop()


def _stale_user(graph: Graph) -> None:
    x = graph.inputs[0]
    x.users.append(Node(Softmax(), [x], [], "gone"))


def _too_many_inputs(graph: Graph) -> None:
    x = graph.inputs[0]
    graph.nodes[0].inputs.append(x)
    x.users.append(graph.nodes[0])


def _too_many_outputs(graph: Graph) -> None:
    node = graph.nodes[0]
    node.outputs.append(Value(node.outputs[0].spec, node))


def _wrong_shape(graph: Graph) -> None:
    value = graph.nodes[2].outputs[0]
    value.spec = replace(value.spec, shape=(3, 2))


def _wrong_input_dtype(graph: Graph) -> None:
    graph.inputs[0].spec = TensorSpec(DType.STRING, (2, 3), "x")


def _wrong_constant(graph: Graph) -> None:
    constant = graph.nodes[1].inputs[1]
    constant.spec = replace(constant.spec, data=np.zeros(3))


def _undefined_output(graph: Graph) -> None:
    graph.outputs.append(Value(TensorSpec(DType.FLOAT32, (1,), "lost")))


def _nameless_output(graph: Graph) -> None:
    value = graph.outputs[0]
    value.spec = value.spec.named("")


def _twin_inputs(graph: Graph) -> None:
    graph.inputs[1].spec = graph.inputs[0].spec


def _twin_outputs(graph: Graph) -> None:
    graph.outputs[0].spec = graph.outputs[0].spec.named("a")


RULES: list[tuple[Callable[[Graph], None], str]] = [
    (_input_produced, "^definition: graph input .*a"),
    (_output_of_two_nodes, "^definition: output .* of .*'b'"),
    (_wrong_order, "^order: .*'c'.* defined later"),
    (_undefined_input, "^order: .*'b'.* defined nowhere"),
    (_missing_user, "^users: .*b.* lists .*'c'"),
    (_stale_user, "^users: .*x.* lists .*'gone'"),
    (_too_many_inputs, "^spec: .*'a'.* does not take .* 2"),
    (_too_many_outputs, "^spec: .*'a'.* has 2 outputs"),
    (_wrong_shape, r"^spec: output .*c: float32\[3,2\].* of .*'c'.* should be float32\[2,3\]"),
    (_wrong_input_dtype, "^spec: .*'a'"),
    (_wrong_constant, "^spec: constant .* holds float64"),
    (_undefined_output, "^output: .*lost"),
    (_nameless_output, "^name: graph output .* has no name"),
    (_twin_inputs, "^name: two graph inputs are named 'x'"),
    (_twin_outputs, "^name: two graph outputs are named 'a'"),
]


def test_a_sound_graph_passes() -> None:
    verify(parse(TEXT))


@pytest.mark.parametrize(("spoil", "message"), RULES, ids=lambda row: getattr(row, "__name__", ""))
def test_a_broken_rule_is_named(spoil: Callable[[Graph], None], message: str) -> None:
    graph = parse(TEXT)
    spoil(graph)
    with pytest.raises(GraphError, match=message):
        verify(graph)


@pytest.mark.parametrize(("spoil", "message"), RULES, ids=lambda row: getattr(row, "__name__", ""))
def test_what_was_sound_before_is_checked_again(spoil: Callable[[Graph], None], message: str) -> None:
    graph, verifier = parse(TEXT), Verifier()
    verifier.check(graph)
    spoil(graph)
    with pytest.raises(GraphError, match=message):
        verifier.check(graph)


def test_outputs_may_be_inputs_constants_and_repeat() -> None:
    verify(parse("input %x: float32[2]\nconst %c: float32[2] = [1, 2]\noutput %x, %c, %x"))


def test_another_constant_is_checked_anew_whatever_its_elements() -> None:
    graph, verifier = parse(TEXT), Verifier()
    verifier.check(graph)
    node = graph.nodes[1]
    for data in (np.ones(3, np.float32), np.ones(3, np.float32), np.ones((1, 3), np.float32)):
        node.inputs[1].users.remove(node)
        node.inputs[1] = Value.constant(data)
        node.inputs[1].users.append(node)
        verifier.check(graph)
    node.inputs[1].users.remove(node)
    node.inputs[1] = Value.constant(np.ones(4, np.float32))
    node.inputs[1].users.append(node)
    with pytest.raises(GraphError, match="spec"):
        verifier.check(graph)
