"""The graph as a MindIR file that MindSpore 2.10 loads and runs.

Every shape has to be known, but for one dimension of a reshape. Branches and loops are refused.
"""
from __future__ import annotations

from collections.abc import Sequence

from converter.exporters.layout import channels_first
from converter.exporters.mindir.builder import GRAPH, Builder, Name, Op, tensor_type, type_of
from converter.exporters.mindir.rows import IMAGE_ROWS, ROWS
from converter.exporters.node import row_of
from converter.exporters.refusals import Refusals, Unsupported
from converter.exporters.wire import serialize
from converter.ir.graph import Graph, Node
from converter.mindir.mind_ir_pb2 import GraphProto, ModelProto, ValueInfoProto, Version
from converter.sidecar import LIMIT

_PARAMETER = 3  # field of GraphProto


def write_mindir(graph: Graph, limit: int = LIMIT) -> bytearray:
    """The file. The graph is changed: operators on images have their channels first in MindIR.

    Raises UnsupportedOpError, which lists all nodes that MindIR cannot express, and ExportError beyond `limit`.
    """
    builder, refusals = Builder(), Refusals("MindIR")
    refusals.check_quantization(graph)
    channels_first(graph)
    body = GraphProto(name=GRAPH)
    for value in graph.inputs:
        name = Name(f"{GRAPH}:{value.name}")
        builder.bind(value, name)
        body.input.append(ValueInfoProto(name=name, tensor=[tensor_type(value.spec)]))
    for node in graph.nodes:
        for value, result in zip(node.outputs, _write(builder, refusals, node), strict=True):
            builder.bind(value, result)
    refusals.check(graph)
    _finish(builder, graph, body)
    model = ModelProto(ir_version="1.1", producer_name="MindSpore", model_version="2.10.0", little_endian=True)
    model.mind_ir_version = Version.IR_VERSION_WITH_SCALAR_GRAPH_HOLDER
    model.primitives.extend(builder.primitives.values())
    body.node.extend(builder.nodes)
    return serialize(model, body, _PARAMETER, builder.parameters, limit)


def _write(builder: Builder, refusals: Refusals, node: Node) -> Sequence[str]:
    """The names of a node's outputs; names of nothing where it is refused."""
    try:
        attrs, row = row_of(node, ROWS, IMAGE_ROWS, "no primitive is known for it")
        names = row(Op(builder, node, attrs))
    except Unsupported as reason:
        refusals.add(node, reason)
        return [builder.fresh(node.op) for _ in node.outputs]
    return [names] if isinstance(names, str) else names


def _finish(builder: Builder, graph: Graph, body: GraphProto) -> None:
    """The outputs: a result, or a tuple of them. The nodes that make them get their names, which readers go by."""
    names, specs = [builder.name(value) for value in graph.outputs], [value.spec for value in graph.outputs]
    called = dict(zip(names, (value.name for value in graph.outputs), strict=True))
    for node in builder.nodes:
        node.domain = called.get(node.name) or node.domain
    if len(names) > 1:
        output = body.output.add(name=builder.node("MakeTuple", names, specs, {}), denotation="Tuple")
        output.attr_info.CopyFrom(type_of("", specs, True))
        output.attr_info.ClearField("name")
    else:
        body.output.add(name=names[0], tensor=[tensor_type(specs[0])])
