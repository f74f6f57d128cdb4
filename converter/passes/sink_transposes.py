"""Move transposes towards the outputs until they meet their inverses.

    relu(transpose(x, p))                  ->   transpose(relu(x), p)
    transpose(x, p) + transpose(y, p)      ->   transpose(x + y, p)
    transpose(x, p) + constant             ->   transpose(x + constant', p)
    concat(transpose(x, p), ..., axis=1)   ->   transpose(concat(x, ..., axis=p[1]), p)
    matmul(x, transpose(y, [1, 0]))        ->   matmul(x, y, transpose_b)
    transpose(transpose(x, p), p^-1)       ->   x
    transpose that moves only dimensions of size 1   ->   reshape

The pass walks the graph once. Instead of moving one transpose at a time it knows some values as a `View`: a permutation
of a base value. Operators that can work on the base do (`_absorb` says how), and their outputs are views again; for
other operators, and for the graph's outputs, a view is made real by a transpose.

Declines when: an operator's operands are views that disagree, and aligning them would move more elements than making
them real; the graph as a whole would move more elements than it does already.
"""
from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from converter.ir.edit import Patch, apply
from converter.ir.graph import Graph, Node, Value, make_node
from converter.passes._absorb import RULES
from converter.passes._layout import (
    Permutation,
    Shape,
    compose,
    identity,
    inverse,
    make_reshape,
    make_transpose,
    moves_data,
    transpose_of,
)
from converter.passes._manager import whole_graph
from converter.passes._view import View
from lite.ops.registry import Attributes

_UNKNOWN_EXTENT = 32  # what an unknown dimension counts for, when elements are compared


@whole_graph
def sink_transposes(graph: Graph) -> int:
    """Walk the graph once and apply what was found as one patch."""
    walk = Walk(graph)
    for node in graph.nodes:
        walk.visit(node)
    patch = walk.patch()
    if patch is None or _elements_moved(patch.add) > _elements_moved(patch.remove):
        return 0
    apply(graph, patch)
    return len(patch.remove)


class Walk:
    """What is known after visiting some nodes: views, and the nodes made for them. It is the rules' `Bench`."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._views: dict[Value, View] = {}
        self._real: dict[View, Value] = {}
        self._found: dict[View, Node] = {}  # transposes of the graph that can stay where their result is needed
        self._added: list[Node] = []
        self._absorbed: dict[Node, None] = {}
        self._replace: dict[Value, Value] = {}

    def visit(self, node: Node) -> None:
        """Absorb the node, or let it read real values."""
        views = self._transposed(node) or self._absorb(node)
        if views is None:
            for value in node.inputs:
                self._read(value, node)
        else:
            self._absorbed[node] = None
            self._views.update(zip(node.outputs, views, strict=True))

    def _transposed(self, node: Node) -> list[View] | None:
        perm = transpose_of(node)
        if perm is None:
            return None
        value = node.inputs[0]
        base, before = self.view(value)
        view = View(base, compose(before, perm))
        if value is base and moves_data(base.spec.shape, perm):
            self._found.setdefault(view, node)
        return [view]

    def _absorb(self, node: Node) -> list[View] | None:
        rule = RULES.get(node.op)
        if rule is None or all(self.view(value).is_plain for value in node.inputs):
            return None
        return rule(self, node)

    def _read(self, value: Value, reader: Node) -> Value:
        """Let the graph's remaining nodes and outputs read the value as it was."""
        real = self._make(self.view(value), value.producer or reader)
        if real is not value:
            self._replace[value] = real
        return real

    def patch(self) -> Patch | None:
        """The change of the graph once all nodes have been visited, or None where there is none."""
        public = {*self._graph.inputs, *self._graph.outputs}
        for value in dict.fromkeys(self._graph.outputs):
            if value not in self._views or value.producer is None:
                continue
            real = self._read(value, value.producer)
            if real is not value and (real in public or real.data is not None):
                copy = make_reshape(real, value.spec.shape, value.producer)  # for the sake of its public name
                if copy is None:
                    return None
                self._added.append(copy)
                self._replace[value] = real = copy.outputs[0]
            public.add(real)
        return Patch(list(self._absorbed), self._added, self._replace) if self._absorbed else None

    def view(self, value: Value) -> View:
        """What the value is known as; a plain view of itself where nothing else is known."""
        return self._views.get(value) or View(value, identity(value.spec.rank))

    def aligned(self, value: Value, perm: Permutation) -> Value:
        """The tensor whose transpose by `perm` is the value: its base where that is so, else made for the purpose."""
        if value.data is not None and value not in self._views:
            if value.data.size == 1:
                return value
            shape = (1,) * (len(perm) - value.spec.rank) + value.data.shape
            moved = value.data.reshape(shape).transpose(inverse(perm))
            return Value.constant(np.ascontiguousarray(moved), value.name)
        return self._make(self._wanted(value, perm), value.producer)

    def cost(self, value: Value, perm: Permutation) -> int:
        """Elements that `aligned` has to move."""
        wanted = self._wanted(value, perm)
        if (value.data is not None and value not in self._views) or wanted in self._real:
            return 0
        return _extent(wanted.base.spec.shape) if moves_data(wanted.base.spec.shape, wanted.perm) else 0

    def _wanted(self, value: Value, perm: Permutation) -> View:
        base, before = self.view(value)
        return View(base, compose(before, inverse(perm)))

    def add(self, like: Node, attrs: Attributes, inputs: Sequence[Value]) -> list[Value]:
        """Outputs of a new node that takes another's place in the graph."""
        node = make_node(attrs, inputs, like.name, like.origin, [v.name for v in like.outputs])
        self._added.append(node)
        return node.outputs

    def _make(self, view: View, like: Node | None) -> Value:
        """The value that the view describes: the base itself, a transpose that was found, or a new one."""
        if view.is_plain:
            return view.base
        if view not in self._real and view in self._found:
            found = self._found[view]
            self._absorbed.pop(found, None)
            self._real[view] = found.outputs[0]
        elif view not in self._real:
            node = make_transpose(view.base, view.perm, like or view.base.producer)
            self._added.append(node)
            self._real[view] = node.outputs[0]
        return self._real[view]


def _elements_moved(nodes: Iterable[Node]) -> int:
    shapes = ((node.inputs[0].spec.shape, transpose_of(node)) for node in nodes)
    return sum(_extent(shape) for shape, perm in shapes if perm is not None and moves_data(shape, perm))


def _extent(shape: Shape) -> int:
    total = 1
    for d in shape:
        total *= _UNKNOWN_EXTENT if d < 0 else d
    return total
