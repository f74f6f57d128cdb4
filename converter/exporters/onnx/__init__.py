"""The graph as an ONNX file, operator set 20.

Branches become If, whose graphs see the values around them; a function that runs itself, as loops do, is refused. A
dimension that is not known is named after its input and place.
"""
from __future__ import annotations

from collections.abc import Sequence

from converter.exporters.layout import channels_first
from converter.exporters.node import row_of
from converter.exporters.onnx.builder import Builder, Names, Op, value_info
from converter.exporters.onnx.onnx_pb2 import GraphProto, ModelProto, TensorProto
from converter.exporters.onnx.rows import IMAGE_ROWS, ROWS
from converter.exporters.refusals import Refusals, Unsupported
from converter.exporters.wire import Constant, serialize
from converter.ir.graph import Graph, Node, Value
from converter.ir.invoke import Invoke
from converter.sidecar import LIMIT, SMALLEST, Sidecar
from lite import __version__
from lite.types import DType

_IR_VERSION, _OPSET = 9, 20
_INITIALIZER = 5  # field of GraphProto
_HEAD = 64  # bytes around a constant, at most


def write_onnx(graph: Graph, sidecar: Sidecar | None = None) -> bytearray:
    """The file. The graph is changed: operators on images have their channels first in ONNX.

    sidecar: where weights go if the file would be too large with them. Raises UnsupportedOpError, which lists all nodes
    that ONNX cannot express, and ExportError for a file that is too large.
    """
    refusals = Refusals("ONNX")
    refusals.check_quantization(graph)
    channels_first(graph)
    return _Writer(graph, refusals).finish(sidecar)


class _Writer:
    """One file."""

    def __init__(self, main: Graph, refusals: Refusals) -> None:
        self._main = main
        self._builder = Builder()
        self._refusals = refusals
        self._running: list[str] = []  # functions that are being written, the innermost last

    def finish(self, sidecar: Sidecar | None) -> bytearray:
        """Write the main graph. Raises UnsupportedOpError, ExportError."""
        main, builder = self._main, self._builder
        publics = [builder.fresh(value.name) for value in (*main.inputs, *main.outputs)]
        inputs, outputs = publics[: len(main.inputs)], publics[len(main.inputs) :]
        body = self._graph(main, inputs, outputs)
        self._refusals.check(main)
        body.input.extend(value_info(n, v.spec, True) for n, v in zip(inputs, main.inputs, strict=True))
        model = ModelProto(ir_version=_IR_VERSION, producer_name="mindlite", producer_version=__version__)
        model.opset_import.add(domain="", version=_OPSET)
        constants, limit = builder.constants, LIMIT if sidecar is None else sidecar.limit
        if sidecar is not None and body.ByteSize() + sum(map(_size, constants)) > limit:
            constants = [_moved(constant, sidecar) for constant in constants]
        return serialize(model, body, _INITIALIZER, constants, limit)

    def _graph(self, graph: Graph, inputs: Names, outputs: Names) -> GraphProto:
        """A graph's nodes and outputs, with its inputs called so."""
        builder = self._builder
        around, builder.nodes = builder.nodes, []
        for value, name in zip(graph.inputs, inputs, strict=True):
            builder.bind(value, name)
        for node in graph.nodes:
            names = self._node(node)
            for value, name in zip(node.outputs, names, strict=True):
                builder.bind(value, name)
        builder.publish(graph.outputs, outputs)
        body = GraphProto(name="main" if graph is self._main else graph.name, node=builder.nodes)
        body.output.extend(value_info(n, v.spec, False) for n, v in zip(outputs, graph.outputs, strict=True))
        builder.nodes = around
        return body

    def _node(self, node: Node) -> Names:
        """The names of a node's outputs; names of nothing where it is refused."""
        try:
            if isinstance(node.attrs, Invoke):
                return self._invoke(node, node.attrs)
            attrs, row = row_of(node, ROWS, IMAGE_ROWS, "ONNX has no operator for it")
            names = row(Op(self._builder, node, attrs))
        except Unsupported as reason:
            self._refusals.add(node, reason)
            return [self._builder.fresh(value.name) for value in node.outputs]
        return [names] if isinstance(names, str) else names

    def _invoke(self, node: Node, attrs: Invoke) -> Names:
        """If, with a branch for each of two functions; the nodes themselves of one."""
        if attrs.numbered:
            raise Unsupported("it chooses a function by number: ONNX chooses one of two")
        count = len(node.inputs) - sum(attrs.arguments)
        branches: list[GraphProto] = []
        results: list[Sequence[str]] = []
        first = count
        for name, arguments in zip(attrs.functions, attrs.arguments, strict=True):
            names = [self._builder.fresh(value.name) for value in node.outputs]
            branches.append(self._function(name, node.inputs[first : first + arguments], names))
            results.append(names)
            first += arguments
        if not count:
            self._builder.nodes.extend(branches[0].node)
            return results[0]
        op = Op(self._builder, node, attrs)
        condition = op.cast(op.reshaped(0, ()), DType.BOOL)
        return op.emit_all(
            "If", [condition], len(node.outputs), then_branch=branches[0], else_branch=branches[1]
        )

    def _function(self, name: str, arguments: Sequence[Value], outputs: Names) -> GraphProto:
        """A function's nodes. Raises Unsupported for one that is being written already."""
        if name in self._running:
            raise Unsupported("it is a loop: a function that runs itself")
        self._running.append(name)
        inputs = [self._builder.name(value) for value in arguments]
        body = self._graph(self._main.functions[name], inputs, outputs)
        self._running.pop()
        return body


def _size(constant: Constant) -> int:
    """About the bytes of a constant in the file."""
    return constant.message.ByteSize() + _HEAD + (0 if constant.data is None else constant.data.nbytes)


def _moved(constant: Constant, sidecar: Sidecar) -> Constant:
    """A constant whose elements are in the file beside the model, if there are enough of them."""
    message, data = constant
    if data is None or data.nbytes < SMALLEST:
        return constant
    place = {"location": sidecar.name, "offset": sidecar.add(data), "length": data.nbytes}
    external = TensorProto(data_location=TensorProto.EXTERNAL)
    external.MergeFromString(message.SerializeToString())
    for key, value in place.items():
        external.external_data.add(key=key, value=str(value))
    return Constant(external, None)
