"""Which functions of a model use which, which of them may call themselves, and which are never called."""
from __future__ import annotations

from collections.abc import Iterable, Sequence, Set

from converter.mindir.mind_ir_pb2 import GraphProto
from converter.mindir.nodes import target
from converter.mindir.operands import Closure, Function, Operand


class CallGraph:
    """Which functions use which others. A function uses those that it calls and those that it passes on as values."""

    def __init__(self, main: GraphProto, functions: Sequence[GraphProto]) -> None:
        self._main = main.name
        self._functions = {body.name for body in functions}
        bodies = (main, *functions) if functions else ()
        self._uses = {
            body.name: self._functions & {name for node in body.node for name in (*node.input, target(node))}
            for body in bodies
        }

    def recursive(self) -> frozenset[str]:
        """The functions that may call themselves, directly or through others."""
        return frozenset(name for name in self._functions if name in self._closure(self._uses[name]))

    def only_used_by(self, functions: Set[str]) -> set[str]:
        """These functions and those that nothing else of the network uses, directly or through others."""
        if not functions:
            return set()
        return self._closure(functions) - self._closure({self._main}, without=functions)

    def _closure(self, names: Iterable[str], without: Set[str] = frozenset()) -> set[str]:
        """These names and all that they use, directly or through others, but for `without` and what only that uses."""
        found, waiting = set(names), list(names)
        while waiting:
            new = self._uses[waiting.pop()] - found - without
            found |= new
            waiting.extend(new)
        return found


class Branches:
    """Which branches are left out, because their condition is a constant. What only they use need not be supported."""

    def __init__(self) -> None:
        self._untaken: set[str] = set()
        self._taken: set[str] = set()  # at some place; another may leave them out

    def take(self, function: str) -> None:
        """Note that a function is read."""
        self._taken.add(function)

    def choose(self, chosen: Closure, options: Iterable[Operand]) -> None:
        """Note that a known condition has chosen one of these."""
        self.take(chosen.function.body.name)
        for option in options:
            if isinstance(option, Function | Closure):
                function = option.function if isinstance(option, Closure) else option
                self._untaken.add(function.body.name)

    def untaken(self) -> set[str]:
        """The functions that are left out wherever they could be chosen."""
        return self._untaken - self._taken
