"""The names that are defined while one graph of a MindIR is read, and what they stand for."""
from __future__ import annotations

from dataclasses import dataclass, field

from converter.mindir.operands import Monad, Operand
from converter.mindir.states import BEGINNING


@dataclass(slots=True)
class Scope:
    """Names defined while one graph is read; a function also sees the names of its callers."""

    parent: Scope | None = None
    values: dict[str, Operand] = field(default_factory=dict)
    times: dict[str, Monad] = field(default_factory=dict)  # of results that need effects: when these have happened
    depth: int = 0

    def find(self, name: str) -> Operand:
        """What `name` stands for. Raises KeyError where it is not defined."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.values:
                return scope.values[name]
            scope = scope.parent
        raise KeyError(name)

    def time(self, name: str) -> Monad:
        """When the effects that `name` needs have happened."""
        scope: Scope | None = self
        while scope is not None:
            value = scope.values.get(name)
            if value is not None:
                return value if isinstance(value, Monad) else scope.times.get(name, BEGINNING)
            scope = scope.parent
        return BEGINNING
