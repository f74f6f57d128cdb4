"""Compute and store the same thing once.

    y1 = op(x); y2 = op(x)   ->   y1 = op(x), used for both
    w1 = w2 (constants)      ->   w1, used for both

Declines when both are graph outputs: each keeps its own name.
"""
from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from converter.ir.edit import Editor, Patch
from converter.ir.graph import Graph, Node, Value
from converter.passes._manager import whole_graph

_SAMPLE = 16  # elements that tell most constants apart without reading all of them
_BLOCK = 1 << 16  # elements that are compared at once, so that large constants need no copies


@whole_graph
def common_subexpressions(graph: Graph) -> int:
    """Merge equal constants, then nodes with equal attributes and inputs, in topological order."""
    merged = 0
    with Editor(graph) as editor:
        for patch in _duplicate_constants(graph):
            if editor.accepts(patch):
                editor.apply(patch)
                merged += 1
        first: dict[Hashable, Node] = {}
        for node in graph.nodes:
            twin = first.setdefault((node.attrs, tuple(node.inputs)), node)
            if twin is node:
                continue
            patch = Patch(remove=[node], replace=dict(zip(node.outputs, twin.outputs, strict=True)))
            if editor.accepts(patch):
                editor.apply(patch)
                merged += 1
    return merged


def _duplicate_constants(graph: Graph) -> list[Patch]:
    """A patch for each constant that repeats an earlier one."""
    alike: dict[Hashable, list[Value]] = {}
    patches = []
    for value in graph.constants():
        data = value.data
        if data is None:
            continue
        seen = alike.setdefault((data.dtype, data.shape, data.flat[:_SAMPLE].tobytes()), [])
        twin = next((v for v in seen if v.data is not None and _same_bits(v.data, data)), None)
        if twin is None:
            seen.append(value)
        else:
            patches.append(Patch(replace={value: twin}))
    return patches


def _same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal to the bit, of one shape and dtype: 0 and -0 differ, a NaN is like itself."""
    bits = np.dtype(f"u{a.dtype.itemsize}")
    x, y = (np.ascontiguousarray(values).reshape(-1).view(bits) for values in (a, b))
    return all(np.array_equal(x[i : i + _BLOCK], y[i : i + _BLOCK]) for i in range(0, x.size, _BLOCK))
