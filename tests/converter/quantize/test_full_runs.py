"""Whatever full quantization puts on codes runs on kernels: numpy would make the network slower than it was."""
from __future__ import annotations

import numpy as np

from converter.emit.graph import emit
from converter.ir.graph import Graph, Value
from converter.quantize.apply import quantize
from converter.quantize.full import on_codes
from converter.quantize.settings import Quantization
from lite import Session
from lite.ops.matmul import MatMulFusion
from lite.ops.quantized import MOVES, PRODUCTS, Quantized
from lite.ops.reshape import Reshape
from lite.types import Array, TensorSpec
from tests.ops.case import Case
from tests.ops.cases import CASES

_ABLE = MOVES | PRODUCTS | {"Activation", "AddFusion", "AvgPoolFusion", "LeakyRelu", "MulFusion"}
ROWS = [
    case for case in CASES
    if case.op in _ABLE and not isinstance(case.attrs, Quantized) and case.inputs()[0].dtype == np.float32
]  # fmt: skip


def network(case: Case) -> tuple[Graph, list[Array]]:
    """The row's operator, and a product of its first output that ties it to codes; and what to feed it."""
    graph, arrays = Graph(), case.inputs()
    operands = [
        Value.constant(x, f"c{i}") if i in case.constant else graph.add_input(TensorSpec.of(x).like().named(f"x{i}"))
        for i, x in enumerate(arrays)
    ]
    y, *_ = graph.add(case.attrs, operands, "it")
    row, weights = (Value.constant(x) for x in (np.array([1, -1], np.int32), np.ones((y.spec.size, 3), np.float32)))
    (flat,) = graph.add(Reshape(), [y, row], "flat")
    graph.outputs = list(graph.add(MatMulFusion(), [flat, weights], "product"))
    return graph, [x for i, x in enumerate(arrays) if i not in case.constant]


def test_what_becomes_codes_runs_on_kernels() -> None:
    seen = set()
    for case in ROWS:
        graph, fed = network(case)
        settings = Quantization([fed])
        if not any(node.name == "it" for node in on_codes(graph, settings)):
            continue
        coded = quantize(graph, settings)
        seen |= {node.op for node in coded.nodes if node.name == "it" and isinstance(node.attrs, Quantized)}
        with Session(emit(coded), delegates=["cpu", "reference"]) as session:
            slow = [t.step.label for t in session.profile(fed) if t.step.delegate != "cpu"]
        assert not slow, f"{case}: {slow}"
    assert seen == _ABLE
