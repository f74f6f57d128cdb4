"""Run a graph on samples, and observe the tensors that will be quantized and the inputs of products."""
from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from converter.calibration import called
from converter.errors import GIVE_SAMPLES, Field, QuantizeError
from converter.ir.graph import Graph, Node, Value
from converter.quantize.correct import InputMean
from converter.quantize.full import watched
from converter.quantize.measure import outputs, session_of
from converter.quantize.observers import observer
from converter.quantize.settings import Quantization
from converter.quantize.weights import chosen
from lite.ops.conv2d import Conv2DFusion, window
from lite.ops.full_connection import FullConnection
from lite.ops.matmul import MatMulFusion
from lite.session import Session
from lite.types import Array

Range = tuple[float, float]
_MOST_DEPTH = 8192
_LARGEST_SQUARED = 1e15  # whose squares float32 can add up


def calibrate(
    graph: Graph,
    settings: Quantization,
    progress: Callable[[str], None] | None = None,
    means: Mapping[Node, InputMean] | None = None,
) -> Mapping[Value, Range]:
    """The range of every tensor that may be quantized. means: of the inputs of products, which see the samples too.

    Raises QuantizeError where there is nothing to quantize, where there are no samples, or one that does not fit, and
    where all that samples make of a tensor is not finite.
    """
    values = watched(graph, settings)
    if not values:
        raise QuantizeError(f"{graph.name}: nothing to quantize: no product of float32 with constant weights")
    observers = [observer(settings) for _ in values]
    blank = values
    for arrays in _runs(graph, values, settings, progress):
        for watching, array in zip(observers, arrays, strict=True):
            watching.see(array)
        seen = dict(zip(values, arrays, strict=True))
        for node, mean in (means or {}).items():
            mean.see(seen[node.inputs[0]])
        blank = [value for value, array in zip(values, arrays, strict=True) if value in blank and _is_blank(array)]
    if blank:
        name = blank[0].name or str(blank[0].spec)
        raise QuantizeError(f"{name}: nothing of it was finite in any sample: look at what comes before it, or leave "
            "nodes in float32 with ", Field("quantization", "skip_nodes"))
    return {value: watching.range() for value, watching in zip(values, observers, strict=True)}


def second_moments(
    graph: Graph, settings: Quantization, progress: Callable[[str], None] | None = None
) -> Mapping[Value, Array]:
    """For each weight matrix, the sum of x x^T over its inputs x on all samples, float64 [depth, depth].

    Of products with one matrix and of convolutions without groups, up to a depth of 8192. Raises QuantizeError where
    there are no samples, or one that does not fit.
    """
    weights = {id(w.value) for w in chosen(graph, settings)}
    products = [node for node in graph.nodes if _depth(node) <= _MOST_DEPTH and id(node.inputs[1]) in weights]
    sums = {node.inputs[1]: np.zeros((_depth(node),) * 2) for node in products}
    for arrays in _runs(graph, [node.inputs[0] for node in products], settings, progress):
        for node, x in zip(products, arrays, strict=True):
            rows = _rows(node, x)
            rows = rows[np.isfinite(rows).all(axis=1)]
            if np.abs(rows).max(initial=0) > _LARGEST_SQUARED:
                rows = rows.astype(np.float64)
            sums[node.inputs[1]] += rows.T @ rows
    return sums


def channel_peaks(
    graph: Graph, values: Sequence[Value], settings: Quantization, progress: Callable[[str], None] | None = None
) -> Mapping[Value, Array]:
    """The largest magnitude of each channel of these values over all samples, among finite elements.

    Raises QuantizeError where there are no samples, or one that does not fit.
    """
    peaks: dict[Value, Array] = {}
    for arrays in _runs(graph, values, settings, progress):
        for value, x in zip(values, arrays, strict=True):
            rows = np.abs(x.reshape(-1, x.shape[-1]))
            here = np.where(np.isfinite(rows), rows, 0).max(axis=0, initial=0)
            peaks[value] = np.maximum(peaks.get(value, here), here)
    return peaks


def _depth(node: Node) -> int:
    """How many products each output sums up; more than the most where second moments are not for this product."""
    attrs, shape = node.attrs, node.inputs[1].spec.shape if len(node.inputs) > 1 else ()
    if isinstance(attrs, MatMulFusion) and attrs.transpose_b and not attrs.transpose_a and len(shape) == 2:
        return shape[1]
    if isinstance(attrs, FullConnection) or (isinstance(attrs, Conv2DFusion) and attrs.group == 1):
        return math.prod(shape[1:])
    return _MOST_DEPTH + 1


def _rows(node: Node, x: Array) -> Array:
    """The inputs that the rows of the weights are multiplied with, as a matrix [..., depth]."""
    attrs, w = node.attrs, node.inputs[1].spec.shape
    if not isinstance(attrs, Conv2DFusion):
        return x.reshape(-1, w[1])
    place = window(attrs, x.shape, w)
    top, bottom, left, right = place.pads
    padded = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))
    extents = tuple((w[1 + d] - 1) * attrs.dilation[d] + 1 for d in (0, 1))
    taps = sliding_window_view(padded, extents, axis=(1, 2))[:, :: attrs.stride[0], :: attrs.stride[1]]
    taps = taps[:, : place.output[0], : place.output[1], :, :: attrs.dilation[0], :: attrs.dilation[1]]
    return taps.transpose(0, 1, 2, 4, 5, 3).reshape(-1, math.prod(w[1:]))


def _runs(
    graph: Graph, values: Sequence[Value], settings: Quantization, progress: Callable[[str], None] | None
) -> Iterator[Sequence[Array]]:
    """The values of these tensors, for one sample after the other."""
    if not values:
        return
    count, total = 0, operator.length_hint(settings.samples)
    with session_of(graph, values) as session:
        for sample in settings.samples:
            arrays = outputs(session, sample, count)
            _check_finite(session, sample, count)
            yield arrays
            count += 1
            if progress is not None:
                progress(f"calibrate: sample {count}" + (f" of {total}" if total else ""))
    if not count:
        without = (
            "to choose bits layer by layer takes some, the same bits for all layers take none"
            if settings.kind == "weight"
            else "kinds of quantization that need none are 'weight', 'dynamic', 'float16' and 'bfloat16'"
        )
        raise QuantizeError(
            f"there are no samples, which show what the network computes with: {GIVE_SAMPLES}; {without}"
        )


def _check_finite(session: Session, sample: Any, count: int) -> None:
    """Raise QuantizeError for a sample with elements that are NaN or infinite."""
    if isinstance(sample, Mapping):
        named = sample
    else:
        arrays = sample if isinstance(sample, (list, tuple)) else [sample]
        named = {spec.name: array for spec, array in zip(session.inputs, arrays, strict=True)}
    for name, array in named.items():
        if not np.isfinite(array).all():
            place = called(sample, count)
            raise QuantizeError(f"{place}, input {name}: not finite: samples are prepared as for a run")


def _is_blank(x: Array) -> bool:
    """Whether an array has elements, and none of them is finite."""
    return bool(x.size) and not np.isfinite(x).any()
