"""Parameters that the network changes while it runs, and when.

MindIR names a parameter that is written to as a reference, and orders what is done to it by monads: `Load(p, u)` is p
as it is at u, `Assign(p, x, u)` changes it after u, and `UpdateState(u, y, ...)` is the time when y and the others are
computed too. Here a monad carries what parameters hold at its time, so the order of effects is the order of monads,
whatever order the nodes are in, and nothing but values is left once the graph is read.

Every result has a time, when all effects that it needs have happened; that of the model's output is the end of a run.
What a parameter holds then is what it holds when the next run begins: a state of the graph (see converter.ir.graph).

A function that is not inlined takes the states that it uses as inputs and gives those that it writes as further
results. Which these are turns out while it is read; then the model is read anew, knowing them.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from converter.ir.graph import Value
from converter.mindir.operands import Missing, Monad, Operand, Reference
from lite.types import TensorSpec

BEGINNING = Monad()


@dataclass(slots=True)
class Effects:
    """What is known of the parameters' uses, from one reading of a model to the next. Functions are named.

    written: by any node. reads, writes: of each function that is not inlined, with what it calls.
    """

    written: set[str] = field(default_factory=set)
    reads: dict[str, set[str]] = field(default_factory=dict)
    writes: dict[str, set[str]] = field(default_factory=dict)

    def size(self) -> int:
        """Grows with what is known."""
        return len(self.written) + sum(map(len, (*self.reads.values(), *self.writes.values())))


class States:
    """Reads and writes of parameters in one reading of a model. They are named as the model's graphs name them."""

    def __init__(self, effects: Effects, parameter: Callable[[str], Value]) -> None:
        """parameter: one as it was exported, for the graph that is read."""
        self.initial: dict[str, Value] = {}  # what the states hold when the graph that is read begins
        self._effects = effects
        self._known = effects.size()
        self._parameter = parameter
        self._count = 0
        self._functions: list[str] = []  # that are being read, the innermost last

    def incomplete(self) -> bool:
        """Whether more is known by now than when the reading began: then what was read may be wrong."""
        return self._effects.size() != self._known

    def is_written(self, name: str) -> bool:
        """Whether a parameter is a state."""
        return name in self._effects.written

    def spec(self, name: str) -> TensorSpec:
        """Type and shape of a parameter."""
        return self._parameter(name).spec.like()

    def read(self, operand: Operand, time: Monad) -> Operand:
        """An operand with what parameters hold at that time in the place of references to them."""
        if isinstance(operand, tuple):
            return tuple(self.read(item, time) for item in operand)
        if not isinstance(operand, Reference):
            return operand
        name = operand.name
        for function in self._functions:
            self._effects.reads.setdefault(function, set()).add(name)
        held = time.held if operand.at is None else latest((time, operand.at)).held
        if name in held:
            return held[name][1]
        return self.initial[name] if name in self.initial else self._parameter(name)

    def write(self, name: str, value: Value | Missing, time: Monad) -> Monad:
        """The time after the parameter was given this value."""
        self._effects.written.add(name)
        for function in self._functions:
            self._effects.writes.setdefault(function, set()).add(name)
        self._count += 1
        return Monad({**time.held, name: (self._count, value)})

    def takes(self, function: str) -> tuple[str, ...]:
        """The states that a function takes, as far as that is known."""
        used = self._effects.reads.get(function, set()) | self._effects.writes.get(function, set())
        return tuple(sorted(used & self._effects.written))

    def gives(self, function: str) -> tuple[str, ...]:
        """The states that a function gives, as far as that is known."""
        return tuple(sorted(self._effects.writes.get(function, set())))

    def share(self, functions: Sequence[str]) -> None:
        """Note that one of these is called: each gives what any of them writes."""
        writes = [self._effects.writes.setdefault(function, set()) for function in functions]
        together = set[str]().union(*writes)
        for names in writes:
            names.update(together)

    @contextmanager
    def inside(self, function: str, initial: Mapping[str, Value]) -> Iterator[None]:
        """While the function's graph is read, which takes these states."""
        outer, self.initial = self.initial, dict(initial)
        self._functions.append(function)
        try:
            yield
        finally:
            self.initial = outer
            self._functions.pop()


def latest(times: Iterable[Monad]) -> Monad:
    """The time when all of these have come."""
    held = BEGINNING.held
    for time in times:
        if time.held is held or not time.held:
            continue
        if not held:
            held = time.held
            continue
        newer = {name: now for name, now in time.held.items() if name not in held or held[name][0] < now[0]}
        held = {**held, **newer} if newer else held
    return Monad(held)


def at(operand: Operand, time: Monad) -> Operand:
    """An operand as Depend gives it: its references are read at that time."""
    if isinstance(operand, tuple):
        return tuple(at(item, time) for item in operand)
    return Reference(operand.name, time) if isinstance(operand, Reference) else operand
