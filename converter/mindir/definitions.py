"""Parameters and constants of all graphs of a model: they belong to the whole of it, a function may use another's."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from converter.checkpoint.apply import fit
from converter.errors import ParseError
from converter.ir.graph import Value
from converter.mindir.constants import ConstantReader, tensor_dtype
from converter.mindir.mind_ir_pb2 import AttributeProto, GraphProto, TensorProto
from converter.mindir.operands import Operand
from lite.types import Array, TensorSpec


class Definitions:
    """Parameters and constants by name, decoded when they are asked for.

    weights: a checkpoint's tensors by name, in place of all parameters. Raises OptionError where they do not fit, and
    ParseError for a constant without a value.
    """

    def __init__(
        self,
        model_name: str,
        graphs: Iterable[GraphProto],
        constants: ConstantReader,
        weights: Mapping[str, Array] | None,
    ) -> None:
        self._constants = constants
        self._found: dict[str, AttributeProto | TensorProto] = {}
        for body in graphs:
            for tensor in body.parameter:
                self._found[tensor.name] = tensor
            for node in body.node:
                if node.op_type == "Constant":
                    if len(node.output) != 1 or not node.attribute:
                        raise ParseError(f"{model_name}: constant {node.name!r} has no value or no name")
                    self._found[node.output[0]] = node.attribute[0]
        self._weights = None if weights is None else fit(weights, self._specs(), "the checkpoint")

    def __contains__(self, name: str) -> bool:
        return name in self._found

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def is_parameter(self, name: str) -> bool:
        """Whether that is a parameter, not a constant."""
        return isinstance(self._found[name], TensorProto)

    def constant(self, name: str) -> Operand:
        """The value of a constant."""
        definition = self._found[name]
        assert isinstance(definition, AttributeProto), "parameters are asked for as such"
        return self._constants.attribute(definition)

    def parameter(self, name: str) -> Value:
        """A parameter as it was exported, or as the checkpoint has it."""
        definition = self._found[name]
        assert isinstance(definition, TensorProto), "references are to parameters"
        key = _key(definition)
        return Value.constant(self._weights[key] if self._weights else self._constants.tensor(definition), key)

    def _specs(self) -> dict[str, TensorSpec]:
        parameters = (found for found in self._found.values() if isinstance(found, TensorProto))
        return {_key(p): TensorSpec(tensor_dtype(p), tuple(p.dims)) for p in parameters}


def _key(parameter: TensorProto) -> str:
    """What a parameter is called in the network's cells, and in checkpoints."""
    return parameter.ref_key or parameter.name.rpartition(":")[2]
