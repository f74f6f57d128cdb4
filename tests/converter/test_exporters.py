"""Which operators a format has rows for, and that the others are refused by name, with the way out."""
from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from converter.exporters.mindir import rows as mindir
from converter.exporters.mindir import write_mindir
from converter.exporters.onnx import onnx_pb2, write_onnx
from converter.exporters.onnx import rows as onnx
from converter.ir.graph import Graph, Value
from converter.mindir import mind_ir_pb2
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


def onnx_unread(file: bytes) -> set[str]:
    """Initializers that neither a node nor an output reads. Branches see the initializers around them."""
    main = onnx_pb2.ModelProto.FromString(file).graph
    bodies, read = [main], {output.name for output in main.output}
    for body in bodies:
        read.update(name for node in body.node for name in node.input)
        bodies += [attribute.g for node in body.node for attribute in node.attribute if attribute.HasField("g")]
    return {tensor.name for tensor in main.initializer} - read


def mindir_unread(file: bytes) -> set[str]:
    """Parameters, and results such as theirs when loaded, that neither a node nor the output reads."""
    main = mind_ir_pb2.ModelProto.FromString(file).graph
    read = {name for node in main.node for name in node.input} | {output.name for output in main.output}
    return ({name for node in main.node for name in node.output} | {p.name for p in main.parameter}) - read


@pytest.mark.parametrize(("write", "unread"), [(write_onnx, onnx_unread), (write_mindir, mindir_unread)])
@pytest.mark.parametrize("case", [case for case in CASES if case.constant], ids=str)
def test_every_constant_of_a_file_is_read(write: Write, unread: Callable[[bytes], set[str]], case: Case) -> None:
    try:
        file = write(graph_of(case, case.inputs()))
    except UnsupportedOpError:  # of some, only what is computed while the network runs
        return
    assert not unread(bytes(file))
