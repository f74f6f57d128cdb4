"""Runs a graph on samples and watches the tensors that will be codes."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from converter.emit import emit
from converter.errors import QuantizeError
from converter.ir.graph import Graph, Value
from converter.quantize.full import watched
from converter.quantize.observers import OBSERVERS
from converter.quantize.settings import Quantization
from lite.errors import LiteError
from lite.session import Session

Range = tuple[float, float]


def calibrate(
    graph: Graph, settings: Quantization, progress: Callable[[str], None] | None = None
) -> Mapping[Value, Range]:
    """The range of every tensor that may become codes.

    Raises QuantizeError where there is nothing to quantize, where there are no samples, or one that does not fit.
    """
    values = watched(graph, settings)
    if not values:
        raise QuantizeError(f"{graph.name}: nothing to quantize: no product of float32 with constant weights")
    observers = [OBSERVERS[settings.observer]() for _ in values]
    count = 0
    with _session_of(graph, values) as session:
        for sample in settings.samples:
            try:
                result = session.run(sample)
            except (LiteError, TypeError) as error:
                raise QuantizeError(f"sample {count} does not fit the network: {error}") from error
            arrays = result.values() if isinstance(result, dict) else (result,)
            for observer, array in zip(observers, arrays, strict=True):
                observer.see(array)
            count += 1
            if progress is not None:
                progress(f"calibrate: sample {count}")
    if not count:
        raise QuantizeError("there are no samples: full quantization finds the range of each tensor by some")
    return {value: observer.range() for value, observer in zip(values, observers, strict=True)}


def _session_of(graph: Graph, outputs: Sequence[Value]) -> Session:
    """A session that computes these values of the graph."""
    own, graph.outputs = graph.outputs, [*outputs, *(end for _, end in graph.kept)]
    try:
        return Session(emit(graph))
    finally:
        graph.outputs = own
