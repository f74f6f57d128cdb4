"""What a network takes and returns, as inputs and outputs of the graph, and what these are called.

An input is called as the argument of construct (`x`; items of a tuple argument `x.0`, `x.1`), a parameter or state by
its key (`conv1.weight`). An output is called by the scope path of the operator that computes it
(`Default/fc3-Dense/BiasAdd-op0`, `:1` appended for its second result): the ids in node names differ from export to
export, scope paths do not. An input or parameter that is returned as it is keeps its name, a constant is called
`constant`. Returned tuples are flattened depth-first. Where two outputs would share a name, the later ones get `_1`,
`_2`.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from converter.errors import ParseError
from converter.ir.graph import Graph, Value
from converter.ir.interface import check_names, fix_shape
from converter.mindir.constants import CONSTANT_NAME, tensor_dtype
from converter.mindir.lowering import SCALAR_DTYPES
from converter.mindir.mind_ir_pb2 import AttributeProto, TensorProto, ValueInfoProto
from converter.mindir.operands import Missing, Monad, Operand, describe
from converter.mindir.refusals import Refusals
from lite.types import TensorSpec


class Signature:
    """Inputs and outputs of the graph that a network becomes."""

    def __init__(self, model_name: str, graph: Graph, input_shapes: Mapping[str, Sequence[int]]) -> None:
        """model_name: for messages. input_shapes: as for read_mindir."""
        self.inputs: list[TensorSpec] = []  # those that users know of, without states
        self._model_name = model_name
        self._graph = graph
        self._input_shapes = input_shapes

    def take(self, arguments: Iterable[ValueInfoProto], owner: str) -> dict[str, Operand]:
        """What the arguments of the network stand for, by name.

        owner: name of the graph that has them, with which their names begin. Raises ParseError for arguments that
        are no tensors, and OptionError for input_shapes that do not fit them.
        """
        taken = {info.name: self._argument(info, info.name.removeprefix(f"{owner}:")) for info in arguments}
        names = [value.name for value in self._graph.inputs]
        if len(set(names)) != len(names):
            raise ParseError(f"{self._model_name}: two inputs have the same name: {names}")
        check_names("input_shapes", self._input_shapes, names)
        return taken

    def _argument(self, info: ValueInfoProto, name: str) -> Operand:
        if info.HasField("attr_info"):
            return self._items(name, info.attr_info)
        if len(info.tensor) != 1:
            raise ParseError(f"{self._model_name}: input {name!r} has no tensor type")
        return self._tensor(name, info.tensor[0])

    def _items(self, name: str, kind: AttributeProto) -> Operand:
        """An argument that is a tuple, item by item."""
        if kind.type in (AttributeProto.TUPLE, AttributeProto.LIST):
            return tuple(self._items(f"{name}.{i}", item) for i, item in enumerate(kind.values))
        if kind.type in (AttributeProto.UMONAD, AttributeProto.IOMONAD):
            return Monad()
        if kind.type == AttributeProto.TENSORS and len(kind.tensors) == 1:
            return self._tensor(name, kind.tensors[0])
        kind_name = AttributeProto.AttributeType.Name(kind.type)
        raise ParseError(f"{self._model_name}: input {name!r} is of kind {kind_name}; expected tensors or tuples")

    def _tensor(self, name: str, tensor: TensorProto) -> Value:
        shape = tuple(tensor.dims)
        if any(d < -1 for d in shape):
            raise ParseError(f"{self._model_name}: input {name!r} has an unknown rank; export it with a shape")
        spec = fix_shape(TensorSpec(tensor_dtype(tensor), shape, name), self._input_shapes)
        self.inputs.append(spec)
        return self._graph.add_input(spec)

    def add_state(self, initial: Value) -> Value:
        """The hidden input of a state, which holds what the parameter `initial` does before the first run."""
        assert initial.data is not None, "parameters are constants"
        label = _unique(initial.name, {value.name for value in self._graph.inputs})
        self._graph.states.append(initial.data)
        return self._graph.add_input(initial.spec.like().named(label))

    def give(self, results: Sequence[Operand], states: Sequence[Operand], refusals: Refusals) -> None:
        """Make these the graph's outputs, without those that are missing. states: what they hold after a run."""
        if not results:
            raise ParseError(f"{self._model_name}: the network returns nothing")
        taken = {value.name for value in self._graph.inputs}
        values: list[Value] = []
        for index, result in enumerate((*results, *states)):
            if isinstance(result, Missing):
                if result.reason:
                    refusals.output(index, result.reason)
                continue
            value = self._output(result, index)
            if value not in values and value not in self._graph.inputs:
                value.spec = value.spec.named(_unique(value.name, taken))
                taken.add(value.name)
            values.append(value)
        self._graph.outputs = values

    def _output(self, result: Operand, index: int) -> Value:
        if isinstance(result, bool | int | float):  # a Python number, such as a shape that construct returns
            return Value.constant(np.array(result, SCALAR_DTYPES[type(result)].dtype), CONSTANT_NAME)
        if not isinstance(result, Value):
            raise ParseError(f"{self._model_name}: output {index} is {describe(result)}; expected tensors")
        return result


def _unique(name: str, taken: set[str]) -> str:
    candidate, suffix = name, 0
    while candidate in taken:
        suffix += 1
        candidate = f"{name}_{suffix}"
    return candidate
