"""Patches: what they do, and that unsound ones leave the graph alone."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from converter.errors import GraphError
from converter.ir.edit import Editor, Patch, apply, topological_order
from converter.ir.graph import Graph, Node, Value, make_node
from converter.ir.text import parse, to_text
from converter.ir.verify import verify
from lite.ops.binary import AddFusion
from lite.ops.softmax import Softmax
from lite.types import DType, TensorSpec

CHAIN = """\
graph chain
input %x: float32[2,3]
%a: float32[2,3] = Softmax(%x)
%b: float32[2,3] = Softmax(%a) {axis=[0]}
%c: float32[2,3] = AddFusion(%b, %b)
output %c
"""


def _after(patch: Callable[[Graph], Patch], text: str = CHAIN) -> str:
    graph = parse(text)
    apply(graph, patch(graph))
    verify(graph)
    return to_text(graph)


def test_replacing_a_node() -> None:
    def patch(graph: Graph) -> Patch:
        b = graph.nodes[1]
        new = make_node(Softmax((1,)), [graph.inputs[0]], "new")
        return Patch(remove=[b], add=[new], replace={b.outputs[0]: new.outputs[0]})

    assert _after(patch) == CHAIN.replace("Softmax(%a) {axis=[0]}", "Softmax(%x) {axis=[1]}").replace(
        "%a: float32[2,3] = Softmax(%x)\n", ""  # nobody reads it any more
    )


def test_inserting_behind_a_value() -> None:
    def patch(graph: Graph) -> Patch:
        a = graph.nodes[0].outputs[0]
        new = make_node(Softmax((1,)), [a], "new")
        return Patch(add=[new], replace={a: new.outputs[0]})

    inserted = "%a.1: float32[2,3] = Softmax(%a) {axis=[1]}\n%b: float32[2,3] = Softmax(%a.1)"
    assert _after(patch) == CHAIN.replace("%b: float32[2,3] = Softmax(%a)", inserted)


def test_added_nodes_may_come_in_any_order() -> None:
    def patch(graph: Graph) -> Patch:
        a = graph.nodes[0]
        first = make_node(Softmax((0,)), [graph.inputs[0]], "first")
        second = make_node(Softmax((1,)), [first.outputs[0]], "second")
        return Patch(remove=[a], add=[second, first], replace={a.outputs[0]: second.outputs[0]})

    assert _after(patch).splitlines()[2:4] == [
        "%first: float32[2,3] = Softmax(%x) {axis=[0]}",
        "%a: float32[2,3] = Softmax(%first) {axis=[1]}",
    ]


def test_an_output_keeps_its_public_name() -> None:
    def patch(graph: Graph) -> Patch:
        return Patch(remove=[graph.nodes[2]], replace={graph.nodes[2].outputs[0]: graph.nodes[1].outputs[0]})

    assert _after(patch).splitlines()[-2:] == ["%c: float32[2,3] = Softmax(%a) {axis=[0]}", "output %c"]


def test_what_is_public_already_is_not_renamed() -> None:
    graph = parse(CHAIN.replace("output %c", "output %c, %a"))
    a, b = graph.nodes[0].outputs[0], graph.nodes[1].outputs[0]
    apply(graph, Patch(remove=[graph.nodes[1]], replace={b: a}))
    assert to_text(graph).splitlines()[2:] == [
        "%a: float32[2,3] = Softmax(%x)",
        "%c: float32[2,3] = AddFusion(%a, %a)",
        "output %c, %a",
    ]


def test_replacing_an_input_by_a_constant() -> None:
    def patch(graph: Graph) -> Patch:
        return Patch(replace={graph.inputs[0]: Value.constant(np.ones((2, 3), np.float32), "ones")})

    assert "Softmax(%ones)" in _after(patch)


Spoil = Callable[[Graph], Patch]


def _detached() -> Node:
    return make_node(Softmax(), [Value(TensorSpec(DType.FLOAT32, (2, 3), "elsewhere"))], "lost")


def _behind(graph: Graph, index: int) -> Node:
    return make_node(Softmax(), [graph.nodes[index].outputs[0]], "new")


def _wrong_dtype(graph: Graph) -> Patch:
    new = Value.constant(np.zeros((2, 3), np.float16))
    return Patch(remove=[graph.nodes[1]], replace={graph.nodes[1].outputs[0]: new})


def _wrong_shape(graph: Graph) -> Patch:
    new = Value.constant(np.zeros((3, 2), np.float32))
    return Patch(remove=[graph.nodes[1]], replace={graph.nodes[1].outputs[0]: new})


def _reads_what_goes(graph: Graph) -> Patch:
    new, b = _behind(graph, 1), graph.nodes[1]
    return Patch(remove=[b], add=[new], replace={b.outputs[0]: new.outputs[0]})


def _replaced_by_replaced(graph: Graph) -> Patch:
    a, b, c = (node.outputs[0] for node in graph.nodes)
    return Patch(replace={a: b, b: c})


UNSOUND: list[tuple[Spoil, str]] = [
    (lambda g: Patch(remove=[_behind(g, 0)]), "removes .*'new'.* not in the graph"),
    (lambda g: Patch(remove=[g.nodes[1]]), "removes .*'b'.* still used"),
    (lambda g: Patch(remove=[g.nodes[2]]), "removes .*'c'.* still used"),
    (lambda g: Patch(add=[g.nodes[1]]), "adds .*'b'.* already"),
    (lambda g: Patch(add=[_detached()]), "'lost'.* neither a graph input nor a constant"),
    (lambda g: Patch(replace={g.nodes[0].outputs[0]: _behind(g, 0).outputs[0]}), "whose producer .* not in the graph"),
    (_reads_what_goes, "'new'.* reads .*b.* not in the graph"),
    (_replaced_by_replaced, "which it replaces too"),
    (_wrong_dtype, "dtype or shape differ"),
    (_wrong_shape, "dtype or shape differ"),
]


@pytest.mark.parametrize(("patch", "message"), UNSOUND)
def test_an_unsound_patch_changes_nothing(patch: Spoil, message: str) -> None:
    graph = parse(CHAIN)
    with pytest.raises(GraphError, match=message):
        apply(graph, patch(graph))
    verify(graph)
    assert to_text(graph) == CHAIN


def test_a_cycle_is_found() -> None:
    graph = parse(CHAIN)
    a, b = graph.nodes[0], graph.nodes[1]
    new = make_node(AddFusion(), [graph.inputs[0], b.outputs[0]], "new")
    with pytest.raises(GraphError, match="depends on its own output"):
        apply(graph, Patch(remove=[a], add=[new], replace={a.outputs[0]: new.outputs[0]}))


UNWANTED = [
    ("input %x: float32[2]\n%a = Softmax(%x)\noutput %a", "a", "x", "an input has a name of its own"),
    ("input %x: float32[2]\n%a = Softmax(%x)\n%b = Softmax(%a)\noutput %a, %b", "b", "a", "so has another output"),
    ("input %x: float32[?]\ninput %z: float32[2]\n%a = Softmax(%x)\n%b = Softmax(%a)\noutput %b", "a", "z", "sizes"),
]


@pytest.mark.parametrize(("text", "old", "new", "why"), UNWANTED, ids=[row[-1] for row in UNWANTED])
def test_patches_that_are_not_wanted(text: str, old: str, new: str, why: str) -> None:
    graph = parse(text)
    values = {v.name: v for v in (*graph.inputs, *(v for n in graph.nodes for v in n.outputs))}
    with Editor(graph) as editor:
        assert not editor.accepts(Patch(replace={values[old]: values[new]}))


def test_order_of_long_chains() -> None:
    graph = parse("input %x: float32[2]\n%v0 = Softmax(%x)\noutput %v0")
    for _ in range(5000):
        graph.add(Softmax(), [graph.nodes[-1].outputs[0]])
    assert list(topological_order(reversed(graph.nodes))) == graph.nodes
