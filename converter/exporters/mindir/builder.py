"""A MindIR file that grows node by node, and what a row of the operator table works with.

A node refers to a primitive of the model: one with attributes, or a function, all of whose arguments are inputs. A
number or a tuple among these is a constant. Weights are parameters, which a Load reads.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from converter.exporters.node import NodeView, data_types
from converter.exporters.refusals import Unsupported
from converter.exporters.wire import Constant
from converter.ir.graph import Value
from converter.mindir.mind_ir_pb2 import AttributeProto, NodeProto, PrimitiveProto, TensorProto
from lite.types import Array, DType, TensorSpec

Row = Callable[["Op"], "str | Sequence[str]"]

GRAPH = "main"  # what names of its nodes start with
TYPES = data_types(TensorProto.DataType)


class Name(str):
    """The name of a result, which no constant text is."""

    __slots__ = ()


class Builder:
    """Nodes, parameters and primitives of one file."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.parameters: list[Constant] = []
        self.primitives: dict[bytes, PrimitiveProto] = {}
        self._names: dict[Value, str] = {}
        self._constants: dict[bytes, str] = {}
        self._count = 0

    def fresh(self, label: str) -> str:
        """A name for a node's result."""
        self._count += 1
        return Name(f"{GRAPH}:{label}:{self._count}")

    def bind(self, value: Value, name: str) -> None:
        """From now on the value is called so."""
        self._names[value] = name

    def name(self, value: Value) -> str:
        """The name of a value; a constant is written on its first use."""
        if value not in self._names:
            assert value.data is not None, value
            self._names[value] = self.tensor(value.data)
        return self._names[value]

    def tensor(self, data: Array) -> str:
        """A constant tensor: a parameter that is loaded, or a constant where it is one number."""
        if data.size <= 1:
            return self.constant(data)
        key = f"weight{len(self.parameters)}"
        message = TensorProto(
            dims=data.shape, data_type=TYPES[DType.of(data.dtype)], name=f"{GRAPH}:{key}", ref_key=key,
            compression_type=TensorProto.NO_COMPRESSION,
        )  # fmt: skip
        self.parameters.append(Constant(message, data))
        monad = self._constant(AttributeProto(name="value", type=AttributeProto.UMONAD))
        return self.node("Load", [message.name, monad], [TensorSpec.of(data)], {})

    def constant(self, value: Any) -> str:
        """A number, text, nothing, a tuple of these, or a tensor of one number."""
        return self._constant(_attribute("value", value))

    def _constant(self, attribute: AttributeProto) -> str:
        key = attribute.SerializeToString()
        if key not in self._constants:
            name = self._constants[key] = Name(f"ValueNode_{len(self._constants)}")
            self.nodes.append(NodeProto(name=name, output=[name], op_type="Constant", attribute=[attribute]))
        return self._constants[key]

    def node(
        self,
        primitive: str,
        inputs: Sequence[str],
        outputs: Sequence[TensorSpec],
        attributes: Mapping[str, Any] | None = None,
        domain: str = "",
        as_tuple: bool = False,
    ) -> str:
        """Append a node; its name. attributes: None for a primitive that is a function."""
        name = self.fresh(primitive)
        place = domain or f"Default/{primitive}-op{self._count}"
        node = NodeProto(name=name, input=inputs, output=[name], domain=place)
        node.op_type = f"REF::{self._primitive(primitive, attributes)}"
        node.attribute.append(type_of("shape", outputs, as_tuple or len(outputs) > 1))
        self.nodes.append(node)
        return name

    def _primitive(self, op_type: str, attributes: Mapping[str, Any] | None) -> str:
        kind = PrimitiveProto.PRIMITIVE_FUNCTION if attributes is None else PrimitiveProto.PRIMITIVE
        primitive = PrimitiveProto(op_type=op_type, instance_name="", prim_type=kind)
        primitive.attribute.extend(_attribute(name, value) for name, value in (attributes or {}).items())
        key = primitive.SerializeToString(deterministic=True)
        if key not in self.primitives:
            primitive.name = f"{op_type}:{len(self.primitives)}"
            self.primitives[key] = primitive
        return self.primitives[key].name


def tensor_type(spec: TensorSpec) -> TensorProto:
    """A tensor's type."""
    return TensorProto(dims=spec.shape, data_type=TYPES[spec.dtype])


def type_of(name: str, outputs: Sequence[TensorSpec], as_tuple: bool) -> AttributeProto:
    """The type of a node's result: a tensor, or a tuple of them."""
    tensors = [AttributeProto(type=AttributeProto.TENSORS, tensors=[tensor_type(spec)]) for spec in outputs]
    if not as_tuple:
        tensors[0].name = name
        return tensors[0]
    attribute = AttributeProto(name=name, type=AttributeProto.TUPLE, values=tensors)
    attribute.seq_info.is_dyn_len = False
    return attribute


def _attribute(name: str, value: Any) -> AttributeProto:
    kind = AttributeProto.AttributeType
    if value is None:
        return AttributeProto(name=name, type=kind.NONE)
    if isinstance(value, np.ndarray):
        data = TensorProto(dims=value.shape, data_type=TYPES[DType.of(value.dtype)], name="value0")
        data.raw_data = value.tobytes()
        return AttributeProto(name=name, type=kind.TENSORS, tensors=[data])
    if isinstance(value, tuple | list):
        attribute = AttributeProto(name=name, type=kind.TUPLE if isinstance(value, tuple) else kind.LIST)
        attribute.values.extend(_item(item) for item in value)
        return attribute
    if isinstance(value, str):
        return AttributeProto(name=name, type=kind.STRING, s=value.encode())
    if isinstance(value, bool):
        return AttributeProto(name=name, type=kind.BOOL, i=int(value))
    if isinstance(value, float):
        return AttributeProto(name=name, type=kind.FLOAT, f=value)
    return AttributeProto(name=name, type=kind.INT64, i=int(value))


def _item(value: Any) -> AttributeProto:
    """An element of a tuple: its number is in a repeated field."""
    kind = AttributeProto.AttributeType
    if isinstance(value, tuple):
        return AttributeProto(type=kind.TUPLE, values=[_item(item) for item in value])
    if isinstance(value, str):
        return AttributeProto(type=kind.STRING, strings=[value.encode()])
    return AttributeProto(type=kind.INT64, ints=[int(value)])


class Op(NodeView[Builder]):
    """One node of the graph, and the means to write it."""

    def call(self, primitive: str, *inputs: Any, out: TensorSpec | None = None) -> str:
        """A primitive that is a function. inputs: names, or numbers and tuples. out: where it is not the node's."""
        return self._node_of(primitive, inputs, [out or self.out], None, False)

    def apply(self, primitive: str, *inputs: Any, out: TensorSpec | None = None, **attributes: Any) -> str:
        """A primitive with attributes."""
        return self._node_of(primitive, inputs, [out or self.out], attributes, False)

    def item(
        self, primitive: str, inputs: Sequence[Any], outputs: Sequence[TensorSpec], *items: int, attributes: Any = None
    ) -> list[str]:
        """Items of the tuple that a primitive gives."""
        whole = self._node_of(primitive, inputs, outputs, attributes, True)
        return [self._node_of("TupleGetItem", [whole, i], [outputs[i]], {}, False) for i in items]

    def together(self, names: Sequence[str], specs: Sequence[TensorSpec]) -> str:
        """Tensors as a tuple."""
        return self._builder.node("MakeTuple", names, specs, {}, as_tuple=True)

    def _node_of(
        self, primitive: str, inputs: Sequence[Any], outputs: Sequence[TensorSpec], attributes: Any, as_tuple: bool
    ) -> str:
        names = [value if isinstance(value, Name) else self._builder.constant(value) for value in inputs]
        return Name(self._builder.node(primitive, names, outputs, attributes, self._node.origin, as_tuple))

    def tensor(self, data: Any, dtype: Any = None) -> str:
        """A constant tensor."""
        return self._builder.tensor(np.asarray(data, dtype))

    def number(self, value: float, like: TensorSpec | None = None) -> str:
        """One number of the type of the first input, or another's, as a tensor."""
        return self.tensor(value, (like or self.inputs[0]).dtype.dtype)

    def transposed(self, index: int, perm: Sequence[int]) -> str:
        """An input with its dimensions in another order; done here for a constant."""
        value = self._node.inputs[index].data
        if value is not None:
            return self._builder.tensor(value.transpose(perm))
        spec = self.inputs[index]
        return self.call("Transpose", self.x(index), tuple(perm), out=spec.like(tuple(spec.shape[i] for i in perm)))

    def reshaped(self, index: int, shape: Sequence[int]) -> str:
        """An input under another shape; done here for a constant."""
        value = self._node.inputs[index].data
        if value is not None:
            return self._builder.tensor(value.reshape(shape))
        return self.call("Reshape", self.x(index), tuple(shape), out=self.inputs[index].like(tuple(shape)))

    def static(self) -> None:
        """Raises Unsupported where a shape is not known."""
        if not all(spec.is_static for spec in (*self.inputs, *self.outputs)):
            raise Unsupported("a shape is not known: fix it with the option input_shapes")
