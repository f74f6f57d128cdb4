"""Keeps the layers in float32 that lose most, as few as it takes for the network's error to be below a limit."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from converter.errors import QuantizeError
from converter.ir.graph import Graph
from converter.quantize.measure import copy, measure
from converter.quantize.settings import Quantization
from lite.ops.quantized import MOVES

Progress = Callable[[str], None]


def limited(
    graph: Graph,
    settings: Quantization,
    quantize: Callable[[Graph, Quantization], Graph],
    limit: float,
    progress: Progress | None = None,
) -> Graph:
    """The graph by `quantize`, with as few more of settings.skip_nodes as `limit` takes.

    Layers are ordered by their error alone, and how many of the worst have to stay is found by halving; each try is
    measured. Raises QuantizeError where even the last layer is too much.
    """
    coded = quantize(copy(graph), settings)
    whole = measure(graph, coded, settings.samples, progress)
    if whole.error <= limit:
        return coded
    ordered = sorted(whole.layers, key=lambda layer: -layer.alone.error)
    names = [layer.exact.name for layer in ordered if layer.exact.op not in MOVES]
    worst = [name for name in dict.fromkeys(names) if name]
    tried: dict[int, Graph | None] = {}

    def enough(count: int) -> bool:
        """Whether the limit is kept with so many of the worst in float32, or nothing is left to quantize."""
        if progress is not None:
            progress(f"keep {count} of {len(worst)} layers in float32")
        kept = replace(settings, skip_nodes=(*settings.skip_nodes, *worst[:count]))
        tried[count] = None
        try:
            coded = quantize(copy(graph), kept)
        except QuantizeError:
            return True
        if measure(graph, coded, settings.samples, layers=False).error > limit:
            return False
        tried[count] = coded
        return True

    low, high = 0, len(worst)  # too few, and enough
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    rest = (count for count in range(len(worst) - 1, 0, -1) if count not in tried)  # errors can make up for each other
    while tried.get(high) is None:
        high = next(rest, 0)
        if not high:
            raise QuantizeError(f"max_error is {limit:g}, but any layer costs more; all of them cost {whole.error:.3g}")
        enough(high)
    found = tried[high]
    assert found is not None, "the loop has looked"
    return found
