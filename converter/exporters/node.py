"""One node of the graph, as a row of either format's table sees it."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, Protocol, TypeVar

from converter.exporters.layout import ChannelsFirst
from converter.exporters.refusals import Unsupported
from converter.ir.graph import Node, Value
from lite.ops.registry import Attributes
from lite.types import DType, TensorSpec


class Naming(Protocol):
    """A file that grows node by node."""

    def name(self, value: Value) -> str:
        """The name of a value; a constant is written on its first use."""


BuilderT = TypeVar("BuilderT", bound=Naming)
RowT = TypeVar("RowT")


class NodeView(Generic[BuilderT]):
    """attrs: the node's attributes. inputs, outputs: the specs."""

    def __init__(self, builder: BuilderT, node: Node, attrs: Any) -> None:
        self.attrs = attrs
        self.inputs = [value.spec for value in node.inputs]
        self.outputs = [value.spec for value in node.outputs]
        self._builder = builder
        self._node = node

    @property
    def out(self) -> TensorSpec:
        """The spec of the first output."""
        return self.outputs[0]

    @property
    def names(self) -> list[str]:
        """Names of all inputs."""
        return self.some(0)

    def some(self, first: int, end: int | None = None) -> list[str]:
        """Names of the inputs from `first` on, before `end`: a constant among the others is not written."""
        return [self._builder.name(value) for value in self._node.inputs[first:end]]

    def x(self, index: int = 0) -> str:
        """Name of an input; "" where there is none."""
        return self._builder.name(self._node.inputs[index]) if index < len(self._node.inputs) else ""

    def known(self, index: int, what: str) -> tuple[int, ...]:
        """The integers of an input that is known. Raises Unsupported where it is computed."""
        value = self.inputs[index].value
        if value is None:
            raise Unsupported(f"its {what} is computed while the network runs")
        return tuple(int(v) for v in value.reshape(-1))


def row_of(
    node: Node, rows: Mapping[str, RowT], images: Mapping[str, RowT], missing: str
) -> tuple[Attributes, RowT]:
    """The attributes that a row is given, and the row, which images has for operators with their channels first.

    Raises Unsupported, which says `missing`, where there is none.
    """
    attrs, table = node.attrs, rows
    if isinstance(attrs, ChannelsFirst):
        attrs, table = attrs.inner, images
    if attrs.op not in table:
        raise Unsupported(missing)
    return attrs, table[attrs.op]


def data_types(numbers: Any) -> dict[DType, int]:
    """The number of each element type. numbers: the enumeration of a format's tensors."""
    names = {dtype: dtype.name for dtype in DType if dtype is not DType.STRING}
    names |= {DType.FLOAT32: "FLOAT", DType.FLOAT64: "DOUBLE"}
    return {dtype: int(numbers.Value(name)) for dtype, name in names.items()}
