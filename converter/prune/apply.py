"""Pruning from beginning to end."""
from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import numpy as np

from converter.calibration import settled
from converter.errors import GIVE_SAMPLES, Field, PruneError
from converter.ir.graph import Graph
from converter.prune.channels import Channels
from converter.prune.choose import choose
from converter.prune.cut import cut
from converter.prune.observe import Product
from converter.prune.refit import Twins, refit
from converter.prune.settings import Pruning, Sample
from converter.prune.weights import without_weights

Progress = Callable[[str], None]

_LOG = logging.getLogger("mindlite")
_RECURRENT = ("GRULayer", "LSTM", "RNNLayer")
_BEARABLE = 0.1  # share of the squares of a product's weights that it can do without


def prune(graph: Graph, settings: Pruning, progress: Progress | None = None) -> Graph:
    """Prune a graph as the settings say. `graph` itself must not be used afterwards.

    Warns where there are no samples to fit the remaining weights to, and of recurrent layers, which are not pruned.

    Raises PruneError where the samples do not fit the graph or there is nothing to prune.
    """
    samples = list(settled(settings.samples, [value.spec for value in graph.fed]))
    if samples and graph.states:
        raise PruneError(f"{graph.name}: it keeps states from run to run, and can be pruned without samples only")
    if not samples and settings.importance in ("activation", "error"):
        raise PruneError(f"there are no samples to measure importance {settings.importance!r} on: {GIVE_SAMPLES}")
    unknown = set(settings.skip_nodes) - {node.name for node in graph.all_nodes()}
    if unknown:
        field = Field("pruning", "skip_nodes")
        raise PruneError(field, f" has {min(unknown)!r}: there is no node of that name; mlite inspect lists them")
    for node in graph.nodes:
        product = None if node.name in settings.skip_nodes else Product.of(node)
        if product is not None and not (np.isfinite(product.weights).all() and np.isfinite(product.bias).all()):
            field = Field("pruning", "skip_nodes")
            raise PruneError(f"{node.name or node.op}: weights are not finite: leave it as it is with ", field)
    recurrent = [node.name or node.op for node in graph.all_nodes() if node.op in _RECURRENT]
    if recurrent:
        _LOG.warning("%s: recurrent layers keep all their channels and weights: %s", graph.name, ", ".join(recurrent))
    harm = ""
    if settings.channels:
        graph = _without_channels(graph, samples, settings, progress)
        harm = "channels"
    if settings.weights or settings.pattern:
        graph, lost = without_weights(graph, samples, settings, progress)
        harm = harm or (f"weights with {100 * lost:.0f} % of a layer's squares" if lost > _BEARABLE else "")
    if harm and not samples:
        _LOG.warning(
            "%s: %s were pruned without samples: those that are left were not fitted, nor was it measured how much the "
            "outputs lose, which may be everything: %s", graph.name, harm, GIVE_SAMPLES,
        )
    return graph


def _without_channels(
    graph: Graph, samples: Sequence[Sample], settings: Pruning, progress: Progress | None
) -> Graph:
    """The graph with fewer channels, its weights fitted to the samples."""
    channels = Channels(graph, settings.skip_nodes)
    gone = choose(graph, channels, samples, settings, progress)
    small, nodes = cut(graph, channels, gone)
    if samples:
        twins: Twins = {}
        for node in graph.nodes:
            if Product.of(node) is not None and node.name not in settings.skip_nodes:
                (y,) = node.outputs
                left = np.ones(y.spec.shape[-1], bool)
                if y in channels.along:
                    left = ~np.isin(channels.classes(y), list(gone))
                twins[nodes[node]] = node, np.flatnonzero(left)
        refit(small, graph, twins, samples, settings, progress)
    return small
