"""Primitives that only arrange values: tuples, the order of side effects, references to parameters, what to call.

With those of converter.mindir.guards they are the ones that no operator of the graph comes from.

Here they have the meaning that holds where no parameter is written to: a Load gives its parameter, a Depend its first
input. converter.mindir.states has what they mean for parameters that a network changes.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence

from converter.errors import ParseError
from converter.ir.graph import Value
from converter.mindir.guards import GUARDS
from converter.mindir.operands import Choice, Closure, Function, Missing, Monad, Operand, describe


def _first(inputs: Sequence[Operand]) -> Operand:
    if not inputs:
        raise ParseError("has no inputs; expected the value it stands for")
    return inputs[0]


def _item(inputs: Sequence[Operand]) -> Operand:
    if len(inputs) != 2:
        raise ParseError(f"has {len(inputs)} inputs; expected a tuple and an index")
    items, index = inputs
    if isinstance(items, Missing):
        return items
    if not isinstance(items, tuple) or not isinstance(index, int):
        raise ParseError(f"expected a tuple and a constant index, not {describe(items)} and {describe(index)}")
    if not -len(items) <= index < len(items):
        raise ParseError(f"takes item {index} of a tuple of {len(items)}")
    return items[index]


def _tuple(inputs: Sequence[Operand]) -> Operand:
    return tuple(inputs)


def _monad(inputs: Sequence[Operand]) -> Operand:
    return Monad()


def _partial(inputs: Sequence[Operand]) -> Operand:
    function = _first(inputs)
    return function if isinstance(function, Missing) else _bound(function, inputs[1:])


def _bound(function: Operand, arguments: Sequence[Operand]) -> Closure:
    """A function with more of its arguments."""
    if isinstance(function, Function):
        return Closure(function, tuple(arguments))
    if isinstance(function, Closure):
        return Closure(function.function, (*function.arguments, *arguments))
    raise ParseError(f"expected a function, not {describe(function)}")


def _switch(inputs: Sequence[Operand]) -> Operand:
    if len(inputs) != 3:
        raise ParseError(f"has {len(inputs)} inputs; expected a condition and two functions")
    return _choose(inputs[0], inputs[1:], numbered=False)


def _switch_layer(inputs: Sequence[Operand]) -> Operand:
    if len(inputs) != 2 or not isinstance(inputs[1], tuple):
        raise ParseError("expected a number and a tuple of functions")
    return _choose(inputs[0], inputs[1], numbered=True)


def _choose(selector: Operand, functions: Sequence[Operand], *, numbered: bool) -> Operand:
    missing = [operand for operand in (selector, *functions) if isinstance(operand, Missing)]
    if missing:
        return Missing(sources=tuple(missing))
    options = tuple(_bound(function, ()) for function in functions)
    known = selector
    if isinstance(selector, Value):
        if selector.data is None:
            return Choice(selector, options, numbered)
        known = selector.data.item() if selector.data.size == 1 else selector
    if not isinstance(known, bool | int | float):
        raise ParseError(f"chooses by {describe(selector)}; expected one number")
    chosen = int(known) if numbered else 0 if known else 1
    if not -len(options) <= chosen < len(options):
        raise ParseError(f"chooses function {chosen} of {len(options)}")
    return options[chosen]


STRUCTURE: dict[str, Callable[[Sequence[Operand]], Operand]] = {
    "Load": _first,
    "Depend": _first,
    "UpdateState": _monad,
    "MakeTuple": _tuple,
    "make_list": _tuple,
    "TupleGetItem": _item,
    "list_getitem": _item,
    "Partial": _partial,
    "Switch": _switch,
    "switch_layer": _switch_layer,
    **GUARDS,
}
