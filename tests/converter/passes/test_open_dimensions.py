"""Every pass on its cases with dimensions left open: it declines or is right, and never fails."""
from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from converter.errors import GraphError
from converter.ir.evaluate import evaluate
from converter.ir.graph import Graph
from converter.passes._manager import run_passes
from converter.passes.fold_batch_norm import fold_batch_norm
from converter.passes.fold_scalar import fold_scalar
from converter.passes.pipelines import DEFAULT
from lite.errors import LiteError
from tests.converter.passes.case import PassCase, graph_of
from tests.converter.passes.test_passes import CASES, assert_same, feeds_of

_INPUT = re.compile(r"(input %\w+: \w+\[)([\d,?]+)\]")

SCORES = "input %x: float32[3,8,2]; input %k: float32[3,2,8]; %a = MatMulFusion(%x, %k)"
NORM = "const %c: float32[4] = seed 2; const %v: float32[4] = [0.5, 1, 1.5, 0]"

OPEN = [
    PassCase("a quotient of computed matrices", fold_scalar, f"{SCORES}; %y = DivFusion(%a, 4.0); output %y"),
    PassCase("a product of computed matrices", fold_scalar, f"{SCORES}; %y = MulFusion(%a, 0.25); output %y"),
    PassCase("norm of computed matrices", fold_batch_norm,
        f"input %x: float32[3,2]; input %k: float32[2,4]; {NORM}; %a = MatMulFusion(%x, %k); "
        "%y = FusedBatchNorm(%a, %c, %c, %c, %v) {epsilon=0.001}; output %y"),
]  # fmt: skip


def opened(text: str) -> Iterator[str]:
    """The text with one dimension of an input open after the other, then all but the last of each, then all."""
    for found in _INPUT.finditer(text):
        dims = found[2].split(",")
        for axis in range(len(dims)):
            some = ",".join("?" if i == axis else d for i, d in enumerate(dims))
            yield f"{text[:found.start()]}{found[1]}{some}]{text[found.end():]}"
    yield _INPUT.sub(lambda found: f"{found[1]}{re.sub('[0-9]+(?=,)', '?', found[2])}]", text)
    yield _INPUT.sub(lambda found: f"{found[1]}{re.sub('[0-9]+', '?', found[2])}]", text)


def parsed(text: str) -> Graph | None:
    """The graph, or None where an operator needs a dimension that is open."""
    try:
        return graph_of(text)
    except (GraphError, LiteError):
        return None


@pytest.mark.parametrize("case", [*CASES, *OPEN], ids=str)
def test_what_is_computed_stays_with_open_dimensions(case: PassCase) -> None:
    whole = graph_of(case.before)
    feeds = feeds_of(whole)
    expected = evaluate(whole, feeds)
    for text in opened(case.before):
        for pipeline in ([case.run], DEFAULT):
            graph = parsed(text)
            if graph is None:
                continue
            run_passes(graph, pipeline)
            assert_same(expected, evaluate(graph, feeds))
