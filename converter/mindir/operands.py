"""What a name in a MindIR graph can stand for once it is resolved.

Only tensors reach the IR. Tuples, monads and functions exist while the graph is read: they say how tensors are grouped,
in which order effects happen, and what is called.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from converter.ir.graph import Value
from converter.mindir.mind_ir_pb2 import GraphProto
from lite.errors import UnsupportedOp


@dataclass(frozen=True, slots=True, eq=False)
class Monad:
    """The token that orders side effects, a point in time: what parameters hold then.

    held: the number of the last write and what it wrote, of those parameters that were written to.
    """

    held: Mapping[str, tuple[int, Value | Missing]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reference:
    """A parameter by name, where the network may write to it. at: when it is read, where that is known already."""

    name: str
    at: Monad | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """A graph of the model used as a value, for example a branch handed to Switch."""

    body: GraphProto


@dataclass(frozen=True, slots=True, eq=False)
class Closure:
    """A function and its first arguments."""

    function: Function
    arguments: tuple[Operand, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """One of several closures, chosen while the network runs: the first of two where the selector is not zero.

    numbered: the selector is the number of the closure.
    """

    selector: Value
    options: tuple[Closure, ...]
    numbered: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Missing:
    """A result that does not exist. reason: what to say where it is used; empty once its operator is reported.

    cause: its operator, where that is not supported. sources: what does not exist either and was to be computed from.
    """

    reason: str = ""
    cause: UnsupportedOp | None = None
    sources: tuple[Missing, ...] = ()


@dataclass(frozen=True, slots=True)
class Opaque:
    """A constant of a kind that no operator here reads, such as a key type or a sparse tensor."""

    kind: str


Operand: TypeAlias = (
    "Value | Monad | Reference | Function | Closure | Choice | Missing | Opaque"
    " | bool | int | float | str | tuple[Operand, ...] | None"
)


def flatten(operand: Operand) -> Iterator[Operand]:
    """The leaves of nested tuples, depth-first, in order."""
    stack = [operand]
    while stack:
        top = stack.pop()
        if isinstance(top, tuple):
            stack.extend(reversed(top))
        else:
            yield top


def causes(missing: Iterable[Missing]) -> Iterator[UnsupportedOp]:
    """The unsupported operators, each once, that these results would need."""
    stack, seen = list(missing), set[Missing]()
    while stack:
        top = stack.pop()
        if top not in seen:
            seen.add(top)
            stack.extend(top.sources)
            if top.cause is not None:
                yield top.cause


def describe(operand: Operand) -> str:
    """What an operand is, for messages: "float32[2,3]", "the tuple (1, 2)", "a function"."""
    if isinstance(operand, Value):
        return f"a tensor {operand.spec.like()}"
    if isinstance(operand, Monad | Function | Closure | Choice):
        return "a monad" if isinstance(operand, Monad) else "a function"
    if isinstance(operand, Reference):
        return f"the parameter {operand.name.rpartition(':')[2]}"
    if isinstance(operand, Opaque):
        return f"a constant of kind {operand.kind}"
    if isinstance(operand, tuple):
        return f"a tuple of {len(operand)}"
    return f"{type(operand).__name__} {operand!r}"
