"""Quantization from beginning to end."""
from __future__ import annotations

from collections.abc import Callable

from converter.ir.graph import Graph
from converter.quantize.calibrate import calibrate
from converter.quantize.full import quantize_full
from converter.quantize.settings import Quantization


def quantize(graph: Graph, settings: Quantization, progress: Callable[[str], None] | None = None) -> Graph:
    """The graph with weights and activations in codes; `graph` itself is used up.

    Raises QuantizeError where the samples do not fit the graph or there is nothing to quantize.
    """
    return quantize_full(graph, calibrate(graph, settings, progress), settings)
