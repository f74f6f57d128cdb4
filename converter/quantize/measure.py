"""The error of a quantized graph, layer by layer: of each layer alone, and accumulated with all layers before it.

A layer is a node that computes with codes, or whose weights are stored as something else than float32. Alone: it is
given what the exact network computes before it. Accumulated: as part of the quantized network.
"""
from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from converter.calibration import called
from converter.emit.graph import emit
from converter.errors import GIVE_SAMPLES, QuantizeError
from converter.ir.graph import Graph, Node, Value
from lite.errors import LiteError
from lite.ops.checks import FLOATS
from lite.ops.quantized import Affine, QuantDTypeCast, Quantized, dequantize, quantize
from lite.session import Session
from lite.types import Array, DType

SAMPLES = 8  # that are measured with, the first ones
BINS = 48
_NARROW = 1e-6  # of numbers' size, a range of which is widened: it has to be cut into bins

Progress = Callable[[str], None]


@dataclass(slots=True)
class Distance:
    """How far numbers are from what they should be."""

    signal: float = 0.0
    noise: float = 0.0
    other: float = 0.0
    product: float = 0.0

    def add(self, exact: Array, other: Array) -> None:
        """Take numbers into account; those that should not be finite do not count, others that are not lose all."""
        x, y = exact.reshape(-1).astype(np.float64), other.reshape(-1).astype(np.float64)
        finite = np.isfinite(x)
        if not finite.all():
            x, y = x[finite], y[finite]
        lost = ~np.isfinite(y)
        if lost.any():
            self.noise, y = math.inf, np.where(lost, 0.0, y)
        self.signal += float(x @ x)
        self.other += float(y @ y)
        self.product += float(x @ y)
        self.noise += float((x - y) @ (x - y))

    @property
    def error(self) -> float:
        """The relative error, the square root of noise over signal: infinite where there is noise but no signal."""
        if self.noise in (0.0, math.inf) or not self.signal:
            return math.inf if self.noise else 0.0
        return math.sqrt(self.noise / self.signal)

    @property
    def sqnr(self) -> float:
        """Signal over noise in decibels."""
        return -20 * math.log10(self.error) if 0 < self.error < math.inf else math.copysign(math.inf, 0.5 - self.error)

    @property
    def cosine(self) -> float:
        """The cosine of the angle between both."""
        both = math.sqrt(self.signal) * math.sqrt(self.other)
        return min(1.0, self.product / both) if both else float(self.signal == self.other)


@dataclass(slots=True)
class Layer:
    """A node of the exact graph and its counterpart; counts: a histogram of the exact output over low to high."""

    exact: Node
    coded: Node
    alone: Distance = field(default_factory=Distance)
    accumulated: Distance = field(default_factory=Distance)
    low: float = 0.0
    high: float = 0.0
    counts: Array = field(default_factory=lambda: np.zeros(BINS, np.int64))

    @property
    def stored(self) -> Affine | None:
        """How its output is stored; None for float32."""
        return self.coded.attrs.outputs[0] if isinstance(self.coded.attrs, Quantized) else None

    @property
    def operands(self) -> list[Value]:
        """The inputs of the exact node that are not constants."""
        return [value for value in self.exact.inputs if value.producer is not None or not value.spec.is_known]

    def session(self) -> Session:
        """A session of the quantized node and nothing else."""
        graph, fed = Graph(self.coded.name), iter(range(len(self.coded.inputs)))
        inputs = []
        for value in self.coded.inputs:
            if value.producer is None and value.spec.is_known:
                inputs.append(Value(value.spec))
            else:
                inputs.append(graph.add_input(value.spec.named(f"x{next(fed)}")))
        graph.outputs = list(graph.add(self.coded.attrs, inputs, self.coded.name))
        return Session(emit(graph), threads=1)

    def compute(self, session: Session, xs: Sequence[Array], number: int) -> Array:
        """The output of the quantized node for exact operands, as real numbers."""
        if isinstance(self.coded.attrs, Quantized):
            known = [value.producer is None and value.spec.is_known for value in self.coded.inputs]
            how = [stored for stored, is_known in zip(self.coded.attrs.inputs, known, strict=False) if not is_known]
            xs = [x if stored is None else quantize(x, stored) for x, stored in zip(xs, how, strict=True)]
        return self.real(outputs(session, xs, number)[0])

    def real(self, y: Array) -> Array:
        """The numbers that the output's elements stand for."""
        return y if self.stored is None or y.dtype.kind == "f" else dequantize(y, self.stored)

    def see(self, x: Array) -> None:
        """Count the elements of the exact output."""
        finite = x[np.isfinite(x)].astype(np.float64)
        if not finite.size:
            return
        if not self.counts.any():
            self.low, self.high = _span(self.stored, finite)
        self.counts += np.histogram(np.clip(finite, self.low, self.high), BINS, (self.low, self.high))[0]


@dataclass(frozen=True, slots=True)
class Measurement:
    """layers: in order; empty where only the results were asked for. results: of those that are judged, by name."""

    layers: Sequence[Layer]
    results: dict[str, Distance]
    samples: int

    @property
    def error(self) -> float:
        """The relative error of the worst output."""
        return max((distance.error for distance in self.results.values()), default=0.0)


def copy(graph: Graph) -> Graph:
    """A graph of its own nodes and values, with the same constants."""
    new = Graph(graph.name)
    values = {value: new.add_input(value.spec) for value in graph.inputs}
    for node in graph.nodes:
        for value in node.inputs:
            values.setdefault(value, Value(value.spec))
        twin = Node(node.attrs, [values[value] for value in node.inputs], (), node.name, node.origin)
        twin.outputs = [Value(value.spec, twin) for value in node.outputs]
        values.update(zip(node.outputs, twin.outputs, strict=True))
        new.insert(len(new.nodes), [twin])
    new.outputs = [values.setdefault(value, Value(value.spec)) for value in graph.outputs]
    new.states = graph.states
    new.functions = {name: copy(function) for name, function in graph.functions.items()}
    return new


def measure(
    exact: Graph, coded: Graph, samples: Iterable[object], progress: Progress | None = None, *, layers: bool = True
) -> Measurement:
    """Run both graphs on the first samples. layers: measure layers too, not only the outputs.

    Raises QuantizeError where there are no samples, or one that does not fit.
    """
    rows = layers_of(exact, coded) if layers else []
    results = {value.name: Distance() for value in judged(exact)}
    watched = [*(v for row in rows for v in row.operands), *(row.exact.outputs[0] for row in rows)]
    count = 0
    with ExitStack() as stack:
        before = stack.enter_context(session_of(exact, [*watched, *judged(exact)]))
        own_outputs = [row.coded.outputs[0] for row in rows]
        after = stack.enter_context(session_of(coded, [*own_outputs, *judged(coded)]))
        alone = [stack.enter_context(row.session()) for row in rows]
        for sample in islice(samples, SAMPLES):
            wanted, got = outputs(before, sample, count), outputs(after, sample, count)
            given = iter(wanted[: len(watched) - len(rows)])
            exact_outputs = wanted[len(watched) - len(rows) : len(watched)]
            for row, session, y, own in zip(rows, alone, exact_outputs, got, strict=False):
                row.see(y)
                row.accumulated.add(y, row.real(own))
                row.alone.add(y, row.compute(session, [next(given) for _ in row.operands], count))
            for distance, x, y in zip(results.values(), wanted[len(watched) :], got[len(rows) :], strict=True):
                distance.add(x, y)
            count += 1
            if progress is not None:
                progress(f"measure: sample {count}")
    if not count:
        raise QuantizeError(f"there are no samples to measure errors with: {GIVE_SAMPLES}")
    return Measurement(rows, results, count)


def judged(graph: Graph) -> list[Value]:
    """The results that have an error: numbers of floating point, or all where there are none.

    Of an index it is chance how far from the right one a wrong one is.
    """
    return [value for value in graph.results if value.spec.dtype in FLOATS] or graph.results


def session_of(graph: Graph, outputs: Sequence[Value]) -> Session:
    """A session that computes these values of the graph."""
    own, graph.outputs = graph.outputs, [*outputs, *(end for _, end in graph.kept)]
    try:
        return Session(emit(graph))
    finally:
        graph.outputs = own


def outputs(session: Session, sample: object, number: int) -> list[Array]:
    """The outputs of a session for a sample. Raises QuantizeError, with the sample's file or number, where it does not
    fit."""
    try:
        result = session.run(sample)
    except (LiteError, TypeError) as error:
        raise QuantizeError(f"{called(sample, number)} does not fit the network: {error}") from error
    return list(result.values()) if isinstance(result, dict) else [result]


def layers_of(exact: Graph, coded: Graph) -> list[Layer]:
    """The quantized layers, each with the node that it was made of."""
    counterparts: dict[tuple[str, str], deque[Node]] = defaultdict(deque)
    for node in exact.nodes:
        counterparts[node.op, node.name].append(node)
    rows = []
    for node in coded.nodes:
        same = counterparts[node.op, node.name]
        if not same or (isinstance(node.attrs, Quantized) and isinstance(node.attrs.inner, QuantDTypeCast)):
            continue
        twin = same.popleft()
        if isinstance(node.attrs, Quantized) or any(v.spec.stored for v in node.inputs):
            rows.append(Layer(twin, node))
    return rows


def _span(stored: Affine | None, x: Array) -> tuple[float, float]:
    """The span of a histogram: the range of the codes, or for float32 that of the elements."""
    if stored is not None and stored.dtype != DType.INT32:
        ends = dequantize(np.array([stored.low, stored.high]), stored)
        return float(ends[0]), float(ends[1])
    low, high = float(x.min()), float(x.max())
    narrow = _NARROW * max(abs(low), abs(high))
    return (low, high) if high - low > narrow else (low - max(narrow, 0.5), high + max(narrow, 0.5))
