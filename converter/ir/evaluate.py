"""Compute a graph with the numpy references of `lite.ops`: slow, and right by definition."""
from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np

from converter.errors import GraphError
from converter.ir.graph import Graph, Value
from lite import ops
from lite.errors import DTypeError, LiteError, ShapeError, TensorNameError
from lite.types import Array, TensorSpec


def evaluate(graph: Graph, feeds: Mapping[str, Array]) -> dict[str, Array]:
    """Outputs by name, in output order, for one array an input. A value is dropped after its last use.

    Raises TensorNameError, ShapeError or DTypeError where `feeds` do not fit the inputs, GraphError where a node fails.
    """
    values: dict[Value, Array] = dict(zip(graph.inputs, _checked(graph, feeds), strict=True))
    pending = Counter(value for node in graph.nodes for value in node.inputs)
    pending.update(graph.outputs)
    for node in graph.nodes:
        arguments = [values[v] if v.data is None else v.data for v in node.inputs]
        try:
            results = ops.evaluate(node.attrs, arguments)
        except (LiteError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            given = ", ".join(str(TensorSpec.of(a)) for a in arguments)
            raise GraphError(f"{node} failed on {given}: {error}") from error
        for value in node.inputs:
            pending[value] -= 1
            if not pending[value]:
                values.pop(value, None)
        values.update((value, result) for value, result in zip(node.outputs, results, strict=True) if pending[value])
    return {value.name: values[value] if value.data is None else value.data for value in graph.outputs}


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
