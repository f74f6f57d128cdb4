"""An ONNX file that grows node by node, and what a row of the operator table works with."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from converter.exporters.node import NodeView, data_types
from converter.exporters.onnx.onnx_pb2 import AttributeProto, GraphProto, NodeProto, TensorProto, ValueInfoProto
from converter.exporters.refusals import Unsupported
from converter.exporters.wire import Constant
from converter.ir.graph import Value
from lite.types import Array, DType, TensorSpec

Names = Sequence[str]
Row = Callable[["Op"], "str | Names"]

TYPES = data_types(TensorProto.DataType)
_SHARED = 4096  # bytes of a constant up to which equal ones are looked for


class Builder:
    """Nodes and constants of one file. Names are unique in all of it, branches included."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []  # of the graph or branch that is being written
        self.constants: list[Constant] = []
        self._names: dict[Value, str] = {}
        self._taken: set[str] = set()
        self._same: dict[tuple[DType, tuple[int, ...], bytes], str] = {}

    def fresh(self, wanted: str) -> str:
        """`wanted`, or where it is taken the first of `wanted:1`, `wanted:2`, ... that is not."""
        name, count = wanted or "value", 0
        while name in self._taken:
            count += 1
            name = f"{wanted or 'value'}:{count}"
        self._taken.add(name)
        return name

    def name(self, value: Value) -> str:
        """The name of a value; a constant is written on its first use."""
        if value not in self._names:
            assert value.data is not None, value
            self._names[value] = self.constant(value.data, value.name)
        return self._names[value]

    def bind(self, value: Value, name: str) -> None:
        """From now on the value is called so."""
        self._names[value] = name

    def constant(self, data: Array, name: str = "") -> str:
        """A constant, shared with an equal small one."""
        key = (DType.of(data.dtype), data.shape, data.tobytes()) if data.nbytes <= _SHARED else None
        if key is not None and key in self._same:
            return self._same[key]
        chosen = self.fresh(name or "constant")
        message = TensorProto(dims=data.shape, data_type=TYPES[DType.of(data.dtype)], name=chosen)
        self.constants.append(Constant(message, data))
        if key is not None:
            self._same[key] = chosen
        return chosen

    def emit(self, op_type: str, inputs: Names, outputs: Names, **attributes: Any) -> None:
        """Append a node, which is called as its first output."""
        node = NodeProto(op_type=op_type, input=inputs, output=outputs, name=outputs[0])
        node.attribute.extend(_attribute(key, value) for key, value in attributes.items() if value is not None)
        self.nodes.append(node)

    def publish(self, values: Sequence[Value], names: Names) -> None:
        """Give the graph's outputs these names: a node's result is renamed, anything else is copied."""
        made = {name: (node, i) for node in self.nodes for i, name in enumerate(node.output)}
        renamed: dict[str, str] = {}
        for value, wanted in zip(values, names, strict=True):
            name = self.name(value)
            if name in made and name not in renamed:
                renamed[name] = wanted
            else:
                self.emit("Identity", [renamed.get(name, name)], [wanted])
        for node in self.nodes:
            _rename(node, renamed)
        for value in values:
            self._names[value] = renamed.get(self._names[value], self._names[value])


def _rename(node: NodeProto, renamed: dict[str, str]) -> None:
    for names in (node.input, node.output):
        for i, name in enumerate(names):
            if name in renamed:
                names[i] = renamed[name]
    for attribute in node.attribute:
        for inner in attribute.g.node:
            _rename(inner, renamed)


def _attribute(name: str, value: Any) -> AttributeProto:
    kind = AttributeProto.AttributeType
    if isinstance(value, str):
        return AttributeProto(name=name, type=kind.STRING, s=value.encode())
    if isinstance(value, GraphProto):
        return AttributeProto(name=name, type=kind.GRAPH, g=value)
    if isinstance(value, np.ndarray):
        data = TensorProto(dims=value.shape, data_type=TYPES[DType.of(value.dtype)], raw_data=value.tobytes())
        return AttributeProto(name=name, type=kind.TENSOR, t=data)
    if isinstance(value, float):
        return AttributeProto(name=name, type=kind.FLOAT, f=value)
    if isinstance(value, int):
        return AttributeProto(name=name, type=kind.INT, i=int(value))
    if value and isinstance(value[0], str):
        return AttributeProto(name=name, type=kind.STRINGS, strings=[word.encode() for word in value])
    return AttributeProto(name=name, type=kind.INTS, ints=[int(v) for v in value])


def value_info(name: str, spec: TensorSpec, open_dimensions: bool) -> ValueInfoProto:
    """Name and type of a graph's input or output. open_dimensions: unknown ones are given names."""
    info = ValueInfoProto(name=name)
    info.type.tensor_type.elem_type = TYPES[spec.dtype]
    shape = info.type.tensor_type.shape
    shape.SetInParent()  # of a scalar, too
    for i, size in enumerate(spec.shape):
        dimension = shape.dim.add()
        if size >= 0:
            dimension.dim_value = size
        elif open_dimensions:
            dimension.dim_param = f"{name}.{i}"
    return info


class Op(NodeView[Builder]):
    """One node of the graph, and the means to write it."""

    def emit(self, op_type: str, *inputs: str, **attributes: Any) -> str:
        """A node with one output; its name."""
        return self.emit_all(op_type, inputs, 1, **attributes)[0]

    def emit_all(self, op_type: str, inputs: Names, outputs: int, **attributes: Any) -> list[str]:
        """A node; the names of its outputs."""
        names = [self._builder.fresh(self._node.name or op_type) for _ in range(outputs)]
        self._builder.emit(op_type, inputs, names, **attributes)
        return names

    def constant(self, data: Any, dtype: Any = None) -> str:
        """A constant."""
        return self._builder.constant(np.asarray(data, dtype))

    def ints(self, *values: int) -> str:
        """A vector of int64, as ONNX wants shapes, axes and sizes."""
        return self.constant(values, np.int64)

    def number(self, value: float, like: TensorSpec | None = None) -> str:
        """One number of the type of the first input, or another's."""
        return self.constant(value, (like or self.inputs[0]).dtype.dtype)

    def wide(self, index: int) -> str:
        """An input of integers as int64."""
        spec = self.inputs[index]
        if spec.value is not None:
            return self.constant(spec.value, np.int64)
        return self.x(index) if spec.dtype is DType.INT64 else self.cast(self.x(index), DType.INT64)

    def cast(self, x: str, dtype: DType) -> str:
        """x as another type."""
        return self.emit("Cast", x, to=TYPES[dtype])

    def transposed(self, index: int, perm: Sequence[int]) -> str:
        """An input with its dimensions in another order; done here for a constant."""
        value = self._node.inputs[index].data
        if value is not None:
            return self._builder.constant(value.transpose(perm), self._node.inputs[index].name)
        return self.emit("Transpose", self.x(index), perm=perm)

    def reshaped(self, index: int, shape: Sequence[int]) -> str:
        """An input under another shape; done here for a constant."""
        value = self._node.inputs[index].data
        if value is not None:
            return self._builder.constant(value.reshape(shape), self._node.inputs[index].name)
        return self.emit("Reshape", self.x(index), self.ints(*shape))

    def target(self) -> str:
        """The output's shape. Raises Unsupported where more than one dimension of it is not known."""
        if sum(d < 0 for d in self.out.shape) > 1 or (0 in self.out.shape and not self.out.is_static):
            raise Unsupported("the shape of its result is computed while the network runs")
        return self.ints(*self.out.shape)
