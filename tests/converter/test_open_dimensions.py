"""Pruning and quantization of graphs with open dimensions: right, or refused with a typed error."""
from __future__ import annotations

import numpy as np
import pytest

from converter.errors import PruneError, QuantizeError
from converter.ir.evaluate import evaluate
from converter.ir.verify import verify
from converter.prune.apply import prune
from converter.prune.settings import Pruning
from converter.quantize.apply import quantize
from converter.quantize.settings import Quantization
from tests.converter.passes.case import PassCase, graph_of
from tests.converter.passes.test_open_dimensions import OPEN, opened, parsed
from tests.converter.passes.test_passes import CASES, feeds_of
from tests.converter.prune.test_channels import NETWORKS

HEAD = "input %x: float32[1,6,6,3]"
PRUNED = [PassCase(name, OPEN[0].run, "\n".join((HEAD, lines, "output %y"))) for name, (lines, _) in NETWORKS.items()]
GRAPHS = {str(case): case.before for case in (*CASES, *OPEN)} | {case.name: case.before for case in PRUNED}
KINDS = ("full", "weight", "dynamic", "float16")


@pytest.mark.parametrize("name", GRAPHS)
def test_compression_of_open_dimensions(name: str) -> None:
    feeds = feeds_of(graph_of(GRAPHS[name]))
    for text in [*opened(GRAPHS[name])][-2:]:
        for given in ([], [feeds]):
            for settings in (Pruning(channels=0.5, samples=given), Pruning(weights=0.5, samples=given)):
                graph = parsed(text)
                if graph is None:
                    continue
                try:
                    small = prune(graph, settings)
                except PruneError:
                    continue
                verify(small)
                assert all(np.isfinite(y).all() for y in evaluate(small, feeds).values() if y.dtype.kind == "f")
        for kind in KINDS:
            graph = parsed(text)
            if graph is None:
                continue
            try:
                coded = quantize(graph, Quantization([feeds] if kind == "full" else (), kind=kind, min_weights=1))
            except QuantizeError:
                continue
            verify(coded)
            evaluate(coded, feeds)
