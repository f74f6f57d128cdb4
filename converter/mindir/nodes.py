"""What the nodes of a MindIR apply, a primitive with its attributes or a function, and where that is in the network."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from converter.mindir.constants import ConstantReader
from converter.mindir.mind_ir_pb2 import AttributeProto, NodeProto, PrimitiveProto
from converter.mindir.operands import Operand

_REFERENCE = "REF::"  # the mark of a name that is a primitive's or a function's


def target(node: NodeProto) -> str:
    """Name of the primitive or function that a node refers to."""
    return node.op_type.removeprefix(_REFERENCE)


def where(node: NodeProto) -> str:
    """Scope path of a node, as users know it from their cells' names."""
    return node.domain or node.name.rpartition(":")[0] or node.name


class Primitives:
    """The primitives of one model: nodes refer to these by name. Older files have them in the nodes themselves."""

    def __init__(self, primitives: Iterable[PrimitiveProto], constants: ConstantReader) -> None:
        self._primitives = {primitive.name: primitive for primitive in primitives}
        self._constants = constants

    def name(self, node: NodeProto) -> str | None:
        """Name of the primitive that a node applies, such as `Conv2D`; None for a constant or a call."""
        if node.op_type == "Constant":
            return None
        if not node.op_type.startswith(_REFERENCE):
            return node.op_type
        primitive = self._primitives.get(target(node))
        return None if primitive is None else primitive.op_type

    def attributes(self, node: NodeProto) -> Mapping[str, Operand]:
        """The attributes of the primitive that a node applies, by name."""
        primitive = self._primitives.get(target(node))
        return _Attributes(node.attribute if primitive is None else primitive.attribute, self._constants)


class _Attributes(Mapping[str, Operand]):
    """Attributes by name, decoded when they are asked for: most of them nobody reads."""

    def __init__(self, attributes: Sequence[AttributeProto], constants: ConstantReader) -> None:
        self._attributes = {attribute.name: attribute for attribute in attributes}
        self._constants = constants

    def __getitem__(self, name: str) -> Operand:
        return self._constants.attribute(self._attributes[name])

    def __contains__(self, name: object) -> bool:
        return name in self._attributes

    def __iter__(self) -> Iterator[str]:
        return iter(self._attributes)

    def __len__(self) -> int:
        return len(self._attributes)
