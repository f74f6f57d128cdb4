"""Whether rounding explains what two engines differ by: both are compared with the network computed in float64.

A deep network without trained weights may make thousands of times more of a rounding on its way. How much, is measured:
by float64 with the result of every operator, and nothing in between, rounded to float32. Engines round sums of hundreds
of products as well, so they are some times as far from float64 as that. A misreading of the network would be made
more of too: it hides only where it is no larger than a few roundings.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from converter.ir.graph import Graph, Value
from converter.mindir.reader import read_mindir
from lite import ops
from lite.errors import LiteError
from tests.conformance.distance import largest

_SUMS = 16  # times farther than by rounding results alone: the root of 256 roundings in each
_FARTHER = 1.5  # than MindSpore


@dataclass(frozen=True, slots=True)
class Distances:
    """From float64: ours, MindSpore's, and that of float64 with results rounded to float32."""

    ours: float
    theirs: float
    rounding: float

    @property
    def explain(self) -> bool:
        """True where both are rounding's, and ours is not much the larger one."""
        return max(self.ours, self.theirs) <= _SUMS * self.rounding and self.ours <= _FARTHER * self.theirs

    def __str__(self) -> str:
        return f"{self.ours:.1e} from float64, MindSpore {self.theirs:.1e}, rounding alone {self.rounding:.1e}"


def from_float64(
    mindir: Path, inputs: Mapping[str, np.ndarray], ours: Sequence[np.ndarray], theirs: Sequence[np.ndarray]
) -> Distances | None:
    """None where float64 does not go all the way: for functions, states, operators of other types."""
    graph = read_mindir(mindir)
    try:
        exact, rounded = (_computed(graph, inputs, rounds) for rounds in (False, True))
    except (LiteError, KeyError, TypeError):
        return None
    return Distances(*(largest([_widened(y) for y in given], exact) for given in (ours, theirs, rounded)))


def _computed(graph: Graph, inputs: Mapping[str, np.ndarray], rounds: bool) -> list[np.ndarray]:
    values: dict[Value, np.ndarray] = {value: _widened(inputs[value.name]) for value in graph.inputs}
    pending = Counter(value for node in graph.nodes for value in node.inputs)
    pending.update(graph.outputs)
    for node in graph.nodes:
        operands = [values[v] if v.data is None else _widened(v.data) for v in node.inputs]
        for value, result in zip(node.outputs, ops.evaluate(node.attrs, operands), strict=True):
            values[value] = _widened(result.astype(np.float32)) if rounds and result.dtype == np.float64 else result
        for value in node.inputs:
            pending[value] -= 1
            if not pending[value]:
                values.pop(value, None)
    return [values[value] if value.data is None else _widened(value.data) for value in graph.outputs]


def _widened(x: np.ndarray) -> np.ndarray:
    return x.astype(np.float64) if x.dtype == np.float32 else x
