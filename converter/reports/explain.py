"""Measure what pruning and quantization did to a network, operator by operator, for a report."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from converter.emit.graph import emit_parts
from converter.ir.graph import Graph, Node
from converter.quantize.measure import BINS, Distance, Layer, Measurement, measure
from converter.reports.report import CAST, CODED, FLOAT, MOVE, Histogram, Numbers, Report, Row
from lite.bench import StepCost, measure_machine, measure_steps
from lite.bench import measure as measure_latency
from lite.ops.quantized import MOVES, PRODUCTS, Affine, Quantized
from lite.session import Session
from lite.types import DType

_SECONDS = 0.5  # for which each network is timed

Progress = Callable[[str], None]


class Networks(NamedTuple):
    """A network at three stages. before: as it was; exact: after pruning, if any; after: after quantization, if any."""

    before: Graph
    exact: Graph
    after: Graph


def explain(networks: Networks, kind: str | None, samples: Iterable[Any], progress: Progress | None = None) -> Report:
    """Measure the errors between the networks on the first samples, and the times of both. kind: see Report.

    Raises QuantizeError where there are no samples.
    """
    before, exact, after = networks
    measured = measure(exact, after, samples, progress) if kind is not None else None
    whole = measured if measured and before is exact else measure(before, after, samples, layers=False)
    if progress is not None:
        progress("measure times")
    sample = next(iter(samples))
    files = [emit_parts(graph) for graph in (before, after)]
    machine = measure_machine()
    latency, times = [], []
    for parts in files:
        with Session(b"".join(parts), threads=1) as session:
            latency.append(measure_latency(session, sample, seconds=_SECONDS).median)
            times.append(_times(measure_steps(session, sample, machine)))
    layers = {id(layer.coded): layer for layer in (measured.layers if measured else ())}
    firsts, nodes = ({node.name: node for node in graph.all_nodes()} for graph in (before, exact))
    rows = [
        _row(firsts.get(last.name), nodes.get(last.name), layers.get(id(last)), last, (times[0], times[1]))
        for last in after.all_nodes()
    ]
    sizes = [sum(len(part) for part in parts) for parts in files]
    return Report(
        exact.name, before is not exact, kind, whole.samples, (sizes[0], sizes[1]), (latency[0], latency[1]),
        _outputs(whole), tuple(rows),
    )  # fmt: skip


def _outputs(measured: Measurement) -> dict[str, Numbers]:
    return {name: _numbers(distance) for name, distance in measured.results.items()}


def _numbers(distance: Distance) -> Numbers:
    return Numbers(distance.sqnr, distance.cosine, distance.error)


class _Time(NamedTuple):
    """The seconds of a node, their floor, and who runs it; None where it is merged into another, named `merged`."""

    seconds: float | None
    floor: float | None
    delegate: str | None
    merged: str | None


def _times(steps: Sequence[StepCost]) -> dict[str, _Time]:
    """The times of the nodes that do work, by themselves or merged into another, by name."""
    merged = {n: _Time(None, None, None, step.name) for step in (row.step for row in steps) for n, _ in step.merged}
    return merged | {row.step.name: _Time(row.seconds, row.floor, row.step.delegate, None) for row in steps}


_VIEW, _ABSENT = _Time(0.0, None, None, None), _Time(None, None, None, None)


def _row(
    first: Node | None, exact: Node | None, layer: Layer | None, last: Node, times: tuple[dict[str, _Time], ...]
) -> Row:
    """first, exact, last: the operator at the three stages of Networks; a cast exists at the last only."""
    before = times[0].get(last.name, _VIEW) if first else _ABSENT
    after = times[1].get(last.name, _VIEW)
    node = exact or last
    stored = last.attrs.outputs[0] if isinstance(last.attrs, Quantized) else None
    return Row(
        name=last.name,
        op=last.op,
        role=_role(last),
        shape=last.outputs[0].spec.shape if last.outputs else (),
        channels=(_channels(first or last), _channels(node)),
        weights=(_weights(first or last), _weights(node)),
        weight_bits=_weight_bits(last),
        activation_bits=stored.bits if stored else 32,
        scale=stored.scale[0] if stored else None,
        zero_point=stored.zero_point[0] if stored else None,
        output=Histogram(layer.low, layer.high, tuple(map(int, layer.counts))) if layer else None,
        histogram=_histogram(node) if node.op in PRODUCTS else None,
        alone=_numbers(layer.alone) if layer else None,
        accumulated=_numbers(layer.accumulated) if layer else None,
        nbytes=(_constant_bytes(first), _constant_bytes(last)),
        seconds=(before.seconds, after.seconds),
        predicted=after.floor,
        delegates=(before.delegate, after.delegate),
        merged=(before.merged, after.merged),
    )


def _role(node: Node) -> str:
    if node.op == "QuantDTypeCast":
        return CAST
    if node.op in MOVES:
        return MOVE
    return CODED if isinstance(node.attrs, Quantized) or any(v.spec.stored for v in node.inputs) else FLOAT


def _channels(node: Node) -> int:
    shape = node.outputs[0].spec.shape if node.outputs else ()
    return shape[-1] if shape else 1


def _weights(node: Node) -> int:
    """How many weights of a product are not 0."""
    w = node.inputs[1].data if node.op in PRODUCTS and len(node.inputs) > 1 else None
    return 0 if w is None else int(np.count_nonzero(w))


def _weight_bits(node: Node) -> int | None:
    """Bits of a node's first constant that is not plain float32; 32 where all are, None without constants."""
    for position, value in enumerate(node.inputs):
        if value.spec.stored:
            return value.spec.stored.bits
        if isinstance(node.attrs, Quantized) and value.producer is None and value.spec.is_known:
            stored: Affine | None = node.attrs.inputs[position]
            if stored is not None:
                return stored.bits
    return 32 if any(value.producer is None and value.spec.dtype == DType.FLOAT32 and value.spec.is_known
                     for value in node.inputs) else None  # fmt: skip


def _constant_bytes(node: Node | None) -> int:
    data = [value.spec.data for value in node.inputs if value.producer is None] if node else []
    return sum(x.nbytes for x in data if x is not None)


def _histogram(node: Node) -> Histogram | None:
    w = node.inputs[1].data if len(node.inputs) > 1 else None
    if w is None or node.inputs[1].spec.dtype != DType.FLOAT32 or not w.size or not np.isfinite(w).all():
        return None
    end = float(np.abs(w).max()) or 1.0
    return Histogram(-end, end, tuple(map(int, np.histogram(w, BINS, (-end, end))[0])))
