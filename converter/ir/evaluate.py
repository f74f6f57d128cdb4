"""Compute a graph with the numpy references of `lite.ops`: slow, and right by definition."""
from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from converter.errors import GraphError
from converter.ir.graph import Graph, Node, Value
from converter.ir.invoke import Invoke, tail
from lite import ops
from lite.errors import DTypeError, LiteError, ShapeError, TensorNameError
from lite.types import Array, TensorSpec

_MOST_CALLS = 100


def evaluate(graph: Graph, feeds: Mapping[str, Array]) -> dict[str, Array]:
    """Outputs by name, in output order, for one array an input. A value is dropped after its last use.

    Raises TensorNameError, ShapeError or DTypeError where `feeds` do not fit the inputs, GraphError where a node fails.
    """
    results = _run(graph, _checked(graph, feeds), graph.functions, 0)
    return dict(zip((value.name for value in graph.outputs), results, strict=True))


def _run(graph: Graph, arguments: Sequence[Array], functions: Mapping[str, Graph], depth: int) -> list[Array]:
    """The outputs of a graph. A function that it ends with takes its place, so that loops take no stack."""
    if depth > _MOST_CALLS:
        raise GraphError(f"more than {_MOST_CALLS} functions wait for each other")
    while True:
        last = tail(graph)
        values: dict[Value, Array] = dict(zip(graph.inputs, arguments, strict=True))
        pending = Counter(value for node in graph.nodes for value in node.inputs)
        pending.update(graph.outputs)
        for node in graph.nodes:
            operands = [values[v] if v.data is None else v.data for v in node.inputs]
            results: Sequence[Array]
            if isinstance(node.attrs, Invoke):
                name, arguments = node.attrs.choose(operands)
                if node is last:
                    break
                results = _run(functions[name], arguments, functions, depth + 1)
            else:
                results = _compute(node, operands)
            for value in node.inputs:
                pending[value] -= 1
                if not pending[value]:
                    values.pop(value, None)
            kept = zip(node.outputs, results, strict=True)
            values.update((value, result) for value, result in kept if pending[value])
        else:
            return [values[value] if value.data is None else value.data for value in graph.outputs]
        graph = functions[name]


def _compute(node: Node, operands: Sequence[Array]) -> tuple[Array, ...]:
    try:
        return ops.evaluate(node.attrs, operands)
    except (LiteError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        given = ", ".join(str(TensorSpec.of(a)) for a in operands)
        raise GraphError(f"{node} failed on {given}: {error}") from error


def _checked(graph: Graph, feeds: Mapping[str, Array]) -> list[Array]:
    """The feeds in input order, once names, dtypes and shapes have been found to fit."""
    expected = [value.name for value in graph.inputs]
    if set(feeds) != set(expected):
        raise TensorNameError(f"the graph takes {expected}, not {list(feeds)}")
    arrays = []
    for value in graph.inputs:
        array, spec = np.asarray(feeds[value.name]), value.spec
        if array.dtype != spec.dtype.dtype:
            raise DTypeError(f"input {spec} was given {array.dtype}")
        if array.ndim != spec.rank or any(0 <= d != n for d, n in zip(spec.shape, array.shape, strict=True)):
            raise ShapeError(f"input {spec} was given shape {array.shape}")
        arrays.append(array)
    return arrays
