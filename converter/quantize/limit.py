"""Keep the layers in float32 that cost the outputs most, as few as bring the error below a limit."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from converter.errors import Field, QuantizeError
from converter.ir.graph import Graph
from converter.quantize.effects import effects
from converter.quantize.measure import copy, layers_of, measure
from converter.quantize.settings import Quantization
from lite.ops.quantized import MOVES, PRODUCTS, RECURRENT
from lite.ops.quantized import Quantized as OnCodes

_BY_THEMSELVES = PRODUCTS | RECURRENT

Progress = Callable[[str], None]


class Quantized(NamedTuple):
    """A quantized graph. kept: names of the layers that a limit to the error keeps in float32, of how many `layers`."""

    graph: Graph
    kept: tuple[str, ...] = ()
    layers: int = 0


def limited(
    graph: Graph,
    settings: Quantization,
    quantize: Callable[[Graph, Quantization], Graph],
    limit: float,
    progress: Progress | None = None,
) -> Quantized:
    """What `quantize` gives, with as few further settings.skip_nodes as keep its error below the limit.

    Layers are ordered by what the outputs lose by each alone (`effects.py`), and how many of the worst have to stay is
    found by halving: of 64 layers in 6 tries, each of which is measured. Raises QuantizeError where even the last layer
    is too much.
    """
    coded = quantize(copy(graph), settings)
    whole = measure(graph, coded, settings.samples, progress, layers=False).error
    if whole <= limit:
        return Quantized(coded)
    worst = _worst(graph, coded, settings, progress)
    found: Quantized | None = None
    low, high = 0, len(worst)  # too few, and enough
    while high - low > 1:
        middle = (low + high) // 2
        if progress is not None:
            progress(f"keep {middle} of {len(worst)} layers in float32")
        try:
            coded = quantize(copy(graph), replace(settings, skip_nodes=(*settings.skip_nodes, *worst[:middle])))
        except QuantizeError:  # nothing is left to quantize
            high = middle
            continue
        if measure(graph, coded, settings.samples, layers=False).error <= limit:
            high, found = middle, Quantized(coded, tuple(worst[:middle]), len(worst))
        else:
            low = middle
    if found is None:
        raise QuantizeError(Field("quantization", "max_error"), f" is {limit:g}, but even a single quantized layer "
            f"makes the error of outputs larger; all of them make it {whole:.3g}: give a larger limit, or do not "
            "quantize")
    return found


def _worst(graph: Graph, coded: Graph, settings: Quantization, progress: Progress | None) -> list[str]:
    """The layers' names, the worst first. The last is one that is codes without any other; additions, say, are not."""
    layers = [layer for layer in layers_of(graph, coded) if layer.exact.op not in MOVES and layer.exact.name]
    costs: dict[str, float] = {}
    for layer, error in zip(layers, effects(graph, layers, settings.samples, progress), strict=True):
        costs[layer.exact.name] = costs.get(layer.exact.name, 0.0) + error * error
    tied = {n.exact.name for n in layers if isinstance(n.coded.attrs, OnCodes) and n.exact.op not in _BY_THEMSELVES}
    least = min((name for name in costs if name not in tied), key=costs.__getitem__, default=None)
    return sorted(costs, key=lambda name: (name == least, -costs[name]))
