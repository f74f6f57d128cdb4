"""Which operators a format has rows for, and that the others are refused by name, with the way out."""
from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from converter.exporters.mindir import rows as mindir
from converter.exporters.mindir import write_mindir
from converter.exporters.onnx import rows as onnx
from converter.exporters.onnx import write_onnx
from converter.ir.graph import Graph, Value
from lite.errors import UnsupportedOpError
from lite.ops.index import MODULES
from lite.ops.quantized import Quantized
from lite.types import TensorSpec
from tests.ops.case import Case
from tests.ops.cases import CASES

Write = Callable[[Graph], bytearray]

BEFORE = {"BiasAdd"}  # becomes another operator before rows are asked
MISSING: dict[Write, frozenset[str]] = {
    write_mindir: frozenset({
        "BatchToSpaceND", "ConstantOfShape", "Crop", "DynamicQuant", "Eltwise", "Elu", "FormatTranspose",
        "GridSampler2D", "InvertPermutation", "LinSpace", "LpNormalization", "NonMaxSuppression", "NonZero",
        "QuantDTypeCast", "Range", "Rank", "ReverseSequence", "ScatterElements", "ScatterNd", "Shape", "Size",
        "SpaceToBatchND", "Tril", "Unique",
    }),
    write_onnx: frozenset({
        "Atan2", "CumProd", "DynamicQuant", "GridSampler2D", "InvertPermutation", "LinSpace", "NMSWithMask",
        "QuantDTypeCast", "ROIAlign", "Rank",
    }),
}  # fmt: skip
ROWS = {
    write_mindir: mindir.ROWS.keys() | mindir.IMAGE_ROWS.keys(),
    write_onnx: onnx.ROWS.keys() | onnx.IMAGE_ROWS.keys(),
}
REFUSED = [(write, op) for write, operators in MISSING.items() for op in sorted(operators)]


def graph_of(case: Case, inputs: Sequence[np.ndarray]) -> Graph:
    """One operator; what a model would hold as constants is constant."""
    graph = Graph(case.op)
    values = [
        Value.constant(x) if i in case.constant else graph.add_input(TensorSpec.of(x, f"x{i}").like().named(f"x{i}"))
        for i, x in enumerate(inputs)
    ]
    graph.outputs = list(graph.add(case.attrs, values, case.op))
    return graph


@pytest.mark.parametrize("write", MISSING)
def test_every_operator_has_a_row_or_is_known_to_have_none(write: Write) -> None:
    assert ROWS[write] <= MODULES.keys()
    assert MODULES.keys() - ROWS[write] - BEFORE == MISSING[write]


@pytest.mark.parametrize(("write", "op"), REFUSED)
def test_an_operator_without_a_row_is_refused_by_name(write: Write, op: str) -> None:
    case = next(case for case in CASES if case.op == op)
    with pytest.raises(UnsupportedOpError, match="--outputs") as caught:
        write(graph_of(case, case.inputs()))
    assert [row.op for row in caught.value.ops] == [op]


@pytest.mark.parametrize("write", MISSING)
def test_a_quantized_operator_is_refused(write: Write) -> None:
    case = next(case for case in CASES if isinstance(case.attrs, Quantized))
    with pytest.raises(UnsupportedOpError, match="quantized"):
        write(graph_of(case, case.inputs()))
