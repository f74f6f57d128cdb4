"""A small builder of MindIR messages, in both encodings, for graphs that an export would be too large to show."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from converter.mindir.mind_ir_pb2 import AttributeProto, GraphProto, ModelProto, TensorProto
from lite.types import Array

DATA_TYPES = {
    "float32": TensorProto.FLOAT, "float16": TensorProto.FLOAT16, "float64": TensorProto.DOUBLE,
    "bool": TensorProto.BOOL, "int8": TensorProto.INT8, "int32": TensorProto.INT32, "int64": TensorProto.INT64,
    "uint8": TensorProto.UINT8, "uint16": TensorProto.UINT16,
}  # fmt: skip

MONAD = object()  # stands for a UMONAD constant


def tensor(value: Array, name: str = "") -> TensorProto:
    """An array as raw bytes."""
    return TensorProto(
        name=name, dims=value.shape, data_type=DATA_TYPES[value.dtype.name], raw_data=value.tobytes()
    )


def attribute(value: Any, name: str = "value") -> AttributeProto:
    """A Python value as MindSpore writes it: elements of tuples sit in repeated fields."""
    result = AttributeProto(name=name)
    if value is MONAD:
        result.type = AttributeProto.UMONAD
    elif value is None:
        result.type = AttributeProto.NONE
    elif isinstance(value, bool):
        result.type, result.i = AttributeProto.BOOL, int(value)
    elif isinstance(value, int):
        result.type, result.i = AttributeProto.INT64, value
    elif isinstance(value, float):
        result.type, result.f = AttributeProto.FLOAT, value
    elif isinstance(value, str):
        result.type, result.s = AttributeProto.STRING, value.encode()
    elif isinstance(value, np.ndarray):
        result.type = AttributeProto.TENSORS
        result.tensors.append(tensor(value))
    else:
        result.type = AttributeProto.TUPLE
        result.values.extend(_element(item) for item in value)
    return result


def _element(value: Any) -> AttributeProto:
    element = attribute(value, "")
    if element.type in (AttributeProto.INT64, AttributeProto.BOOL):
        element.ints.append(element.i)
        element.ClearField("i")
    elif element.type == AttributeProto.FLOAT:
        element.floats.append(element.f)
        element.ClearField("f")
    return element


class GraphBuilder:
    """One graph of a model. References are returned by each method and given to the next ones."""

    def __init__(self, model: ModelBuilder, graph: GraphProto, name: str) -> None:
        self.model = model
        self.graph = graph
        self.graph.name = name

    def input(self, name: str, shape: Sequence[int] = (2, 3), data_type: int = TensorProto.FLOAT) -> str:
        """A tensor input."""
        info = self.graph.input.add(name=f"{self.graph.name}:{name}")
        info.tensor.add(dims=shape, data_type=data_type)
        return info.name

    def parameter(self, key: str, value: Array) -> str:
        """A weight."""
        added = self.graph.parameter.add()
        added.CopyFrom(tensor(value, f"{self.graph.name}:{key}"))
        added.ref_key = key
        return added.name

    def constant(self, value: Any) -> str:
        """A constant, global to the model, as any value `attribute` takes."""
        name = self.model.fresh("ValueNode_{}")
        node = self.graph.node.add(name=name, op_type="Constant", output=[name])
        node.attribute.append(attribute(value))
        return name

    def node(self, op: str, *inputs: str, scope: str = "", **attributes: Any) -> str:
        """An application of a primitive."""
        serial = self.model.fresh("{}")
        name = f"{self.graph.name}:CNode_{serial}:{serial}"
        node = self.graph.node.add(name=name, input=inputs, output=[name], domain=scope or f"Default/{op}-op{serial}")
        stored = [attribute(value, key) for key, value in attributes.items()]
        if self.model.inline:
            node.op_type = op
            node.attribute.extend(stored)
        else:
            node.op_type = f"REF::{op}:{serial}"
            self.model.proto.primitives.add(name=f"{op}:{serial}", op_type=op).attribute.extend(stored)
        return name

    def call(self, target: str, *inputs: str) -> str:
        """A call of a function, or of a closure that a node gave."""
        name = f"{self.graph.name}:{self.model.fresh('CNode_{}')}"
        self.graph.node.add(name=name, input=inputs, output=[name], op_type=f"REF::{target}", domain="0")
        return name

    def output(self, reference: str) -> None:
        """What the graph returns."""
        self.graph.output.add(name=reference)


class ModelBuilder(GraphBuilder):
    """A model and its main graph. inline: the encoding of 1.x, without a table of primitives."""

    def __init__(self, inline: bool = False) -> None:
        self.proto = ModelProto(ir_version="1.1", producer_name="MindSpore", little_endian=True)
        self.inline = inline
        self._serial = 0
        super().__init__(self, self.proto.graph, "7_✓_Net_construct_3")

    def fresh(self, pattern: str) -> str:
        """A name that no other call has given."""
        self._serial += 1
        return pattern.format(self._serial)

    def function(self, name: str) -> GraphBuilder:
        """Another graph of the model."""
        return GraphBuilder(self, self.proto.functions.add(), name)

    def bytes(self) -> bytes:
        """The file."""
        return self.proto.SerializeToString()
