"""Primitives of Python values: what networks ask of shapes before they compute, and what they raise where it is wrong.

They are answered while the graph is read, so that a branch that is not taken is never looked at. What hangs on
dimensions that are open is refused, except where any number for them gives the same answer.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence

from converter.errors import ParseError
from converter.ir.graph import Value
from converter.mindir.lowering import Unsupported
from converter.mindir.operands import Missing, Operand, describe, flatten

_COMPUTED = "asks for what is known only when the network runs"


def _guard(count: int | None, answer: Callable[..., Operand]) -> Callable[[Sequence[Operand]], Operand]:
    """A row of the table: takes `count` inputs, or any number; what cannot be read cannot be answered either."""

    def lower(inputs: Sequence[Operand]) -> Operand:
        if count is not None and len(inputs) != count:
            raise ParseError(f"has {len(inputs)} inputs; expected {count}")
        missing = tuple(leaf for leaf in flatten(tuple(inputs)) if isinstance(leaf, Missing))
        return Missing(sources=missing) if missing else answer(*inputs)

    return lower


def _equal(a: Operand, b: Operand) -> bool | None:
    """Whether they are equal as Python has it; None where that is not known yet."""
    if isinstance(a, tuple) and isinstance(b, tuple):
        if len(a) != len(b):
            return False
        answers = list(map(_equal, a, b))
        return False if False in answers else None if None in answers else True
    for value, other in ((a, b), (b, a)):
        if isinstance(value, Value):
            never = isinstance(other, int) and other < 0 and _is_dimension(value)
            return False if never else True if value is other else None
    for operand in (a, b):
        if not isinstance(operand, bool | int | float | str | tuple | None):
            raise Unsupported(f"compares {describe(operand)}: compare numbers, strings and tuples of them")
    return a == b


def _is_dimension(value: Value) -> bool:
    """Whether that is a dimension as Shape gives it, which is never negative."""
    gather = value.producer
    shape = gather.inputs[0].producer if gather is not None and gather.op == "Gather" else None
    return shape is not None and shape.op == "Shape"


def _answered(answer: bool | None) -> bool:
    if answer is None:
        raise Unsupported(_COMPUTED)
    return answer


def _tuple_equal(a: Operand, b: Operand) -> Operand:
    return _answered(_equal(a, b))


def _in(element: Operand, items: Operand) -> Operand:
    if not isinstance(items, tuple):
        raise ParseError(f"looks for {describe(element)} in {describe(items)}; expected a tuple")
    answers = [_equal(element, item) for item in items]
    return _answered(True if True in answers else None if None in answers else False)


def _is(a: Operand, b: Operand) -> Operand:
    if a is None or b is None:
        return a is b
    return _answered(_equal(a, b)) and type(a) is type(b)


def _joined(*parts: Operand) -> Operand:
    return "".join("?" if isinstance(part, Value) else str(part) for part in parts)


def _raise(*inputs: Operand) -> Operand:
    kind, message, *_ = (*(operand for operand in inputs if isinstance(operand, str)), "an error", "no message")
    raise Unsupported(f"raises {kind} here ({message}): leave out the check, or give it inputs that pass it")


GUARDS: dict[str, Callable[[Sequence[Operand]], Operand]] = {
    "InSequence": _guard(2, _in),
    "is_": _guard(2, _is),
    "JoinedStr": _guard(None, _joined),
    "raise": _guard(None, _raise),
    "tuple_equal": _guard(2, _tuple_equal),
}
