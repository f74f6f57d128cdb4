"""What the layout pass knows of values, and what its rules work with."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from converter.ir.graph import Node, Value
from converter.passes._layout import Permutation, identity
from lite.ops.registry import Attributes


class View(NamedTuple):
    """A value known as transpose(base, perm)."""

    base: Value
    perm: Permutation

    @property
    def is_plain(self) -> bool:
        """True where the value is the base itself."""
        return self.perm == identity(len(self.perm))


class Bench(Protocol):
    """What a rule works with; see sink_transposes.Walk."""

    def view(self, value: Value) -> View:
        """What the value is known as; a plain view of itself where nothing else is known."""
        ...

    def aligned(self, value: Value, perm: Permutation) -> Value:
        """The tensor whose transpose by `perm` is the value: its base where that is so, else made for the purpose."""
        ...

    def cost(self, value: Value, perm: Permutation) -> int:
        """Elements that `aligned` has to move."""
        ...

    def add(self, like: Node, attrs: Attributes, inputs: Sequence[Value]) -> list[Value]:
        """Outputs of a new node that takes another's place in the graph."""
        ...


# A rule is shown a node one of whose inputs is a view. It adds nodes that compute on bases and returns a view for each
# output, or None, having added nothing, where the operator needs its operands as they are.
Rule = Callable[[Bench, Node], "list[View] | None"]


def views(outputs: Sequence[Value], perm: Permutation) -> list[View]:
    """The same view of each output."""
    return [View(output, perm) for output in outputs]
